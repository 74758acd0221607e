import Larder
import LarderRedis
import LarderRedisClient
import LarderTesting
import Testing

@Suite(.serialized, .timeLimit(.minutes(5))) struct RedisStreamTests {
    private static let key = "@shop:stream:s"

    /// How many clients the server has, the one that asks left out.
    private static func connections(_ server: RedisServer) async throws -> Int {
        try await server.command("CLIENT", "LIST").split(separator: "\n").count { $0.contains("id=") } - 1
    }

    @Test func messagesOfOtherProgramsAreReadAndOursByThem() async throws {
        try await withRedis { redis in
            let stream = Collections(.redis(redis.client), namespace: "shop").stream("s", of: Int.self)
            try await stream.append(7)
            let entries = try await redis.server.command("XRANGE", Self.key, "-", "+")
            #expect(entries.hasSuffix("*2\r\n$7\r\nelement\r\n$1\r\n7\r\n"))
            try await redis.server.command("XADD", Self.key, "*", "trace", "abc", "element", "8", "more", "x")
            try await redis.server.command("XADD", Self.key, "*", "other", "9")
            let found = try await stream.range()
            let elements = found.map { try? $0.element }
            #expect(elements == [7, 8, nil])
            let group = try await stream.group("g").read(as: "c").map { try? $0.element }
            #expect(group == [7, 8, nil])
        }
    }

    @Test func hundredsWhoWaitTakeNoConnections() async throws {
        try await withRedis { redis in
            let collections = Collections(.redis(redis.client), namespace: "shop")
            let stream = collections.stream("s", of: Int.self)
            let group = stream.group("g")
            try await group.create()
            let before = try await Self.connections(redis.server)
            let (most, found) = try await withThrowingTaskGroup(of: Int?.self) { tasks in
                for index in 0..<300 {
                    tasks.addTask {
                        try await group.read(as: "c\(index)", limit: 1, waitingAtMost: .seconds(100)).first?.element
                    }
                }
                try await Task.sleep(for: .milliseconds(300))
                let most = try await Self.connections(redis.server)
                try await stream.append(contentsOf: 0..<300)
                return (most, try await tasks.reduce(into: [Int?]()) { $0.append($1) })
            }
            let sorted = found.compactMap(\.self).sorted()
            #expect(sorted == Array(0..<300))
            #expect(most <= before + 1, "one connection hears for all")
        }
    }

    @Test func whoWaitsIsWokenAtOnceAndByOtherProgramsWithinASecondOrTwo() async throws {
        try await withRedis { redis in
            let stream = Collections(.redis(redis.client), namespace: "shop").stream("s", of: Int.self)
            let clock = ContinuousClock()
            async let told = stream.read(after: .zero, waitingAtMost: .seconds(60))
            try await Task.sleep(for: .milliseconds(200))
            let first = clock.now
            try await stream.append(1)
            let count = try await told.count
            #expect(count == 1)
            #expect(first.duration(to: clock.now) < .milliseconds(500))
            let last = try await stream.lastID()
            async let untold = stream.read(after: last, waitingAtMost: .seconds(60))
            try await Task.sleep(for: .milliseconds(200))
            try await redis.server.command("XADD", Self.key, "*", "element", "2")
            let second = clock.now
            let element = try await untold.first?.element
            #expect(element == 2)
            #expect(second.duration(to: clock.now) < .seconds(10))
        }
    }

    @Test func aWaitEndsWithItsTime() async throws {
        try await withRedis { redis in
            let stream = Collections(.redis(redis.client), namespace: "shop").stream("s", of: Int.self)
            let clock = ContinuousClock()
            let start = clock.now
            let found = try await stream.group("g").read(as: "c", waitingAtMost: .milliseconds(150))
            let taken = start.duration(to: clock.now)
            #expect(found.isEmpty)
            #expect(taken >= .milliseconds(150) && taken < .seconds(20))
        }
    }

    @Test func messagesOlderThanTheLimitAreDroppedByTheServersClock() async throws {
        try await withRedis { redis in
            let collections = Collections(.redis(redis.client), namespace: "shop")
            let stream = collections.stream("s", of: Int.self, limit: .age(.seconds(60), isExact: true))
            let time = try await redis.client.send(RedisCommand("TIME"), as: [Int].self)
            let old = (time[0] - 61) * 1_000
            try await redis.server.command("XADD", Self.key, "\(old)-0", "element", "1")
            try await redis.server.command("XADD", Self.key, "\(old + 30_000)-0", "element", "2")
            try await stream.append(3)
            let found = try await stream.range().map { try $0.element }
            #expect(found == [2, 3])
            let dropped = try await stream.trim(to: .age(.seconds(10), isExact: true))
            #expect(dropped == 1)
        }
    }

    @Test func everyStreamGetsItsEndInTheStepThatMakesIt() async throws {
        try await withRedis { redis in
            let collections = Collections(.redis(redis.client), namespace: "shop")
            let appended = collections.stream("a", of: Int.self, lifetime: .sliding(.hours(1)))
            try await appended.append(0)
            try await collections.stream("warm", of: Int.self).group("g").create()
            let append = try await redis.commands { try await appended.append(1) }
            #expect(append == ["evalsha": 1, "xadd": 1, "pexpire": 1, "publish": 1])
            try await collections.stream("b", of: Int.self, lifetime: .fixed(.hours(1))).group("g").create()
            _ = try await collections.stream("c", of: Int.self, lifetime: .fixed(.hours(1))).group("g").read(as: "c")
            for name in ["a", "b", "c"] {
                let left = try await redis.client.send(RedisCommand("PTTL", "@shop:stream:\(name)"), as: Int.self)
                #expect((3_500_000...3_600_000).contains(left), "stream \(name)")
            }
        }
    }

    /// Consumers whose connections are killed again and again: what was appended is worked on at least once, and nothing is
    /// left in mind at the end.
    @Test func noMessageIsLostThoughConnectionsAre() async throws {
        try await withRedis { redis in
            let stream = Collections(.redis(redis.client), namespace: "shop").stream("s", of: Int.self)
            let group = stream.group("g")
            try await group.create()
            try await stream.append(contentsOf: 0..<400)
            let seen = try await withThrowingTaskGroup(of: Set<Int>.self) { tasks in
                for index in 0..<4 {
                    tasks.addTask {
                        var seen: Set<Int> = []
                        let messages = group.messages(as: "c\(index)", claimingAfter: .milliseconds(200), batch: 7)
                        var iterator = messages.makeAsyncIterator()
                        // A consumer that an error has put out of step begins again, as after a restart.
                        while true {
                            do {
                                if let message = try await iterator.next() { seen.insert(try message.element) }
                            } catch let error as CacheError where error.code == .unavailable {
                                iterator = messages.makeAsyncIterator()
                            } catch is CancellationError {
                                return seen
                            }
                        }
                    }
                }
                for _ in 0..<20 {
                    try await Task.sleep(for: .milliseconds(15))
                    try await redis.server.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                }
                let deadline = ContinuousClock.now.advanced(by: .seconds(60))
                while ContinuousClock.now < deadline {
                    let pending = try? await group.pending().count
                    let isRead = (try? await stream.group("g").consumers().isEmpty) == false
                    let rest = try? await redis.client.send(
                        RedisCommand("XINFO", "GROUPS", Self.key),
                        as: [[String: RESPValue]].self
                    )
                    if pending == 0, isRead, case .integer(0)? = rest?.first?["lag"] { break }
                    try await Task.sleep(for: .milliseconds(20))
                }
                tasks.cancelAll()
                return try await tasks.reduce(into: Set()) { $0.formUnion($1) }
            }
            #expect(seen == Set(0..<400))
            let pending = try await group.pending().count
            #expect(pending == 0)
        }
    }
}
