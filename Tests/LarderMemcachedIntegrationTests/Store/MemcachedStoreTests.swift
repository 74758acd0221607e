import Larder
import LarderTesting
import NIOCore
import Synchronization
import Testing

@testable import LarderMemcached

/// What only a store on memcached has to do.
@Suite(.serialized, .timeLimit(.minutes(2))) struct MemcachedStoreTests {
    private let key = CacheKey<String>("k")

    @Test func valueThatIsTooLargeIsAnErrorThatSaysTheLimitAndTheOldValueIsGone() async throws {
        try await withMemcached(servers: 1, .init(arguments: ["-I", "2m"])) { memcached in
            let cache = memcached.cache()
            try await cache.set(self.key, to: "old")
            let error = await #expect(throws: CacheError.self) {
                try await cache.set(self.key, to: String(repeating: "x", count: 3 << 20))
            }
            #expect(error?.code == .valueTooLarge)
            let text = error.map { "\($0)" } ?? ""
            #expect(text.contains("2097152") && text.contains("-I"))
            #expect(try await cache.get(self.key) == nil)
            try await cache.set(self.key, to: String(repeating: "x", count: 3 << 19))
            #expect(try await cache.get(self.key)?.utf8.count == 3 << 19)
        }
    }

    /// A process whose clock is an hour ahead, and one whose clock is an hour behind.
    @Test(arguments: [Int64(3_600_000), -3_600_000])
    func processWithAWrongClockSeesWhatOthersSee(_ error: Int64) async throws {
        try await withMemcached { memcached in
            var configuration = memcached.client.configuration
            configuration.wallClock = WallClock { WallClock.system.now + error }
            let other = try MemcachedClient(configuration)
            let (right, wrong) = (memcached.cache(), Cache(.memcached(other), namespace: "ns"))
            try await right.set(self.key, to: "mine", ttl: .seconds(100))
            #expect(try await wrong.get(self.key) == "mine")
            let left = try await wrong.ttl(of: self.key)?.duration
            #expect(try #require(left) > .seconds(80))
            try await wrong.set(self.key, to: "its", ttl: .seconds(100))
            let leftOfIts = try await right.ttl(of: self.key)?.duration
            #expect(try #require(leftOfIts) > .seconds(80))
            #expect(try #require(leftOfIts) <= .seconds(100))
            try await memcached.pass(.seconds(110))
            #expect(try await wrong.get(self.key) == nil)
            #expect(try await right.get(self.key) == nil)
            await other.shutdown()
        }
    }

    /// A clock that is set an hour ahead while the process runs, as when it is first set right over the network.
    @Test func clockThatJumpsIsSetRightByTheNextItem() async throws {
        try await withMemcached { memcached in
            try await Self.withJump(memcached) { client, setJump in
                let cache = Cache(.memcached(client), namespace: "ns", defaults: .init(failurePolicy: .throwing))
                try await cache.set(self.key, to: "value", ttl: .seconds(600))
                for milliseconds in [Int64(3_600_000), -3_600_000, 0] {
                    setJump(milliseconds)
                    #expect(try await cache.get(self.key) == "value")
                    let left = try #require(try await cache.ttl(of: self.key)?.duration)
                    #expect(left > .seconds(570) && left <= .seconds(600))
                }
            }
        }
    }

    private static func withJump(
        _ memcached: MemcachedUnderTest,
        _ body: (MemcachedClient, @Sendable (Int64) -> Void) async throws -> Void
    ) async throws {
        let jump = JumpingClock()
        var configuration = memcached.client.configuration
        configuration.wallClock = WallClock { WallClock.system.now + jump.jump.load(ordering: .relaxed) }
        let client = try MemcachedClient(configuration)
        try await body(client) { jump.jump.store($0, ordering: .relaxed) }
        await client.shutdown()
    }

    private final class JumpingClock: Sendable {
        let jump = Atomic<Int64>(0)
    }

    @Test func whatOthersWroteUnderAnEntrysNameIsAbsentAndOverwritten() async throws {
        try await withMemcached { memcached in
            let cache = memcached.cache("")
            for value in ["x", "M", "MM\u{1}\u{1}\u{0}", String(repeating: "M", count: 60)] {
                try await memcached.server.command("ms :1:k \(value.utf8.count) F16\r\n\(value)")
                #expect(try await cache.get(self.key) == nil)
                #expect(try await cache.explain(self.key).tiers.first?.state == .unreadable)
                #expect(try await cache.fetch(self.key) { "filled" } == "filled")
                #expect(try await cache.get(self.key) == "filled")
            }
        }
    }

    @Test func stampThatIsNoneOrLostMakesEntriesMisses() async throws {
        try await withMemcached { memcached in
            let cache = memcached.cache()
            for damage in ["md @ns:stamp", "ms @ns:stamp 1\r\nx"] {
                try await cache.set(self.key, to: "old")
                try await memcached.server.command(damage)
                #expect(try await cache.get(self.key) == nil)
                #expect(try await cache.fetch(self.key) { "new" } == "new")
                #expect(try await cache.get(self.key) == "new")
            }
        }
    }

    @Test func tagThatIsLostMakesItsEntriesMisses() async throws {
        try await withMemcached { memcached in
            let cache = memcached.cache()
            for damage in ["md @ns:tag:t", "ms @ns:tag:t 1\r\nx"] {
                try await cache.set(self.key, to: "old", tags: ["t"])
                #expect(try await cache.get(self.key) == "old")
                try await memcached.server.command(damage)
                #expect(try await cache.get(self.key) == nil)
                try await cache.set(self.key, to: "new", tags: ["t"])
                #expect(try await cache.get(self.key) == "new")
                try await cache.invalidate(tags: ["t"])
                #expect(try await cache.get(self.key) == nil)
            }
        }
    }

    /// Two names whose digests are the same, as far as the server can tell.
    @Test func entryOfAnotherNameWithTheSameDigestIsAMiss() async throws {
        try await withMemcached { memcached in
            let cache = memcached.cache()
            let (first, second) = (CacheKey<String>("a b"), CacheKey<String>("a c"))
            try await cache.set(first, to: "first")
            let names = ItemNames("ns")
            let from = names.entry(StoreKey(version: 1, name: "a b")).text
            let to = names.entry(StoreKey(version: 1, name: "a c")).text
            let link = memcached.client.links[0]
            let item = try await link.send(.get(from, wants: " v"), deadline: memcached.client.deadline)
            _ = try await link.send(
                .set(to, Array(buffer: item.value)),
                deadline: memcached.client.deadline
            )
            #expect(try await cache.get(second) == nil)
            #expect(try await cache.fetch(second) { "second" } == "second")
            #expect(try await cache.get(first) == "first")
            #expect(try await cache.get(second) == "second")
        }
    }

    @Test func serverThatDoesNotListItsItemsSaysSo() async throws {
        try await withMemcached(servers: 1, .init(arguments: ["-o", "no_lru_crawler"])) { memcached in
            let cache = memcached.cache()
            try await cache.set(self.key, to: "value")
            let error = await #expect(throws: CacheError.self) { try await cache.removeAll(matching: "*") }
            #expect(error?.code == .unavailable)
            #expect("\(error.map { "\($0)" } ?? "")".contains("lru_crawler"))
            #expect(try await cache.get(self.key) == "value")
        }
    }

    @Test func walksOfSeveralAtOnceWaitForEachOther() async throws {
        try await withMemcached(servers: 2) { memcached in
            let cache = memcached.cache()
            let keys = (0..<500).map { CacheKey<Int>("n\($0)") }
            try await cache.setMany(Dictionary(uniqueKeysWithValues: keys.map { ($0, 1) }))
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<6 { group.addTask { try await cache.entryCount() } }
                for try await count in group { #expect(count == 500) }
            }
        }
    }

    @Test func lostServerIsUnavailableAndTheOthersGoOn() async throws {
        let configure = { (configuration: inout MemcachedConfiguration) in
            configuration.requestTimeout = .milliseconds(500)
        }
        try await withMemcached(servers: 3, .init(), configure) { memcached in
            let cache = memcached.cache()
            let names = ItemNames("ns")
            let home = memcached.client.server(ofKey: names.stamp)
            let lost = try #require(memcached.servers.firstIndex { "\($0.host):\($0.port)" != home })
            let keys = (0..<60).map { "key\($0)" }
            for key in keys { try await cache.set(CacheKey<String>(key), to: key) }
            await memcached.servers[lost].kill()
            let address = "\(memcached.servers[lost].host):\(memcached.servers[lost].port)"
            for key in keys {
                let name = names.entry(StoreKey(version: 1, name: key)).text
                if memcached.client.server(ofKey: name) == address {
                    let error = await #expect(throws: CacheError.self) { try await cache.get(CacheKey<String>(key)) }
                    #expect(error?.code == .unavailable)
                } else {
                    #expect(try await cache.get(CacheKey<String>(key)) == key)
                }
            }
        }
    }

    /// Nothing of what a number was read for may be changed on a server that counts from the beginning.
    @Test func changeThatWasBegunOnAServerBeforeItsRestartIsNotMadeAfter() async throws {
        try await withMemcached { memcached in
            let client = memcached.client
            let link = client.links[0]
            _ = try await link.send(.set("a", [1]), deadline: client.deadline)
            let read = try await link.send([.get("a", wants: " v c")], deadline: client.deadline)
            #expect(read.replies[0].cas == 1)
            try await memcached.server.restart()
            try await memcached.server.command("ms a 1\r\n2")
            #expect(try await memcached.server.command("mg a v c") == "VA 1 c1\r\n2")
            let error = await #expect(throws: MemcachedError.self) {
                for _ in 0..<500 {
                    // Until the client has noticed, it may find the connection broken.
                    _ = try? await link.send(.noop, deadline: client.deadline)
                    _ = try await link.send(
                        [.set("a", [3], cas: 1)],
                        deadline: client.deadline,
                        bound: read.connection
                    )
                }
            }
            #expect(error?.code == .notSent)
            #expect(try await memcached.server.command("mg a v") == "VA 1\r\n2")
        }
    }
}
