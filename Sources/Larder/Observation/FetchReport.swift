import Synchronization

/// How the fetches of a piece of code went, whoever makes them: the code itself, an `@Cached` function, a library.
///
/// ```swift
/// let (page, report) = try await FetchReport.collecting { try await repository.page(3) }
/// response.headers[.cacheStatus] = report.isHit ? "Larder; hit" : "Larder; fwd=miss"
/// ```
///
/// What a fill fetches is the fill's affair: only those fetches count that the code, and the tasks that it starts, make
/// outside of fills.
public struct FetchReport: Sendable, Hashable {
    /// One fetch of one key.
    public struct Entry: Sendable, Hashable {
        /// The key, without its namespace.
        public let key: String

        /// Where the value came from.
        public let outcome: FetchOutcome

        /// Whether there was an entry past its time to live, or one of whose tags was expired.
        public let foundStale: Bool
    }

    /// The fetches that have ended, in the order of their ends.
    public let entries: [Entry]

    /// Whether there were any, and all of them found fresh entries.
    public var isHit: Bool {
        !self.entries.isEmpty
            && self.entries.allSatisfy { entry in
                if case .hit = entry.outcome { true } else { false }
            }
    }

    /// Runs code, and reports how the fetches that it makes went.
    ///
    /// Reports within reports each have all that is fetched in them. A fetch that throws, and one that ends when the code has, is in none.
    ///
    /// - Parameter body: The code.
    /// - Returns: What the code returns, and the report.
    /// - Throws: What the code throws.
    public static func collecting<Result>(
        _ body: () async throws -> Result
    ) async rethrows -> (result: Result, report: FetchReport) {
        let recorder = FetchRecorder(within: FetchRecorder.current)
        FetchRecorder.count.add(1, ordering: .relaxed)
        defer { FetchRecorder.count.subtract(1, ordering: .relaxed) }
        // Tasks that the code has left behind go on fetching, for nobody.
        defer { _ = recorder.close() }
        let result = try await FetchRecorder.$current.withValue(recorder) { try await body() }
        return (result, FetchReport(entries: recorder.close()))
    }

    /// What became of a value that was made, or looked for, and is in no store.
    static var notStored: FetchOutcome {
        .filled(FillInfo(isStored: false, freshFor: .zero, cost: .zero, storeWasUnavailable: false))
    }

    /// Notes that a value was read where it comes from, without a fetch, or after one that brought what could not be trusted.
    ///
    /// - Parameter key: The key of the fetch.
    package static func noteReadPastTheCache(_ key: String) {
        FetchRecorder.active?.note(Entry(key: key, outcome: Self.notStored, foundStale: false))
    }
}

/// What gathers a report.
final class FetchRecorder: Sendable {
    @TaskLocal static var current: FetchRecorder?

    /// How many reports are being gathered: looking for a task-local value costs several times as much as reading this.
    static let count = Atomic<Int>(0)

    private let outer: FetchRecorder?
    /// The fill in which the code runs itself.
    private let fill: (any AnyFillScope)?
    /// Nothing once the report is made.
    private let gathered = Mutex<[FetchReport.Entry]?>([])

    init(within outer: FetchRecorder?) {
        self.outer = outer
        self.fill = CurrentFill.scope
    }

    /// Ends gathering.
    ///
    /// - Returns: What was gathered; nothing the second time.
    func close() -> [FetchReport.Entry] {
        self.gathered.withLock { gathered in
            defer { gathered = nil }
            return gathered ?? []
        }
    }

    /// The one for which the current task gathers.
    @inline(__always)
    static var active: FetchRecorder? {
        self.count.load(ordering: .relaxed) == 0 ? nil : self.found
    }

    @inline(never)
    private static var found: FetchRecorder? {
        guard let recorder = self.current, recorder.fill === CurrentFill.scope else { return nil }
        return recorder
    }

    func note(_ outcome: FetchOutcome, _ key: StoreKey, foundStale: Bool) {
        self.note(FetchReport.Entry(key: key.name, outcome: outcome, foundStale: foundStale))
    }

    func note(_ entry: FetchReport.Entry) {
        self.gathered.withLock { $0?.append(entry) }
        // Around a fill there may be a report that has nothing to do with what the fill fetches.
        if let outer = self.outer, outer.fill === self.fill { outer.note(entry) }
    }
}
