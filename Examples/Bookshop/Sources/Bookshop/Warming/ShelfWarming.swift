import Larder
import LarderSQLite
import Logging
import ServiceLifecycle

/// How the warming of the shelves goes, as one line.
enum WarmingReport: Sendable, Equatable, CustomStringConvertible {
    case progress(done: Int, of: Int)
    /// It has ended before its end.
    case givenUp(Reason)

    /// Why it has ended.
    enum Reason: String, Sendable {
        case unreachable = "the store of the cache cannot be reached"
        case failing = "too many of them could not be read, or not be kept"
    }

    var isLast: Bool {
        switch self {
        case .progress(let done, let total): done == total
        case .givenUp: true
        }
    }

    var description: String {
        switch self {
        case .progress(let done, let total): "Warming shelves: \(grouped(done)) of \(grouped(total))"
        case .givenUp(let reason): "The shelves are not warmed: \(reason.rawValue). The shop is open all the same."
        }
    }
}

/// Brings into the cache what visitors look at first: the home page, and of each shelf its top and its first page.
///
/// It goes on beside the visitors, a few shelves at a time. Nothing waits for it, and nothing depends on it.
struct ShelfWarming: Service {
    /// What was read is not in the cache, because its store could not be asked or told.
    private struct NotKept: Error {}

    private let repository: BookRepository
    private let warmer: Warmer
    private let tell: @Sendable (WarmingReport) -> Void

    /// How many shelves may come to nothing before the rest is not tried.
    private static let mostFailures = 5

    /// - Parameters:
    ///   - repository: The books.
    ///   - logger: Where failures are reported.
    ///   - tell: Told how it goes.
    init(_ repository: BookRepository, logger: Logger, tell: @escaping @Sendable (WarmingReport) -> Void) {
        self.repository = repository
        self.tell = tell
        let home = WarmingFill.calls("home", { [1] }) { number in
            try await Self.keep(repository) { _ = try await repository.page(number, ofShelf: nil) }
        }
        let shelves = WarmingFill.calls("shelves", { try await repository.shelves().map(\.slug) }) { slug in
            try await Self.keep(repository) {
                _ = try await repository.top(ofShelf: slug)
                _ = try await repository.page(1, ofShelf: slug)
            }
        }
        // The books' pages have to leave some of the machine to the visitors.
        let options = WarmerOptions(concurrency: 2, failureLimit: Self.mostFailures)
        self.warmer = Warmer([home, shelves], options, logger: logger) { progress in
            tell(.progress(done: progress.done, of: progress.total))
        }
    }

    /// Reads something into the cache.
    ///
    /// - Throws: ``NotKept``, where nobody else would notice: the shop reads on without a store.
    private static func keep(_ repository: BookRepository, _ read: () async throws -> Void) async throws {
        let (_, report) = try await FetchReport.collecting(read)
        let isUnavailable = report.entries.contains { entry in
            if case .filled(let info) = entry.outcome { info.storeWasUnavailable } else { false }
        }
        // What is not kept because a title has just changed is no failure; the next visitor fetches it.
        if isUnavailable || repository.books.statistics.pending > 0 { throw NotKept() }
    }

    /// Warms once, then waits for the end of the shop.
    func run() async throws {
        await cancelWhenGracefulShutdown { await self.warm() }
        // It throws when the task is cancelled, which means the same here: the end of the service.
        try? await gracefulShutdown()
    }

    private func warm() async {
        do {
            // A store that has not heard yet that the catalogue is a new one keeps nothing of it. The empty transaction
            // waits for that, a second at most.
            try await self.repository.books.write { _ in }
            guard self.repository.books.statistics.pending == 0 else { return self.tell(.givenUp(.unreachable)) }
            try await self.warmer.warm()
        } catch is CancellationError {
            // The shop closes.
        } catch {
            self.tell(.givenUp(.failing))
        }
    }
}
