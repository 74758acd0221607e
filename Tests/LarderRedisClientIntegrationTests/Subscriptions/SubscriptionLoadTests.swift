import LarderRedisClient
import LarderTesting
import Synchronization
import Testing

/// Many messages to many subscribers while their connections are killed.
@Suite(.serialized, .timeLimit(.minutes(5))) struct SubscriptionLoadTests {
    /// What one subscriber has heard of messages that are numbered.
    struct Tally {
        var hasBegun = false
        var received = 0
        var gaps = 0
        var last = 0
        /// Numbers left out without a gap in between.
        var lost = 0
        var outOfOrder = 0
        private var isAfterGap = false

        mutating func note(_ event: RedisSubscriptionEvent) throws {
            switch event {
            case .message(let message):
                let number = try message.decode(as: Int.self)
                self.received += 1
                if number <= self.last { self.outOfOrder += 1 }
                if number > self.last + 1, !self.isAfterGap { self.lost += number - self.last - 1 }
                self.last = max(self.last, number)
                self.isAfterGap = false
            case .interrupted: break
            case .gap:
                self.gaps += 1
                self.isAfterGap = true
            }
        }
    }

    /// What all subscribers have heard.
    final class Tallies: Sendable {
        private let tallies = Mutex([Tally](repeating: Tally(), count: 20))

        var all: [Tally] { self.tallies.withLock { $0 } }

        func note(_ event: RedisSubscriptionEvent, by subscriber: Int) throws {
            try self.tallies.withLock { try $0[subscriber].note(event) }
        }

        func begin(_ subscriber: Int) { self.tallies.withLock { $0[subscriber].hasBegun = true } }

        func eventuallyAll(_ condition: (Tally) -> Bool) async throws -> Bool {
            try await eventually(atMost: .seconds(60)) { self.all.allSatisfy(condition) }
        }
    }

    private static let rounds = 5
    private static let messagesPerPhase = 2000

    @Test func nothingIsLostWhileConnectedAndOrderIsKept() async throws {
        try await withRedisServer { server in
            // Ten share a connection, ten have their own.
            let shared = try RedisClient(PublicSubscriptionTests.patient(server))
            let own = try (0..<10).map { _ in try RedisClient(PublicSubscriptionTests.patient(server)) }
            let publisher = try RedisClient(PublicSubscriptionTests.patient(server))
            let tallies = Tallies()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for subscriber in 0..<20 {
                    let client = subscriber < 10 ? shared : own[subscriber - 10]
                    group.addTask {
                        try await client.withSubscription(to: ["numbers"], buffer: 1_000_000) { events in
                            tallies.begin(subscriber)
                            for try await event in events { try tallies.note(event, by: subscriber) }
                        }
                    }
                }
                defer { group.cancelAll() }
                try await #expect(tallies.eventuallyAll(\.hasBegun))
                // One for the ten that share a connection.
                try await #expect(publisher.pubsubNumSub(["numbers"]) == ["numbers": 11])
                try await Self.publish(publisher, server, tallies)
            }
            for tally in tallies.all {
                #expect(tally.lost == 0)
                #expect(tally.outOfOrder == 0)
                #expect(tally.gaps == Self.rounds)
                // What was published while connections were whole, at the least.
                #expect(tally.received >= (Self.rounds + 1) * Self.messagesPerPhase)
            }
            for client in own + [shared, publisher] { await client.shutdown() }
        }
    }

    private static func publish(
        _ publisher: RedisClient,
        _ server: RedisServer,
        _ tallies: Tallies
    ) async throws {
        var number = 0
        func publish(_ count: Int) async throws {
            for _ in 0..<(count / 100) {
                let numbers = number + 1...number + 100
                number += 100
                let results = try await publisher.pipeline(numbers.map { .publish("numbers", $0) })
                for result in results { _ = try result.get() }
            }
        }
        try await publish(self.messagesPerPhase)
        for round in 1...Self.rounds {
            // In the midst of messages that may get lost with the connection.
            try await publish(self.messagesPerPhase / 2)
            try await server.command("CLIENT", "KILL", "TYPE", "pubsub")
            try await publish(self.messagesPerPhase / 2)
            let allKnow = try await tallies.eventuallyAll { $0.gaps >= round }
            #expect(allKnow, "the gap of round \(round) was not announced")
            // Now all are connected, and nothing may get lost.
            let before = number
            try await publish(self.messagesPerPhase)
            let end = number
            let allHeard = try await tallies.eventuallyAll { $0.last >= end }
            #expect(allHeard, "round \(round), \(before) to \(end)")
        }
    }
}
