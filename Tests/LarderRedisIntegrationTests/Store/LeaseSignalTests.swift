import Larder
import LarderRedisClient
import LarderTesting
import Synchronization
import Testing

@testable import LarderRedis

/// Waiting for the end of a lease that another process holds.
@Suite(.timeLimit(.minutes(2))) struct LeaseSignalTests {
    static let key = StoreKey(version: 1, name: "book:42")
    static let channel = "{ns:1:book:42}:lease"
    /// Far longer than anything here takes: who returns earlier was woken.
    static let long = Duration.seconds(100)
    /// How fast "at once" has to be, on a machine that is busy.
    static let soon = Duration.seconds(10)

    static func namespace(_ client: any RedisCommandSender) -> any NamespaceStore {
        RedisStore(client).open("ns")
    }

    static func signal(_ redis: RedisUnderTest) async throws -> any LeaseSignal {
        try #require(try await Self.namespace(redis.client).listen(for: Self.key))
    }

    /// How long `body` takes.
    static func time(_ body: () async throws -> Void) async throws -> Duration {
        let start = ContinuousClock.now
        try await body()
        return start.duration(to: .now)
    }

    static func subscribers(_ redis: RedisUnderTest) async throws -> Int? {
        let reply = try await redis.server.command("PUBSUB", "NUMSUB", Self.channel)
        return reply.split(whereSeparator: \.isNewline).last.flatMap { Int($0.dropFirst()) }
    }

    @Test func messageOnTheLeasesChannelWakes() async throws {
        try await withRedis { redis in
            let signal = try await Self.signal(redis)
            let duration = try await Self.time {
                async let waiting: Void = signal.wait(atMost: Self.long)
                try await Task.sleep(for: .milliseconds(20))
                try await redis.server.command("PUBLISH", Self.channel, "")
                try await waiting
            }
            #expect(duration < Self.soon)
            signal.cancel()
            while try await Self.subscribers(redis) != 0 { try await Task.sleep(for: .milliseconds(5)) }
        }
    }

    @Test func keyWithAHashTagHasItsOwnChannel() async throws {
        try await withRedis { redis in
            let key = StoreKey(version: 3, name: "{user:7}:basket")
            let signal = try #require(try await Self.namespace(redis.client).listen(for: key))
            try await redis.server.command("PUBLISH", "ns:3:{user:7}:basket:lease", "")
            try await #expect(Self.time { try await signal.wait(atMost: Self.long) } < Self.soon)
            signal.cancel()
            let error = await #expect(throws: CacheError.self) {
                _ = try await Self.namespace(redis.client).listen(for: StoreKey(version: 1, name: "a}"))
            }
            #expect(error?.code == .invalidKey)
        }
    }

    @Test func messageBeforeTheWaitIsNotLost() async throws {
        try await withRedis { redis in
            let signal = try await Self.signal(redis)
            // What is published here is heard before what is published then.
            let later = try #require(
                try await Self.namespace(redis.client).listen(for: StoreKey(version: 1, name: "later"))
            )
            try await redis.server.command("PUBLISH", Self.channel, "")
            try await redis.server.command("PUBLISH", "{ns:1:later}:lease", "")
            try await later.wait(atMost: Self.long)
            try await #expect(Self.time { try await signal.wait(atMost: Self.long) } < Self.soon)
            // It wakes once.
            let duration = try await Self.time { try await signal.wait(atMost: .milliseconds(80)) }
            #expect(duration >= .milliseconds(79))
            signal.cancel()
            later.cancel()
        }
    }

    @Test func waitEndsAfterItsDuration() async throws {
        try await withRedis { redis in
            let signal = try await Self.signal(redis)
            let duration = try await Self.time { try await signal.wait(atMost: .milliseconds(120)) }
            #expect(duration >= .milliseconds(119))
            #expect(duration < Self.soon)
            for none in [Duration.zero, .seconds(-1)] {
                try await #expect(Self.time { try await signal.wait(atMost: none) } < Self.soon)
            }
            signal.cancel()
        }
    }

    @Test func cancelledWaiterLeavesAtOnce() async throws {
        try await withRedis { redis in
            let signal = try await Self.signal(redis)
            let duration = try await Self.time {
                let waiting = Task { try await signal.wait(atMost: Self.long) }
                let before = Task {
                    withUnsafeCurrentTask { $0?.cancel() }
                    try await signal.wait(atMost: Self.long)
                }
                try await Task.sleep(for: .milliseconds(20))
                waiting.cancel()
                await #expect(throws: CancellationError.self) { try await waiting.value }
                await #expect(throws: CancellationError.self) { try await before.value }
            }
            #expect(duration < Self.soon)
            signal.cancel()
        }
    }

    @Test func manyWaitersOfOneSignalAreAllWoken() async throws {
        try await withRedis { redis in
            let signal = try await Self.signal(redis)
            let duration = try await Self.time {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<20 { group.addTask { try await signal.wait(atMost: Self.long) } }
                    try await Task.sleep(for: .milliseconds(100))
                    try await redis.server.command("PUBLISH", Self.channel, "")
                    try await group.waitForAll()
                }
            }
            #expect(duration < Self.soon)
            signal.cancel()
        }
    }

    @Test func lostConnectionWakesAndHearsAgain() async throws {
        try await withRedis { redis in
            let signal = try await Self.signal(redis)
            let lost = try await Self.time {
                async let waiting: Void = signal.wait(atMost: Self.long)
                try await Task.sleep(for: .milliseconds(20))
                await redis.server.kill()
                try await waiting
            }
            #expect(lost < Self.soon)
            // Nothing can be heard now: whoever waits asks again soon.
            try await #expect(Self.time { try await signal.wait(atMost: Self.long) } < Self.soon)
            try await redis.server.restart()
            while try await Self.subscribers(redis) != 1 { try await signal.wait(atMost: Self.long) }
            let heard = try await Self.time {
                for _ in 0..<3 {
                    try await redis.server.command("PUBLISH", Self.channel, "")
                    try await signal.wait(atMost: Self.long)
                }
            }
            #expect(heard < Self.soon)
            // What was heard late may still wake; then there is nothing more, and a wait has its full length again.
            while try await Self.time({ try await signal.wait(atMost: .milliseconds(200)) }) < .milliseconds(199) {}
            signal.cancel()
        }
    }

    @Test func shutdownEndsAllWaits() async throws {
        try await withRedis { redis in
            let signal = try await Self.signal(redis)
            let duration = try await Self.time {
                async let waiting: Void = signal.wait(atMost: Self.long)
                try await Task.sleep(for: .milliseconds(20))
                await redis.client.shutdown()
                try await waiting
                try await signal.wait(atMost: Self.long)
            }
            #expect(duration < Self.soon)
            signal.cancel()
            let late = try await Self.namespace(redis.client).listen(for: Self.key)
            #expect(late == nil)
        }
    }

    @Test func nobodyListensToAHungServerForLongerThanTheTimeout() async throws {
        try await withRedisServer { server in
            var configuration = RedisConfiguration(host: server.host, port: server.port)
            configuration.commandTimeout = .milliseconds(200)
            let client = try RedisClient(configuration)
            server.pause()
            let duration = try await Self.time {
                let signal = try await Self.namespace(client).listen(for: Self.key)
                #expect(signal == nil, "whoever waits asks from time to time then")
            }
            #expect(duration < Self.soon)
            server.resume()
            await client.shutdown()
        }
    }

    @Test func sendersThatCannotListenSaySo() async throws {
        try await withRedis { redis in
            let isHeard = try await redis.client.withConnection { connection in
                try await Self.namespace(connection).listen(for: Self.key) != nil
            }
            #expect(!isHeard)
            try await #expect(Self.namespace(InterceptingSender(redis.client)).listen(for: Self.key) == nil)
            // A client with another timeout is the same client.
            let signal = try await Self.namespace(redis.client.timeout(Self.soon)).listen(for: Self.key)
            try #require(signal).cancel()
        }
    }

    @Test func thousandWaitersInOneProcessAreWokenSoon() async throws {
        try await withRedis { redis in
            let woken = Count()
            var signals: [any LeaseSignal] = []
            let duration = try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<1000 {
                    let signal = try await Self.signal(redis)
                    signals.append(signal)
                    group.addTask {
                        try await signal.wait(atMost: Self.long)
                        woken.value.add(1, ordering: .relaxed)
                    }
                }
                try await Task.sleep(for: .milliseconds(100))
                #expect(woken.value.load(ordering: .relaxed) == 0)
                let start = ContinuousClock.now
                try await redis.server.command("PUBLISH", Self.channel, "")
                try await group.waitForAll()
                return start.duration(to: .now)
            }
            print("1,000 waiters woken in \(duration)")
            #expect(duration < Self.soon)
            try await #expect(Self.subscribers(redis) == 1)
            for signal in signals { signal.cancel() }
            while try await Self.subscribers(redis) != 0 { try await Task.sleep(for: .milliseconds(5)) }
        }
    }

    @Test func wakeUpTakesMilliseconds() async throws {
        try await withRedis { redis in
            let signal = try await Self.signal(redis)
            var durations: [Duration] = []
            for _ in 0..<200 {
                try await durations.append(
                    Self.time {
                        async let waiting: Void = signal.wait(atMost: Self.long)
                        _ = try await redis.client.send(RedisCommand("PUBLISH", Self.channel, ""))
                        try await waiting
                    }
                )
            }
            signal.cancel()
            durations.sort()
            print("from publishing to waking: median \(durations[100]), slowest \(durations[199])")
            #expect(durations[100] < .milliseconds(50))
        }
    }

    private final class Count: Sendable {
        let value = Atomic<Int>(0)
    }
}
