import LarderTesting
import NIOCore
import Testing

@testable import LarderRedisClient

/// Random histories of listeners, connections and moving slots, against a model of a server.
@Suite(.timeLimit(.minutes(2))) struct SubscriptionHistoryTests {
    @Test(arguments: 0..<20) func nothingIsMissedWhileConnectedAndEveryLossIsTold(_ seed: UInt64) {
        for round in 0..<50 {
            var history = SubscriptionHistory(seed: seed << 32 | UInt64(round))
            for _ in 0..<300 { history.step() }
            history.settle()
            if !history.violations.isEmpty {
                Issue.record("seed \(seed), round \(round): \(history.violations.prefix(3))")
                return
            }
            #expect(history.heard > 0)
        }
    }
}

/// One history: a state machine, the server that it talks to, and what each listener has been told.
struct SubscriptionHistory {
    typealias Bench = SubscriptionBench

    /// The model of a listener.
    private struct Ear {
        let name: String
        /// Whether it has been told that it is heard, and not that it is deaf.
        var hears = false
        var wasAdmitted = false
        /// The number of the last message before it began to hear.
        var floor = 0
        var last: Int?
    }

    private static let names = ["a", "b", "~a*", "#s", "#t"]
    private static let channels = ["a": ["a", "~a*"], "b": ["b"], "ab": ["~a*"], "#s": ["#s"], "#t": ["#t"]]

    private var bench = Bench(connected: false)
    private var random: SeededGenerator
    private var ears: [String: Ear] = [:]
    private var nextID: UInt64 = 1
    private(set) var violations: [String] = []
    private(set) var heard = 0

    // The server.
    private var isConnected = false
    private var commands: [SubscriptionCommand] = []
    private var sent: [RESPValue] = []
    private var subscribed: Set<String> = []
    /// How many messages there have been under each name, heard or not.
    private var published: [String: Int] = [:]

    init(seed: UInt64) {
        self.random = SeededGenerator(seed: seed &* 0x9E37_79B9_7F4A_7C15 | 1)
    }

    private mutating func pick(_ count: Int) -> Int { Int(self.random.next() >> 8) % count }

    // MARK: Steps

    mutating func step() {
        switch self.pick(20) {
        case 0...2: self.listen()
        case 3...4: self.leave()
        case 5...7: self.write()
        case 8...10: self.serve()
        case 11...14: self.publish()
        case 15...17: self.read(1 + self.pick(6))
        case 18: self.moveSlot()
        default: if self.pick(4) == 0 { self.lose() }
        }
    }

    /// Lets everything come to rest, and looks whether it is as it should be.
    mutating func settle() {
        self.rest()
        for name in Self.channels.keys.sorted() { self.publish(name) }
        self.rest()
        for (id, ear) in self.ears {
            let last = self.published[ear.name] ?? 0
            if !ear.hears { self.violations.append("\(id) on \(ear.name) is deaf for ever") }
            if ear.last != last { self.violations.append("\(id) on \(ear.name) heard \(ear.last ?? -1) of \(last)") }
        }
        let wanted = Set(self.ears.values.map(\.name))
        if self.isConnected, self.subscribed != wanted {
            self.violations.append("subscribed to \(self.subscribed), wanted \(wanted)")
        }
        if self.bench.machine.nameCount != wanted.count { self.violations.append("names are left") }
    }

    private mutating func rest() {
        for _ in 0..<10 {
            self.write()
            while !self.commands.isEmpty { self.serve() }
            self.read(self.sent.count)
        }
    }

    private mutating func listen() {
        let name = Self.names[self.pick(Self.names.count)]
        let id = self.nextID
        self.nextID += 1
        self.ears["\(id)"] = Ear(name: name)
        if self.bench.listen(id, to: name) == "listens" { self.begins("\(id)") }
    }

    private mutating func leave() {
        guard !self.ears.isEmpty else { return }
        let id = self.ears.keys.sorted()[self.pick(self.ears.count)]
        let name = self.ears.removeValue(forKey: id)?.name ?? ""
        _ = self.bench.leave(UInt64(id) ?? 0, name)
    }

    private mutating func write() {
        let service = self.bench.service()
        if service.connect { self.connect() }
        self.commands += service.commands
    }

    private mutating func connect() {
        self.isConnected = self.bench.machine.established(at: self.bench.now)
        self.commands = []
        self.sent = []
        self.subscribed = []
    }

    private mutating func lose() {
        guard self.isConnected else { return }
        var effects: [Bench.Machine.Effect] = []
        let error = RedisError(.connectionClosed, message: "lost")
        let next = self.bench.machine.lost(error, at: self.bench.now, chance: 0, effects: &effects)
        self.isConnected = false
        self.note(effects)
        if next != nil { self.connect() }
    }

    private mutating func serve() {
        guard !self.commands.isEmpty else { return }
        switch self.commands.removeFirst() {
        case .subscribe(let name):
            self.subscribed.insert(Bench.text(name))
            self.sent.append(Bench.subscribed(Bench.text(name)))
        case .unsubscribe(let name):
            self.subscribed.remove(Bench.text(name))
            self.sent.append(Bench.unsubscribed(Bench.text(name)))
        case .ping:
            self.sent.append(Bench.pong)
        }
    }

    private mutating func publish() {
        self.publish(Self.channels.keys.sorted()[self.pick(Self.channels.count)])
    }

    private mutating func publish(_ channel: String) {
        for name in Self.channels[channel] ?? [] {
            let number = self.published[name, default: 0] + 1
            self.published[name] = number
            if self.subscribed.contains(name) { self.sent.append(Bench.message(name, "\(number)", on: channel)) }
        }
    }

    /// The slot of a shard channel leaves and comes back at once.
    private mutating func moveSlot() {
        let name = ["#s", "#t"][self.pick(2)]
        if self.subscribed.remove(name) != nil { self.sent.append(Bench.unsubscribed(name)) }
    }

    private mutating func read(_ count: Int) {
        let values = Array(self.sent.prefix(count))
        self.sent.removeFirst(values.count)
        guard self.isConnected, !values.isEmpty else { return }
        var effects: [Bench.Machine.Effect] = []
        if let violation = self.bench.read(values, &effects) { self.violations.append("\(violation)") }
        self.note(effects)
    }

    // MARK: What listeners are told

    private mutating func note(_ effects: [Bench.Machine.Effect]) {
        for effect in effects {
            switch effect {
            case .admit(let id): self.begins(id)
            case .fail(let id, let error): self.violations.append("\(id) failed: \(error)")
            case .deliver(let listeners, let run):
                for id in listeners.values { for message in run.messages { self.hears(id, message) } }
            case .tell(let id, .interrupted): self.stops(id)
            case .tell(let id, .resumed):
                if self.ears[id]?.wasAdmitted != true { self.violations.append("\(id) resumed before it began") }
                self.begins(id)
            case .tell(let id, .ended(let error)): self.violations.append("\(id) ended: \(error)")
            }
        }
    }

    private mutating func begins(_ id: String) {
        guard var ear = self.ears[id] else { return self.violations.append("\(id) begins, but has left") }
        if ear.hears { self.violations.append("\(id) begins twice") }
        ear.hears = true
        ear.wasAdmitted = true
        ear.floor = self.published[ear.name] ?? 0
        ear.last = nil
        self.ears[id] = ear
    }

    private mutating func stops(_ id: String) {
        guard let ear = self.ears[id], ear.hears else { return self.violations.append("\(id) stops without hearing") }
        self.ears[id]?.hears = false
    }

    private mutating func hears(_ id: String, _ message: RedisMessage) {
        guard let ear = self.ears[id], ear.hears, let number = Int(message.string) else {
            return self.violations.append("\(id) hears a message while it should not")
        }
        self.heard += 1
        if let last = ear.last, number != last + 1 {
            self.violations.append("\(id) on \(ear.name) hears \(number) after \(last)")
        } else if ear.last == nil, number > ear.floor + 1 {
            self.violations.append("\(id) on \(ear.name) hears \(number) first, after \(ear.floor)")
        }
        self.ears[id]?.last = number
    }
}
