import Foundation

/// What several tasks did with one namespace of a store through several caches, call by call.
///
/// Each value names the key and the fill or write that made it, `b:1#17`, so whoever reads a history can tell which of
/// them a call has seen. All moments are nanoseconds from the history's beginning, of one monotonic clock, and no
/// two are equal: the order of moments is the order of events.
public struct History: Sendable, Hashable, Codable {
    /// The seed that it was made from.
    public var seed: UInt64

    /// The calls, by their beginning.
    public var calls: [HistoryCall]

    /// When the store could not be asked, or lost something.
    public var outages: [HistoryOutage] = []
    /// From when on an entry could be lost at any time, as one that a cache's store does not trust any more; `nil`, never.
    public var entriesAreLoseableFrom: Int64?

    /// When the caches' client has seen that the server has started anew, and may have forgotten what it had
    /// acknowledged; `nil` where it has not.
    public var restart: Int64?

    /// When acknowledged writes may have been lost: those of calls that overlap with one of these.
    public var losses: [HistoryLoss] = []

    /// What has happened to the servers of a deployment.
    public var incidents: [HistoryIncident] = []

    /// When the machine did not let anybody go on.
    public var stalls: [HistoryStall] = []

    /// How many disturbances there were.
    public var disturbances = 0

    /// Describes a history.
    ///
    /// - Parameters:
    ///   - seed: The seed that it was made from.
    ///   - calls: The calls, by their beginning.
    public init(seed: UInt64, calls: [HistoryCall]) {
        self.seed = seed
        self.calls = calls
    }

    /// The history as JSON objects, one a call and a line, for a checker that is not this one.
    ///
    /// - Returns: The lines, each with its line break.
    /// - Throws: What `JSONEncoder` throws.
    public func jsonLines() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var lines = ""
        for call in self.calls { lines += String(decoding: try encoder.encode(call), as: UTF8.self) + "\n" }
        return lines
    }

    /// A number that two histories share only if they went the same way (FNV-1a of their text).
    public var digest: UInt64 {
        self.calls.reduce(0xCBF2_9CE4_8422_2325) { hash, call in
            call.description.utf8.reduce(hash) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        }
    }
}

/// One call of one task on one cache.
public struct HistoryCall: Sendable, Hashable, Codable {
    /// What was called.
    public enum Operation: String, Sendable, Hashable, Codable, CaseIterable {
        /// `get`
        case get
        /// `fetch`
        case fetch
        /// `fetchMany`
        case fetchMany
        /// `set`
        case set
        /// `add`
        case add
        /// `increment`
        case increment
        /// `remove`
        case remove
        /// `removeAll(matching:)`
        case removeMatching
        /// `invalidate(tags:)`
        case invalidate
        /// `expire(tags:)`
        case expire
        /// `clear`
        case clear
    }

    /// The seed of the history that the call belongs to.
    public var history: UInt64
    /// The call's number in its history.
    public var id: Int
    /// The cache that was called: one stands for one process.
    public var process: Int
    /// The task that called.
    public var task: Int
    /// What was called.
    public var operation: Operation
    /// The keys that it named.
    public var keys: [String] = []
    /// The pattern of `removeAll(matching:)`.
    public var pattern: String?
    /// The tags that it named.
    public var tags: [String] = []
    /// How long what it stores stays fresh, in milliseconds; `nil`, for ever.
    public var ttl: Int?
    /// For how many milliseconds after that `fetch` may return what it stores, where a fill fails or takes long.
    public var grace = 0
    /// Whether values may be filled anew while they are fresh.
    public var refreshes = false
    /// The value that `set` and `add` were given.
    public var written: String?
    /// What `increment` was to add.
    public var delta: Int?
    /// What it returned for each key: of reads, a value or `nil`.
    public var values: [String?] = []
    /// The counter that `increment` and the `get` of a counter returned.
    public var number: Int?
    /// Whether `add` wrote.
    public var hasWritten: Bool?
    /// The kind of error that it threw: nobody knows then whether it took effect.
    public var error: String?
    /// Where it threw: the moment after which it has no effect any more, because what it had sent was dealt with by then or
    /// will never arrive; `nil` where nobody knows.
    public var settled: Int64?
    /// When it began.
    public var begin: Int64
    /// When it returned or threw; `nil` where it did neither.
    public var end: Int64?
    /// The fills that it began, in the order of their beginnings; they may outlive it.
    public var fills: [HistoryFill] = []

    /// Describes a call; what else there is to say is said by its properties.
    ///
    /// - Parameters:
    ///   - operation: What was called.
    ///   - history: The seed of the history that the call belongs to.
    ///   - id: The call's number in its history.
    ///   - process: The cache that was called.
    ///   - task: The task that called.
    ///   - begin: When it began.
    ///   - end: When it returned or threw.
    public init(
        _ operation: Operation,
        history: UInt64 = 0,
        id: Int = 0,
        process: Int = 0,
        task: Int = 0,
        begin: Int64,
        end: Int64? = nil
    ) {
        self.operation = operation
        self.history = history
        self.id = id
        self.process = process
        self.task = task
        self.begin = begin
        self.end = end
    }

    /// Whether it has returned and thrown nothing.
    public var hasSucceeded: Bool { self.end != nil && self.error == nil }
}

/// A time in which the store did not do what stores do.
public struct HistoryOutage: Sendable, Hashable, Codable {
    /// When it began: for a call to the store that failed, when that was made.
    public var begin: Int64
    /// When it was over, and what had been sent in it had taken effect or never would; `nil` where nobody knows.
    public var end: Int64?
    /// Whether entries, leases or tags may have been lost in it.
    public var losesEntries: Bool

    /// Describes an outage.
    ///
    /// - Parameters:
    ///   - begin: When it began.
    ///   - end: When it was over.
    ///   - losesEntries: Whether entries, leases or tags may have been lost in it.
    public init(begin: Int64, end: Int64?, losesEntries: Bool = false) {
        self.begin = begin
        self.end = end
        self.losesEntries = losesEntries
    }
}

/// One run of a fill.
public struct HistoryFill: Sendable, Hashable, Codable {
    /// How it ended.
    public enum Outcome: String, Sendable, Hashable, Codable {
        /// With its values.
        case finished
        /// With an error.
        case failed
        /// Its task was cancelled, whatever it brought.
        case cancelled
    }

    /// A tag that the fill took while it ran.
    public struct Dependency: Sendable, Hashable, Codable {
        /// The tag.
        public var tag: String
        /// When the fill began to take it.
        public var begin: Int64
        /// When it had it.
        public var end: Int64

        /// Describes a tag that a fill took.
        ///
        /// - Parameters:
        ///   - tag: The tag.
        ///   - begin: When the fill began to take it.
        ///   - end: When it had it.
        public init(tag: String, begin: Int64, end: Int64) {
            self.tag = tag
            self.begin = begin
            self.end = end
        }
    }

    /// The values that it made, one a key.
    public var values: [String]
    /// When it began.
    public var begin: Int64
    /// When it ended; `nil` where it did not.
    public var end: Int64?
    /// How it ended.
    public var outcome: Outcome?
    /// The tags that it took before it read its data.
    public var dependencies: [Dependency] = []
    /// The tags that it added with its value.
    public var lateTags: [String] = []
    /// The values of inner fetches that its own is made of: their tags are its tags.
    public var parts: [String] = []
    /// Whether it let its value be stored.
    public var isStored = true

    /// Describes a fill.
    ///
    /// - Parameters:
    ///   - values: The values that it made, one a key.
    ///   - begin: When it began.
    ///   - end: When it ended.
    ///   - outcome: How it ended.
    public init(values: [String], begin: Int64, end: Int64? = nil, outcome: Outcome? = nil) {
        self.values = values
        self.begin = begin
        self.end = end
        self.outcome = outcome
    }
}

extension HistoryCall: CustomStringConvertible {
    /// The call in one line, for people: who, what, what came of it, when, in microseconds.
    public var description: String {
        var text = "process \(self.process) task \(self.task) call \(self.id): \(self.operation.rawValue)"
        text += self.keys.map { " \($0)" }.joined()
        if let pattern = self.pattern { text += " \(pattern)" }
        if let written = self.written { text += " to \(written)" }
        if let delta = self.delta { text += " by \(delta)" }
        if !self.tags.isEmpty { text += " under \(self.tags.joined(separator: ", "))" }
        if self.written != nil || !self.fills.isEmpty { text += " for \(self.ttl.map { "\($0) ms" } ?? "ever")" }
        if let error = self.error {
            text += ", threw \(error)"
            if let settled = self.settled { text += ", settled at \(Self.time(settled))" }
        } else if let number = self.number {
            text += ", returned \(number)"
        } else if let hasWritten = self.hasWritten {
            text += ", returned \(hasWritten)"
        } else if !self.values.isEmpty {
            text += ", returned \(self.values.map { $0 ?? "nil" }.joined(separator: " "))"
        }
        text += " (\(Self.time(self.begin)) to \(Self.time(self.end)))"
        return text + self.fills.map { "; \($0)" }.joined()
    }

    /// A moment in microseconds.
    static func time(_ moment: Int64?) -> String {
        guard let moment else { return "never" }
        let rest = String(moment % 1_000)
        return "\(moment / 1_000).\(String(repeating: "0", count: 3 - rest.count))\(rest)"
    }
}

extension HistoryFill: CustomStringConvertible {
    /// The fill in a few words, for people.
    public var description: String {
        var text = "fill of \(self.values.joined(separator: " "))"
        for taken in self.dependencies {
            text += ", took \(taken.tag) \(HistoryCall.time(taken.begin)) to \(HistoryCall.time(taken.end))"
        }
        if !self.lateTags.isEmpty { text += ", added \(self.lateTags.joined(separator: ", "))" }
        if !self.parts.isEmpty { text += ", with \(self.parts.joined(separator: ", "))" }
        if !self.isStored { text += ", not to be stored" }
        let outcome = self.outcome?.rawValue ?? "not ended"
        return text + ", \(outcome) (\(HistoryCall.time(self.begin)) to \(HistoryCall.time(self.end)))"
    }
}
