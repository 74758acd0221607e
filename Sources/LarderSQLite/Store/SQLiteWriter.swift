import Larder
import Logging
import Synchronization

/// The one connection that writes: a step is a transaction.
final class SQLiteWriter: StepWorker {
    private let file: SQLiteFileState
    /// The connection, and how many pages the log had when it was brought into the database last, if it has not begun anew
    /// since: a reader that goes on for long leaves it as it is, and not every step may try again.
    private struct State {
        var connection: SQLiteConnection
        var pagesAtCheckpoint = 0

        mutating func wantsCheckpoint() -> Bool {
            let pages = self.connection.pagesInLog
            if pages < self.pagesAtCheckpoint { self.pagesAtCheckpoint = 0 }
            guard pages - self.pagesAtCheckpoint >= SQLiteWriter.mostPagesInLog else { return false }
            self.pagesAtCheckpoint = pages
            return true
        }
    }

    /// `nil` after the store was shut down.
    private let state: Mutex<State?>
    /// Brings the log into the database; another connection, since writers of other processes go on meanwhile.
    private let checkpointer: Mutex<SQLiteConnection?>

    /// How many pages of the log are brought into the database at a time: 4 MiB, SQLite's own default.
    private static let mostPagesInLog = 1_000

    /// - Throws: ``SQLiteFailure``.
    init(_ file: SQLiteFileState) throws {
        self.file = file
        let connection = try SQLiteConnection(
            file.configuration.path,
            file.configuration.pragmas,
            atMost: file.configuration.busyTimeout
        )
        connection.countLogPages()
        self.state = Mutex(State(connection: connection))
        let checkpointer = try SQLiteConnection(
            file.configuration.path,
            file.configuration.pragmas,
            atMost: file.configuration.busyTimeout
        )
        self.checkpointer = Mutex(checkpointer)
    }

    func run(_ jobs: [StepJob], mayWait: Bool) -> StepOutcome {
        self.state.withLock { state in
            guard let connection = state?.connection else {
                for job in jobs { job.fail(self.file.shutDown) }
                return .done(wantsUpkeep: false)
            }
            connection.failure = nil
            do {
                if mayWait { connection.wait(atMost: self.file.configuration.busyTimeout) }
                defer { if mayWait { connection.wait(atMost: .zero) } }
                try connection.run(.begin)
            } catch {
                let failure = connection.lastFailure()
                if failure.isBusy, !mayWait { return .wouldWait }
                for job in jobs { job.fail(self.file.unavailable(failure)) }
                return .done(wantsUpkeep: false)
            }
            do {
                let step = SQLiteStep(connection, file: self.file, canWrite: true)
                try self.run(jobs, step, connection)
                try step.writeTotals()
                try connection.run(.commit)
                step.publish()
            } catch {
                let failure = connection.failure ?? connection.lastFailure()
                // Some failures have ended the transaction already. If this one fails as well, the next step says so.
                if connection.isInTransaction { try? connection.run(.rollback) }
                for job in jobs { job.fail(self.file.unavailable(failure)) }
            }
            return .done(wantsUpkeep: state?.wantsCheckpoint() ?? false)
        }
    }

    /// - Throws: Where something failed that leaves the step as a whole without effect.
    private func run(_ jobs: [StepJob], _ step: SQLiteStep, _ connection: SQLiteConnection) throws {
        for job in jobs {
            if let space = job.owner as? SQLiteSpace { try step.enter(space) }
            job.run(step)
            // The job's own error may be about what it was asked to do; this is about the file.
            if let failure = connection.failure { throw failure }
        }
        if !self.file.notes.isEmpty { try step.work(off: self.file.notes.take()) }
        try step.cull(self.file.configuration)
    }

    func upkeep() {
        self.checkpointer.withLock { connection in
            guard let connection else { return }
            connection.failure = nil
            do {
                try connection.checkpoint()
            } catch {
                // The log stays as it is, and the next time comes soon. What is wrong with the file, writers will be told.
                self.file.logger.debug(
                    "A database's log could not be brought into it",
                    metadata: ["larder.path": "\(self.file.configuration.path)", "larder.error": "\(error)"]
                )
            }
        }
    }

    /// Closes both connections.
    func close() {
        self.state.withLock { $0 = nil }
        self.checkpointer.withLock { $0 = nil }
    }
}
