import NIOCore
import Testing

@testable import LarderRedisClient

/// A subscription state machine whose waiters and listeners are numbers, with what it decides as text.
///
/// Names are channels; `~a*` is the pattern `a*`, `#a` the shard channel `a`.
struct SubscriptionBench {
    typealias Machine = SubscriptionStateMachine<String, String>

    static let soon = MonotonicTime(nanoseconds: 100_000_000_000)
    static let noPermission = RESPValue.error(RedisServerError("NOPERM this user has no permissions"))
    /// As RESP2 says it to those who subscribe.
    static let pong = RESPValue.array([.bulkString(ByteBuffer(string: "pong")), .bulkString(ByteBuffer())])

    var machine: Machine
    var now = MonotonicTime(nanoseconds: 0)
    private(set) var reconnectAt: MonotonicTime?

    init(connected: Bool = true, maximum: Int = 1000) {
        self.machine = Machine(
            maximum: maximum,
            backoff: Backoff(.init(base: .milliseconds(10), maximum: .seconds(1), jitter: 0))
        )
        guard connected else { return }
        // A machine connects for somebody, who then leaves.
        _ = self.listen(0, to: "first")
        _ = self.service()
        _ = self.leave(0, "first")
        _ = self.machine.established(at: self.now)
    }

    // MARK: What is done to it

    mutating func listen(_ id: UInt64, to name: String, deadline: MonotonicTime = soon) -> String {
        let admission = self.machine.listen(
            id,
            to: Self.name(name),
            listener: "\(id)",
            waiter: "\(id)",
            deadline: deadline
        )
        return switch admission {
        case .listening: "listens"
        case .waiting(let needsService): needsService ? "waits, tell the loop" : "waits"
        case .refused(let error): "refused: \(error.code)"
        }
    }

    /// Listens, with the confirmation.
    mutating func subscribe(_ id: UInt64, to name: String) {
        _ = self.listen(id, to: name)
        #expect(self.written() == ["subscribe \(name)"])
        #expect(self.receive(Self.subscribed(name)) == ["\(id) is heard"])
    }

    mutating func leave(_ id: UInt64, _ name: String) -> String {
        let (waiter, needsService) = self.machine.leave(id, Self.name(name))
        return (waiter.map { "\($0) waited" } ?? "") + (needsService ? "tell the loop" : "")
    }

    /// What was to be written last: the machine is free in the order of channels, and servers answer in it.
    private var asked: [Machine.Command] = []

    mutating func service() -> Machine.Service {
        let service = self.machine.service(canWrite: true, at: self.now)
        self.asked = service.commands
        return service
    }

    mutating func written() -> [String] {
        self.service().commands.map { command in
            switch command {
            case .subscribe(let name): "subscribe \(Self.text(name))"
            case .unsubscribe(let name): "unsubscribe \(Self.text(name))"
            case .ping: "ping"
            }
        }.sorted()
    }

    /// Lets the server say something, in the order in which commands were written last if that is not the given one.
    mutating func receive(_ values: RESPValue..., unordered: Bool = false) -> [String] {
        var values = values
        if unordered {
            let answers = self.asked.map { command in
                switch command {
                case .subscribe(let name): Self.subscribed(Self.text(name))
                case .unsubscribe(let name): Self.unsubscribed(Self.text(name))
                case .ping: Self.pong
                }
            }
            values = answers.filter(values.contains)
        }
        var effects: [Machine.Effect] = []
        #expect(self.read(values, &effects) == nil)
        return Self.text(effects)
    }

    /// Lets the server say something in one read.
    mutating func read(_ values: [RESPValue], _ effects: inout [Machine.Effect]) -> RedisError? {
        self.machine.receive(values, at: self.now, effects: &effects)
    }

    mutating func lose(_ error: RedisError = RedisError(.connectionClosed, message: "lost")) -> [String] {
        var effects: [Machine.Effect] = []
        self.reconnectAt = self.machine.lost(error, at: self.now, chance: 0, effects: &effects)
        return Self.text(effects)
    }

    mutating func fail() -> [String] {
        var effects: [Machine.Effect] = []
        let error = RedisError(.connectionFailed, message: "refused")
        #expect(self.machine.connectFailed(error, at: self.now, chance: 0, effects: &effects) != nil)
        return Self.text(effects)
    }

    mutating func health() -> Machine.Health { self.machine.health(at: self.now, interval: 1_000_000_000) }

    // MARK: Words

    static func name(_ text: String) -> SubscriptionName {
        switch text.first {
        case "~": SubscriptionName(.pattern, String(text.dropFirst()))
        case "#": SubscriptionName(.shardChannel, String(text.dropFirst()))
        default: SubscriptionName(.channel, text)
        }
    }

    static func text(_ name: SubscriptionName) -> String {
        switch name.kind {
        case .channel: name.text
        case .pattern: "~" + name.text
        case .shardChannel: "#" + name.text
        }
    }

    static func subscribed(_ name: String) -> RESPValue { Self.push("subscribe", name, [.integer(1)]) }

    static func unsubscribed(_ name: String) -> RESPValue { Self.push("unsubscribe", name, [.integer(0)]) }

    /// A message that comes under a name; on channel `x` if that is a pattern.
    static func message(_ name: String, _ text: String, on channel: String = "x") -> RESPValue {
        let payload = RESPValue.bulkString(ByteBuffer(string: text))
        let isPattern = Self.name(name).kind == .pattern
        return Self.push(
            "message",
            name,
            isPattern ? [.bulkString(ByteBuffer(string: channel)), payload] : [payload]
        )
    }

    private static func push(_ kind: String, _ name: String, _ rest: [RESPValue]) -> RESPValue {
        let name = Self.name(name)
        let letter =
            switch name.kind {
            case .channel: ""
            case .pattern: "p"
            case .shardChannel: "s"
            }
        return .push([.bulkString(ByteBuffer(string: letter + kind)), .bulkString(name.bytes)] + rest)
    }

    static func text(_ effects: [Machine.Effect]) -> [String] {
        effects.flatMap { effect -> [String] in
            switch effect {
            case .admit(let waiter): ["\(waiter) is heard"]
            case .fail(let waiter, let error): ["\(waiter) failed: \(error.code)"]
            case .deliver(let listeners, let run):
                listeners.values.flatMap { listener in run.messages.map { "\(listener): \($0.string)" } }
            case .tell(let listener, .interrupted): ["\(listener) interrupted"]
            case .tell(let listener, .resumed): ["\(listener) resumed"]
            case .tell(let listener, .ended(let error)): ["\(listener) ended: \(error.code)"]
            }
        }.sorted()
    }
}
