import Dispatch
import Logging
import Synchronization

/// Keeps the invalidations that the store has not heard of, in memory and, where a path is given, on disk.
final class InvalidationLog: Sendable {
    private let pending: Mutex<PendingInvalidations>
    /// Used on the queue only.
    private let file = Mutex<InvalidationFile?>(nil)
    private let path: String?
    private let namespace: CacheNamespace
    private let logger: Logger
    /// What changes the log happens here, one after the other: the disk may take its time, and tasks' threads are few.
    private let queue = DispatchQueue(label: "larder.invalidations")
    private let isOwing: Atomic<Bool>

    /// - Parameters:
    ///   - policy: How many to keep, and where.
    ///   - namespace: The cache's part of the store.
    ///   - logger: Where a file is reported that cannot be emptied.
    init(_ policy: InvalidationPolicy.Replay, namespace: CacheNamespace, logger: Logger) {
        self.pending = Mutex(PendingInvalidations(limit: policy.limit))
        self.path = policy.path
        self.namespace = namespace
        self.logger = logger
        // Nobody knows yet what is in the file.
        self.isOwing = Atomic(policy.path != nil)
    }

    /// Whether the store may have to be told something before anything is read or written.
    var needsReplay: Bool { self.isOwing.load(ordering: .acquiring) }

    /// How many invalidations are kept.
    var count: Int { self.pending.withLock { $0.count } }

    /// Keeps invalidations; with a file they have reached the disk when this returns.
    ///
    /// All of them are kept, or none.
    ///
    /// - Parameters:
    ///   - invalidations: What the store has not heard of.
    ///   - cause: Why it could not be told.
    /// - Throws: ``CacheError``: ``CacheError/Code/unavailable`` where the log is full, ``CacheError/Code/fileFailed``.
    func keep(_ invalidations: [Invalidation], because cause: CacheError) async throws {
        try await self.onQueue {
            do {
                try self.keepNow(invalidations, because: cause)
            } catch let error as CacheError where error.code == .fileFailed {
                throw CacheError(
                    .fileFailed,
                    "the invalidation was not kept for replay: \(error.message)",
                    underlying: cause
                )
            }
        }
    }

    /// Takes what the store is to be told next; ``batchEnded(isDone:)`` follows.
    ///
    /// - Returns: `nil` where nothing is owed any more.
    /// - Throws: ``CacheError`` with ``CacheError/Code/fileFailed`` where the file cannot be read.
    func takeBatch() async throws -> InvalidationBatch? {
        try await self.onQueue {
            try self.loadIfNeeded()
            if let batch = self.pending.withLock({ $0.takeBatch() }) { return batch }
            self.emptyFile()
            self.isOwing.store(false, ordering: .releasing)
            return nil
        }
    }

    /// The store has been told, or could not be.
    func batchEnded(isDone: Bool) async throws {
        try await self.onQueue { self.pending.withLock { $0.batchEnded(isDone: isDone) } }
    }

    // MARK: On the queue

    private func onQueue<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            self.queue.async { continuation.resume(with: Swift.Result { try body() }) }
        }
    }

    private func keepNow(_ invalidations: [Invalidation], because cause: CacheError) throws {
        try self.loadIfNeeded()
        guard let news = self.pending.withLock({ $0.news(in: invalidations) }) else {
            let limit = self.pending.withLock { $0.limit }
            throw CacheError(
                .unavailable,
                "the invalidation was not kept for replay: the log is full, \(limit) are kept at most",
                underlying: cause
            )
        }
        if news.isEmpty { return }
        try self.write(news)
        self.pending.withLock { pending in
            for invalidation in news { pending.add(invalidation) }
        }
        self.isOwing.store(true, ordering: .releasing)
    }

    private func loadIfNeeded() throws {
        guard let path = self.path else { return }
        try self.file.withLock { file in
            guard file == nil else { return }
            let opened = try InvalidationFile(path, namespace: self.namespace)
            let kept = try opened.load()
            self.pending.withLock { pending in
                for invalidation in kept { pending.add(invalidation) }
            }
            file = opened
        }
    }

    private func write(_ news: [Invalidation]) throws {
        let (all, limit) = self.pending.withLock { ($0.all, $0.limit) }
        try self.file.withLock { file in
            guard let file else { return }
            // Replays that come halfway leave lines of what is done; `clear` leaves those of what it has swallowed.
            if file.lineCount + news.count > 2 * limit + 100 {
                try file.replace(with: news == [.clear] ? news : all + news)
            } else {
                try file.append(news)
            }
        }
    }

    private func emptyFile() {
        do {
            try self.file.withLock { try $0?.empty() }
        } catch {
            // What is in it was carried out; the next process would do so again, which costs some misses.
            self.logger.warning(
                "The file of invalidations could not be emptied after their replay",
                metadata: ["larder.error": "\(error)"]
            )
        }
    }
}
