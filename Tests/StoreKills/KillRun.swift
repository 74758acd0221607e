import Foundation
public import Larder

/// Lets a process write to a store, kills it, opens the store, and looks whether all that was acknowledged is there, and nothing
/// that is torn.
public struct KillRun: Sendable {
    private let kind: String
    private let path: String
    private let open: @Sendable () throws -> any CacheStore

    /// How many keys are written.
    public static let keys = 24
    /// How many tags there are.
    public static let tags = 3
    /// How many writers a test kills: more in a soak.
    public static var kills: Int { ProcessInfo.processInfo.environment["LARDER_SOAK"] == nil ? 20 : 200 }

    /// - Parameters:
    ///   - kind: The store's kind, as the program that writes knows it.
    ///   - path: Where it lies.
    ///   - open: Opens it in this process.
    public init(kind: String, path: String, open: @escaping @Sendable () throws -> any CacheStore) {
        self.kind = kind
        self.path = path
        self.open = open
    }

    /// What of a key is known.
    private enum Known: Equatable {
        case nothing
        case written(Int)
        case removed
    }

    /// What was found.
    public struct Outcome: Sendable {
        /// How many operations were acknowledged.
        public var acknowledged = 0
        /// How many values were read, all of them whole.
        public var values = 0
        /// How often a process was killed while it wrote.
        public var kills = 0
    }

    /// Kills so many writers.
    ///
    /// - Throws: ``KillFailure`` where a promise was broken; what the store throws.
    public func run(kills: Int) async throws -> Outcome {
        var outcome = Outcome()
        var known = Array(repeating: Known.nothing, count: Self.keys)
        var counter = 0
        var next = 1
        for kill in 0..<kills {
            let writer = try WriterProcess([self.kind, self.path, "\(next)"])
            // Now and then this process reads what the other one is writing.
            let watch = kill.isMultiple(of: 8) ? Task { [open = self.open] in try await Self.watch(open()) } : nil
            let lines = try await writer.kill9(
                afterLines: Int.random(in: 1...40),
                and: .microseconds(Int.random(in: 0...2_000))
            )
            watch?.cancel()
            if let watch { outcome.values += try await watch.value }
            // One that was killed before its first operation was done has acknowledged nothing, which is checked as well.
            guard lines.first == "ready" else { throw KillFailure("the writer has not begun: \(lines)") }
            for line in lines.dropFirst() { next = try Self.learn(line, &known, &counter) + 1 }
            outcome.acknowledged += lines.count - 1
            outcome.kills += 1
            // The operation that was under way may have been done or not.
            let store = try self.open()
            outcome.values += try await Self.check(store, known, counter, underWay: next)
            // What is there now is what is known; the next writer goes on with other numbers.
            (known, counter) = try await Self.look(store)
            await store.shutdown()
            next += 1
        }
        return outcome
    }

    /// Learns from what a writer has said: `set KEY NUMBER`, `remove KEY NUMBER`, `count SUM NUMBER`, `invalidate TAG NUMBER`, each
    /// with the number of the operation.
    private static func learn(_ line: String, _ known: inout [Known], _ counter: inout Int) throws -> Int {
        let words = line.split(separator: " ")
        guard words.count == 3, let subject = Int(words[1]), let number = Int(words[2]) else {
            throw KillFailure("the writer has said \(line.debugDescription)")
        }
        switch words[0] {
        case "set": known[subject] = .written(number)
        case "remove": known[subject] = .removed
        case "count": counter = subject
        case "invalidate":
            for key in known.indices where key % Self.tags == subject { known[key] = .removed }
        default: throw KillFailure("the writer has said \(line.debugDescription)")
        }
        return number
    }

    /// - Returns: How many values were read.
    private static func check(_ store: any CacheStore, _ known: [Known], _ counter: Int, underWay: Int) async throws
        -> Int
    {
        let cache = Self.cache(on: store)
        var values = 0
        for (key, known) in known.enumerated() {
            let found = try await cache.get(CacheKey<[UInt8]>("k\(key)"))
            let number = try found.map { bytes in
                guard let number = WrittenValue.number(of: bytes) else {
                    throw KillFailure("k\(key) holds a torn value of \(bytes.count) bytes")
                }
                return number
            }
            if number != nil { values += 1 }
            let isExpected: Bool
            switch known {
            case .written(let last):
                // Gone only if a removal was under way.
                isExpected = number == last || number == underWay || (number == nil && Self.removes(underWay, key))
            case .removed, .nothing: isExpected = number == nil || number == underWay
            }
            guard isExpected else {
                throw KillFailure(
                    "k\(key) was \(known), and holds \(number.map { "\($0)" } ?? "nothing"), \(underWay) was under way"
                )
            }
        }
        let sum = try await cache.get(CacheKey<Int>("counter")) ?? 0
        guard sum == counter || sum == counter + 1 else {
            throw KillFailure("the counter was \(counter), and is \(sum)")
        }
        return values
    }

    /// Reads all keys again and again until the task is cancelled.
    ///
    /// - Returns: How many values were read, all of them whole.
    private static func watch(_ store: any CacheStore) async throws -> Int {
        let cache = Self.cache(on: store)
        var values = 0
        while !Task.isCancelled {
            for key in 0..<Self.keys {
                guard let bytes = try await cache.get(CacheKey<[UInt8]>("k\(key)")) else { continue }
                guard WrittenValue.number(of: bytes) != nil else {
                    throw KillFailure("k\(key) holds a torn value of \(bytes.count) bytes while it is written")
                }
                values += 1
            }
            await Task.yield()
        }
        await store.shutdown()
        return values
    }

    private static func look(_ store: any CacheStore) async throws -> ([Known], Int) {
        let cache = Self.cache(on: store)
        var known: [Known] = []
        for key in 0..<Self.keys {
            let found = try await cache.get(CacheKey<[UInt8]>("k\(key)")).flatMap { WrittenValue.number(of: $0) }
            known.append(found.map { .written($0) } ?? .nothing)
        }
        return (known, try await cache.get(CacheKey<Int>("counter")) ?? 0)
    }

    private static func cache(on store: any CacheStore) -> Cache {
        Cache(store, namespace: "kills", defaults: .init(ttl: nil, failurePolicy: .throwing))
    }

    // MARK: What is written

    /// Whether an operation can take a key away.
    private static func removes(_ number: Int, _ key: Int) -> Bool {
        switch Operation(number) {
        case .remove(let removed): removed == key
        case .invalidate(let tag): key % Self.tags == tag
        default: false
        }
    }

    /// The operation of a number.
    enum Operation {
        case set(Int), remove(Int), count, invalidate(Int)

        init(_ number: Int) {
            let subject = number / 16 &* 7 &+ number
            self =
                switch number % 16 {
                case 3: .remove(subject % KillRun.keys)
                case 7, 11: .count
                case 15 where number.isMultiple(of: 5): .invalidate(subject % KillRun.tags)
                default: .set(subject % KillRun.keys)
                }
        }
    }

    /// Writes until the process is killed.
    ///
    /// - Parameters:
    ///   - store: The store.
    ///   - first: The number of the first operation.
    ///   - say: Says a line, at once.
    /// - Throws: What the store throws.
    public static func write(to store: any CacheStore, from first: Int, say: (String) -> Void) async throws {
        let cache = Self.cache(on: store)
        say("ready")
        for number in first... {
            switch Operation(number) {
            case .set(let key):
                let tags = ["t\(key % Self.tags)"]
                try await cache.set(CacheKey<[UInt8]>("k\(key)"), to: WrittenValue.bytes(number), tags: tags)
                say("set \(key) \(number)")
            case .remove(let key):
                try await cache.remove(CacheKey<[UInt8]>("k\(key)"))
                say("remove \(key) \(number)")
            case .count:
                let sum = try await cache.increment(CacheKey<Int>("counter"), initial: 0, ttl: nil)
                say("count \(sum) \(number)")
            case .invalidate(let tag):
                try await cache.invalidate(tags: ["t\(tag)"])
                say("invalidate \(tag) \(number)")
            }
        }
    }
}
