import LarderRedisClient
import LarderTesting
import Synchronization
import Testing

/// What becomes of 200 tasks that read and write while slots move and primaries change.
@Suite(.serialized, .timeLimit(.minutes(5))) struct ClusterTroubleTests {
    static let slack = Duration.seconds(1)

    static func configuration(_ cluster: RedisClusterDeployment, timeout: Duration) -> RedisConfiguration {
        var configuration = cluster.configuration()
        configuration.commandTimeout = timeout
        configuration.connectTimeout = .seconds(1)
        return configuration
    }

    static func check(_ tally: Load.Tally, timeout: Duration) {
        #expect(tally.wrong == 0)
        #expect(tally.replies >= Load.taskCount)
        #expect(tally.slowest < timeout + Self.slack + tally.lateness, "the machine was \(tally.lateness) late")
        #expect(tally.otherErrors == [])
    }

    @Test func nobodyNoticesThatSlotsMove() async throws {
        try await withRedisCluster(primaries: 3, replicas: 0) { cluster in
            let timeout = Duration.seconds(10)
            try await withClient(Self.configuration(cluster, timeout: timeout)) { client in
                let tally = try await Load.run(client) {
                    let added = try await cluster.addShard()
                    try await cluster.moveSlots(0...3999, to: added)
                    try await cluster.moveSlots(12_000...16_383, to: 0)
                    // A primary that loses all that it had.
                    try await cluster.moveSlots(0...16_383, to: 1)
                }
                Self.check(tally, timeout: timeout)
                #expect(tally.errors == [:])
                #expect(client.routeChanges > 3)
            }
        }
    }

    @Test func scanFindsKeysThatMoveToAServerThatItHasDone() async throws {
        try await withRedisCluster(primaries: 3, replicas: 0) { cluster in
            try await withClient(cluster.configuration()) { client in
                let keys = Set((0..<300).map { "key:\($0)" })
                for key in keys { try await client.set(key, "1") }
                var found: Set<String> = []
                var pages = 0
                // All keys of a server are one page.
                for try await page in client.scan(count: 10_000).pages {
                    found.formUnion(page)
                    pages += 1
                    guard pages == 1, let key = page.first else { continue }
                    let done = try await cluster.shard(owning: RedisKeySlot.slot(of: key))
                    let slots = [0...5460, 5461...10_922, 10_923...16_383]
                    for (shard, range) in slots.enumerated() where shard != done {
                        try await cluster.moveSlots(range, to: done)
                    }
                }
                #expect(found == keys)
                let count = try await client.dbSize()
                #expect(count == 300)
            }
        }
    }

    @Test func scanFindsKeysOfASlotThatIsStillOnItsWayWhenItEnds() async throws {
        try await withRedisCluster(primaries: 3, replicas: 0) { cluster in
            try await withClient(cluster.configuration()) { client in
                let keys = Set((0..<300).map { "key:\($0)" })
                for key in keys { try await client.set(key, "1") }
                var found: Set<String> = []
                var pages = 0
                var moves: [RedisSlotMove] = []
                // All keys of a server are one page.
                for try await page in client.scan(count: 10_000).pages {
                    found.formUnion(page)
                    pages += 1
                    guard pages == 1, let key = page.first else { continue }
                    let done = try await cluster.shard(owning: RedisKeySlot.slot(of: key))
                    // One key of each of the others goes to the server that has been scanned, and its slot does not follow.
                    for shard in 0..<3 where shard != done {
                        for key in keys.sorted() {
                            let slot = RedisKeySlot.slot(of: key)
                            guard try await cluster.shard(owning: slot) == shard else { continue }
                            let move = try await cluster.beginMove(of: slot, to: done)
                            try await cluster.moveKeys(keys.filter { RedisKeySlot.slot(of: $0) == slot }, of: move)
                            moves.append(move)
                            break
                        }
                    }
                }
                #expect(moves.count == 2)
                #expect(found == keys)
                // Begun in that state, a scan finds them all as well.
                var again: Set<String> = []
                for try await key in client.scan(count: 10_000) { again.insert(key) }
                #expect(again == keys)
                for move in moves { try await cluster.endMove(move) }
            }
        }
    }

    @Test func scanFindsKeysOnTheirWayToAServerThatHasNoSlotsYet() async throws {
        try await withRedisCluster(primaries: 2, replicas: 0) { cluster in
            try await withClient(cluster.configuration()) { client in
                let keys = Set((0..<100).map { "key:\($0)" })
                for key in keys { try await client.set(key, "1") }
                let newcomer = try await cluster.addShard()
                let slot = RedisKeySlot.slot(of: "key:7")
                let move = try await cluster.beginMove(of: slot, to: newcomer)
                try await cluster.moveKeys(["key:7"], of: move)
                var found: Set<String> = []
                for try await key in client.scan(count: 20) { found.insert(key) }
                #expect(found == keys)
                try await cluster.endMove(move)
            }
        }
    }

    @Test func scanEndsAndFindsAllWhileSlotsMoveAllTheTime() async throws {
        try await withRedisCluster(primaries: 3, replicas: 0) { cluster in
            try await withClient(cluster.configuration()) { client in
                let keys = Set((0..<300).map { "key:\($0)" })
                for key in keys { try await client.set(key, "1") }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    let isOver = Atomic(false)
                    group.addTask {
                        defer { isOver.store(true, ordering: .releasing) }
                        // To a server that is scanned before, or after, the one that they come from.
                        for first in stride(from: 5461, to: 10_461, by: 100) {
                            try await cluster.moveSlots(first...first + 99, to: first < 8000 ? 0 : 2)
                        }
                    }
                    var scans = 0
                    while !isOver.load(ordering: .acquiring) {
                        var found: Set<String> = []
                        for try await key in client.scan(count: 20) { found.insert(key) }
                        #expect(found == keys)
                        scans += 1
                    }
                    // How many there are is a matter of the machine's; each was whole.
                    #expect(scans > 0)
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test func primaryThatWasAReplicaInBetweenIsAChangeAlsoForAClientThatWasIdle() async throws {
        try await withRedisCluster(primaries: 3, replicas: 1) { cluster in
            var configuration = cluster.configuration()
            configuration.healthCheckInterval = .milliseconds(500)
            configuration.commandTimeout = .seconds(10)
            try await withClient(configuration) { client in
                try await client.set("key", "value")
                let slot = RedisKeySlot.slot(of: "key")
                let shard = try await cluster.shard(owning: slot)
                let server = try await cluster.primary(of: shard)
                let (before, meetings) = (client.lastServerChange, client.serverMeetings)
                // Nobody uses the client meanwhile.
                repeat {
                    try await cluster.failover(shard)
                    try await cluster.awaitReady()
                } while try await cluster.primary(of: shard).port != server.port
                let address = "127.0.0.1:\(server.port)"
                let isClosed = try await eventually {
                    !client.describeTopology().nodes.contains { $0.address == address && $0.isConnected }
                }
                #expect(isClosed)
                try await client.set("key", "another")
                #expect(client.lastServerChange > before)
                #expect(client.serverMeetings > meetings)
            }
        }
    }

    @Test func nobodyNoticesAnOrderedFailover() async throws {
        try await withRedisCluster(primaries: 3, replicas: 1) { cluster in
            let timeout = Duration.seconds(10)
            try await withClient(Self.configuration(cluster, timeout: timeout)) { client in
                let tally = try await Load.run(client) {
                    let before = client.lastServerChange
                    for shard in [0, 1, 2, 0] {
                        try await cluster.failover(shard)
                        try await cluster.awaitReady()
                    }
                    #expect(try await eventually { client.lastServerChange > before })
                }
                Self.check(tally, timeout: timeout)
                #expect(tally.errors == [:])
                let promoted = try await cluster.primaries().count
                #expect(try await eventually { client.serverIdentities.count == promoted })
            }
        }
    }

    @Test func killedPrimaryIsReplacedAndFoundSoon() async throws {
        try await withRedisCluster(primaries: 3, replicas: 1) { cluster in
            let timeout = Duration.seconds(1)
            try await withClient(Self.configuration(cluster, timeout: timeout)) { client in
                let tally = try await Load.run(client) {
                    let before = client.lastServerChange
                    let killed = try await cluster.killPrimary(of: 1)
                    _ = try await cluster.awaitNewPrimary(of: 1, not: killed)
                    let elected = ContinuousClock.now
                    // A key of that shard: its slots are those in the middle.
                    let key = (0...).lazy.map { "key:\($0)" }.first {
                        (6000...10_000).contains(RedisKeySlot.slot(of: $0))
                    }
                    #expect(try await eventually { (try? await client.set(key ?? "", "1")) != nil })
                    #expect(elected.duration(to: .now) < .seconds(2))
                    #expect(client.lastServerChange > before)
                    try await cluster.restart(killed)
                    try await cluster.awaitReady()
                }
                Self.check(tally, timeout: timeout)
                let foreseen: Set<RedisError.Code> = [
                    .timedOut, .fateUnknown, .connectionFailed, .notSent, .server("CLUSTERDOWN"),
                ]
                #expect(Set(tally.errors.keys).isSubset(of: foreseen), "\(tally.errors)")
            }
        }
    }

    @Test func primaryThatHangsIsReplacedAndFoundSoon() async throws {
        try await withRedisCluster(primaries: 3, replicas: 1) { cluster in
            let timeout = Duration.seconds(1)
            try await withClient(Self.configuration(cluster, timeout: timeout)) { client in
                let tally = try await Load.run(client) {
                    let paused = try await cluster.pausePrimary(of: 2)
                    _ = try await cluster.awaitNewPrimary(of: 2, not: paused)
                    let key = (0...).lazy.map { "key:\($0)" }.first { (12_000...).contains(RedisKeySlot.slot(of: $0)) }
                    let elected = ContinuousClock.now
                    #expect(try await eventually { (try? await client.set(key ?? "", "1")) != nil })
                    #expect(elected.duration(to: .now) < .seconds(2))
                    paused.resume()
                    try await cluster.awaitReady()
                }
                Self.check(tally, timeout: timeout)
            }
        }
    }

    @Test func listenersMoveWhenTheirServerDies() async throws {
        try await withRedisCluster(primaries: 3, replicas: 1) { cluster in
            try await withClient(cluster.configuration()) { client in
                let ear = Ear()
                let subscription = try await client.listen(to: "news") { ear.hear($0) }
                var listener: Int?
                for shard in 0..<3 {
                    let server = try await cluster.primary(of: shard)
                    let count = try await server.command("PUBSUB", "NUMSUB", "news")
                    if count.hasSuffix(":1\r\n") { listener = shard }
                }
                let shard = try #require(listener)
                _ = try await cluster.killPrimary(of: shard)
                #expect(try await ear.hears("<resumed>"))
                let other = try await cluster.primary(of: (shard + 1) % 3)
                _ = try await other.command("PUBLISH", "news", "hello")
                #expect(try await ear.hears("hello"))
                _ = subscription
            }
        }
    }
}
