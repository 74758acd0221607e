import LarderTesting
import Logging
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import LarderRedisClient

/// Shard channels that follow their slots from node to node.
@Suite(.serialized, .timeLimit(.minutes(3))) struct ShardSubscriptionsTests {
    /// Where the tests say that all shard channels are.
    final class Map: Sendable {
        private let configuration: Mutex<RedisConfiguration>
        private let history = ServerHistory()

        init(_ configuration: RedisConfiguration) { self.configuration = Mutex(configuration) }

        func point(to configuration: RedisConfiguration) { self.configuration.withLock { $0 = configuration } }

        func makeSubscriptions() throws -> ShardSubscriptions {
            let connector = try RedisConnector(self.configuration.withLock { $0 })
            return ShardSubscriptions(
                locate: { _ in
                    let address = self.configuration.withLock { $0.address }
                    return FixedLocator(connector: connector.to(address), history: self.history, isFirst: true)
                },
                reconnect: .init(base: .milliseconds(5), maximum: .milliseconds(50)),
                eventLoop: MultiThreadedEventLoopGroup.singleton.next(),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
        }
    }

    /// A sink that remembers.
    final class Notes: SubscriptionSink {
        private let words = Mutex<[String]>([])

        var heard: [String] { self.words.withLock { $0 } }

        func hear(_ heard: [Heard]) {
            for heard in heard {
                let words =
                    switch heard.sound {
                    case .messages(let run): run.messages.map(\.string)
                    case .turn(.interrupted): ["<interrupted>"]
                    case .turn(.resumed): ["<resumed>"]
                    case .turn(.ended(let error)): ["<ended: \(error.code)>"]
                    }
                self.words.withLock { $0 += words }
            }
        }

        func hears(_ word: String) async throws -> Bool { try await eventually { self.heard.contains(word) } }
    }

    static func listen(
        _ subscriptions: ShardSubscriptions,
        _ notes: Notes,
        within timeout: Duration = .seconds(20)
    ) async throws -> ShardSubscription {
        let confirmations = Confirmations(1)
        let wish = SubscriptionLane.Wish(
            name: SubscriptionName(.shardChannel, "orders"),
            listener: SubscriptionListener(sink: notes, index: 0)
        ) { confirmations.note($0) }
        let subscription = subscriptions.listen(to: [wish], deadline: .deadline(after: timeout.wholeNanoseconds))
        do {
            try await confirmations.wait()
        } catch {
            subscription.cancel()
            throw error
        }
        return subscription
    }

    static func subscribers(_ server: RedisServer) async throws -> Bool {
        try await server.command("PUBSUB", "SHARDCHANNELS").contains("orders")
    }

    @Test func channelFollowsItsSlotThroughARealCluster() async throws {
        let options = RedisServer.Options(configuration: ["cluster-enabled yes"])
        try await withRedisServer(options) { first in
            try await withRedisServer(options) { second in
                try await first.command("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
                try await first.command("CLUSTER", "MEET", "127.0.0.1", "\(second.port)")
                let id = try await second.command("CLUSTER", "MYID").split(whereSeparator: \.isNewline)[1]
                try await #expect(eventually { try await first.command("CLUSTER", "NODES").contains(id) })
                try await #expect(
                    eventually { try await first.command("CLUSTER", "INFO").contains("cluster_state:ok") }
                )
                let map = Map(PublicSubscriptionTests.patient(first))
                let subscriptions = try map.makeSubscriptions()
                let notes = Notes()
                let subscription = try await Self.listen(subscriptions, notes)
                try await first.command("SPUBLISH", "orders", "a")
                try await #expect(notes.hears("a"))

                let slot = try await first.command("CLUSTER", "KEYSLOT", "orders").filter(\.isNumber)
                try await second.command("CLUSTER", "SETSLOT", slot, "NODE", String(id))
                try await first.command("CLUSTER", "SETSLOT", slot, "NODE", String(id))
                // The node gives the channel up by itself, and says where it is when asked again, as long as it is asked.
                try await #expect(notes.hears("<interrupted>"))
                map.point(to: PublicSubscriptionTests.patient(second))
                try await #expect(notes.hears("<resumed>"))
                try await second.command("SPUBLISH", "orders", "b")
                try await #expect(notes.hears("b"))
                #expect(notes.heard == ["a", "<interrupted>", "<resumed>", "b"])

                subscription.cancel()
                try await #expect(eventually { try await !Self.subscribers(second) })
                // The connections, too.
                try await #expect(eventually { try await !first.command("CLIENT", "LIST").contains("cmd=ssubscribe") })
                await subscriptions.shutdown()
            }
        }
    }

    @Test func channelOfALostNodeIsAskedForWhereItIsServedThen() async throws {
        try await withRedisServer { first in
            try await withRedisServer { second in
                let map = Map(PublicSubscriptionTests.patient(first))
                let subscriptions = try map.makeSubscriptions()
                let notes = Notes()
                _ = try await Self.listen(subscriptions, notes)
                await first.kill()
                try await #expect(notes.hears("<interrupted>"))
                map.point(to: PublicSubscriptionTests.patient(second))
                try await #expect(notes.hears("<resumed>"))
                try await second.command("SPUBLISH", "orders", "b")
                try await #expect(notes.hears("b"))
                #expect(notes.heard == ["<interrupted>", "<resumed>", "b"])
                await subscriptions.shutdown()
                #expect(notes.heard.last == "<ended: shutdown>")
            }
        }
    }

    @Test func channelMovesWhenTheMapChanges() async throws {
        try await withRedisServer { first in
            try await withRedisServer { second in
                let map = Map(PublicSubscriptionTests.patient(first))
                let subscriptions = try map.makeSubscriptions()
                let notes = Notes()
                _ = try await Self.listen(subscriptions, notes)
                subscriptions.slotsChanged()
                try await first.command("SPUBLISH", "orders", "a")
                try await #expect(notes.hears("a"))
                map.point(to: PublicSubscriptionTests.patient(second))
                subscriptions.slotsChanged()
                try await #expect(notes.hears("<resumed>"))
                try await second.command("SPUBLISH", "orders", "b")
                try await #expect(notes.hears("b"))
                #expect(notes.heard == ["a", "<interrupted>", "<resumed>", "b"])
                try await #expect(eventually { try await !Self.subscribers(first) })
                await subscriptions.shutdown()
            }
        }
    }

    @Test func callerIsSentOnUntilItsTimeIsOver() async throws {
        let answer: FakeServer.Answer = { command in
            command[0] == "SSUBSCRIBE" ? "-MOVED 1 127.0.0.1:1\r\n" : "+OK\r\n"
        }
        try await FakeServer.run(answer: answer) { _, configuration in
            let map = Map(configuration)
            let subscriptions = try map.makeSubscriptions()
            let start = ContinuousClock.now
            let error = await #expect(throws: RedisError.self) {
                _ = try await Self.listen(subscriptions, Notes(), within: .seconds(2))
            }
            #expect(error?.code == .server("MOVED"))
            #expect(start.duration(to: .now) >= .milliseconds(1990))
            #expect(start.duration(to: .now) < .seconds(10))

            try await withRedisServer { server in
                let notes = Notes()
                async let subscription = Self.listen(subscriptions, notes)
                try await Task.sleep(for: .milliseconds(50))
                map.point(to: PublicSubscriptionTests.patient(server))
                _ = try await subscription
                try await server.command("SPUBLISH", "orders", "a")
                try await #expect(notes.hears("a"))
                await subscriptions.shutdown()
                let late = await #expect(throws: RedisError.self) { _ = try await Self.listen(subscriptions, notes) }
                #expect(late?.code == .shutdown)
                #expect(notes.heard == ["a", "<ended: shutdown>"])
            }
        }
    }

    @Test func cancelledCallerLeavesAtOnce() async throws {
        try await FakeServer.run(answer: { $0[0] == "SSUBSCRIBE" ? nil : "+OK\r\n" }) { _, configuration in
            let subscriptions = try Map(configuration).makeSubscriptions()
            let caller = Task { try await Self.listen(subscriptions, Notes()) }
            try await Task.sleep(for: .milliseconds(50))
            let start = ContinuousClock.now
            caller.cancel()
            await #expect(throws: CancellationError.self) { _ = try await caller.value }
            #expect(start.duration(to: .now) < RedisClientFaultTests.slack)
            await subscriptions.shutdown()
        }
    }
}
