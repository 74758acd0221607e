import Dispatch
import Synchronization

/// Hashes passwords one after the other, on a thread of its own.
///
/// A hash takes a fraction of a second and 16 MiB. On the threads that serve requests, as many as there are processors would keep every
/// page waiting; here they keep waiting who signs in. How many wait is bounded, and so is for how long: who comes then is told to
/// come back. Each hash has its request waiting for it, so when the last request is answered nothing is left to end.
final class PasswordWork: Sendable {
    /// So many wait already that nobody else may.
    struct Full: Error, Equatable {
        /// When to come back, in seconds: by then those who wait are done.
        let retryAfter: Int
    }

    /// How many wait at most for the one whose turn it is.
    static let mostWaiting = 16

    private let mostAdmitted: Int
    private let admitted = Mutex(0)
    private let queue = DispatchQueue(label: "bookshop.passwords")

    /// - Parameter mostWaiting: How many wait at most for the one whose turn it is.
    init(mostWaiting: Int = PasswordWork.mostWaiting) {
        self.mostAdmitted = mostWaiting + 1
    }

    /// How many are there: the one whose turn it is, and those who wait.
    var count: Int { self.admitted.withLock { $0 } }

    /// Does some work when its turn comes.
    ///
    /// - Parameter work: The work.
    /// - Returns: What comes of it.
    /// - Throws: ``Full``; what the work throws.
    func run<Answer: Sendable>(_ work: @escaping @Sendable () throws -> Answer) async throws -> Answer {
        let isAdmitted = self.admitted.withLock { count in
            guard count < self.mostAdmitted else { return false }
            count += 1
            return true
        }
        guard isAdmitted else { throw Full(retryAfter: 5) }
        defer { self.admitted.withLock { $0 -= 1 } }
        return try await withCheckedThrowingContinuation { continuation in
            self.queue.async { continuation.resume(with: Result(catching: work)) }
        }
    }
}
