import ArgumentParser
import LarderRedisClient
import LarderTesting
import Synchronization

/// `larder-bench pubsub`: many messages to many subscribers while their connections are killed.
struct PubSubBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pubsub",
        abstract: "Publishes to subscribers whose connections are killed, and fails if one misses what it should hear.",
        discussion: """
            Half of the subscribers share a client and its connection, the others have their own. Kills come in the midst \
            of messages; between a kill and the next, all are connected for a while. A message counts as lost if a \
            subscriber did not hear it and no gap was announced in its place.
            """
    )

    @Option(help: "How many subscribers.")
    var subscribers = 20

    @Option(help: "How many messages.")
    var messages = 100_000

    @Option(help: "How often all connections that listen are killed.")
    var kills = 5

    func validate() throws {
        guard self.subscribers > 0, self.messages > 0, self.kills >= 0 else {
            throw ValidationError("--subscribers and --messages must be positive, --kills not negative")
        }
    }

    func run() async throws {
        let result = try await withRedisServer { server in
            let configuration = Self.configuration(server)
            let shared = try RedisClient(configuration)
            let own = try (0..<self.subscribers / 2).map { _ in try RedisClient(configuration) }
            let publisher = try RedisClient(configuration)
            let result = try await self.measure(server, own + [shared], publisher)
            for client in own + [shared, publisher] { await client.shutdown() }
            return result
        }
        self.print(result)
        guard result.total.lost == 0, result.total.outOfOrder == 0, result.total.duplicates == 0, result.isComplete
        else {
            throw ExitCode.failure
        }
    }

    private static func configuration(_ server: RedisServer) -> RedisConfiguration {
        var configuration = RedisConfiguration(host: server.host, port: server.port)
        configuration.commandTimeout = .seconds(30)
        return configuration
    }

    private func print(_ result: Result) {
        let published = Double(self.messages) / result.seconds
        var line = BenchLine("pubsub")
        line.set("subscribers", self.subscribers)
        line.set("messages", self.messages)
        line.set("kills", self.kills)
        line.set("messages_per_s", published)
        line.set("deliveries_per_s", Double(result.total.received) / result.seconds)
        line.set("received", result.total.received)
        line.set("lost", result.total.lost)
        line.set("out_of_order", result.total.outOfOrder)
        line.set("duplicates", result.total.duplicates)
        line.set("gaps", result.total.gaps)
        line.set("in_gaps", result.total.inGaps)
        line.print()
    }

    // MARK: Measuring

    private struct Result {
        var seconds: Double
        var total: NumberTally
        /// Whether each subscriber heard the last message and of each kill.
        var isComplete: Bool
    }

    private func measure(
        _ server: RedisServer,
        _ clients: [RedisClient],
        _ publisher: RedisClient
    ) async throws -> Result {
        let tallies = (0..<self.subscribers).map { _ in SharedNumberTally() }
        let clock = ContinuousClock()
        let seconds = try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, tally) in tallies.enumerated() {
                let client = clients[min(index, clients.count - 1)]
                let buffer = RedisSubscriptionBuffer(messages: self.messages + 1, bytes: .max)
                group.addTask {
                    try await client.withSubscription(to: ["numbers"], buffer: buffer) { events in
                        tally.update { $0.hasBegun = true }
                        for try await event in events { try tally.note(event) }
                    }
                }
            }
            defer { group.cancelAll() }
            try await Self.wait(for: tallies, "to begin") { $0.hasBegun }
            let start = clock.now
            try await self.publish(publisher, server, tallies)
            return start.duration(to: clock.now).microseconds / 1_000_000
        }
        let all = tallies.map(\.value)
        return Result(
            seconds: seconds,
            total: all.reduce(into: NumberTally()) { $0.add($1) },
            isComplete: all.allSatisfy { $0.last == self.messages && $0.gaps >= self.kills }
        )
    }

    /// Publishes everything, with a kill in the middle of each part but the last.
    private func publish(_ publisher: RedisClient, _ server: RedisServer, _ tallies: [SharedNumberTally]) async throws {
        var number = 0
        let part = self.messages / (self.kills * 2 + 1)
        func publish(upTo end: Int) async throws {
            while number < end {
                let numbers = number + 1...min(number + 200, end)
                number = numbers.upperBound
                for result in try await publisher.pipeline(numbers.map { .publish("numbers", $0) }) {
                    _ = try result.get()
                }
            }
        }
        for kill in 0..<self.kills {
            try await publish(upTo: number + part / 2)
            try await server.command("CLIENT", "KILL", "TYPE", "pubsub")
            try await publish(upTo: number + part / 2)
            try await Self.wait(for: tallies, "to hear of a gap") { $0.gaps > kill }
            // All are connected now, and miss nothing.
            try await publish(upTo: number + part)
            let end = number
            try await Self.wait(for: tallies, "to hear message \(end)") { $0.last >= end }
        }
        try await publish(upTo: self.messages)
        try await Self.wait(for: tallies, "to hear the last message") { $0.last >= self.messages }
    }

    private static func wait(
        for tallies: [SharedNumberTally],
        _ what: String,
        _ condition: (NumberTally) -> Bool
    ) async throws {
        let end = ContinuousClock.now.advanced(by: .seconds(60))
        while !tallies.allSatisfy({ condition($0.value) }) {
            guard ContinuousClock.now < end else { throw Failure("subscribers took more than a minute \(what)") }
            try await Task.sleep(for: .milliseconds(1))
        }
    }
}

/// What a subscriber has heard of messages that are numbered from 1.
private struct NumberTally {
    var hasBegun = false
    var received = 0
    var gaps = 0
    var last = 0
    /// Numbers left out without a gap in between.
    var lost = 0
    /// Numbers left out where a gap was announced.
    var inGaps = 0
    var outOfOrder = 0
    var duplicates = 0
    private var isAfterGap = false

    mutating func note(_ event: RedisSubscriptionEvent) throws {
        switch event {
        case .message(let message):
            let number = try message.decode(as: Int.self)
            self.received += 1
            if number == self.last {
                self.duplicates += 1
            } else if number < self.last {
                self.outOfOrder += 1
            } else if self.isAfterGap {
                self.inGaps += number - self.last - 1
            } else {
                self.lost += number - self.last - 1
            }
            self.last = max(self.last, number)
            self.isAfterGap = false
        case .interrupted:
            break
        case .gap:
            self.gaps += 1
            self.isAfterGap = true
        }
    }

    mutating func add(_ other: NumberTally) {
        self.received += other.received
        self.gaps += other.gaps
        self.lost += other.lost
        self.inGaps += other.inGaps
        self.outOfOrder += other.outOfOrder
        self.duplicates += other.duplicates
    }
}

/// A tally that its subscriber writes and the publisher looks at.
private final class SharedNumberTally: Sendable {
    private let tally = Mutex(NumberTally())

    var value: NumberTally { self.tally.withLock { $0 } }

    func update(_ change: (inout NumberTally) -> Void) { self.tally.withLock { change(&$0) } }

    func note(_ event: RedisSubscriptionEvent) throws {
        try self.tally.withLock { try $0.note(event) }
    }
}
