import Larder
import Logging
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Does steps that write, under the folder's lock.
final class FileWriter: StepWorker {
    private let folder: FileFolder
    /// The lock's file; `nil` after the store was shut down.
    private let lock: Mutex<Int32?>

    /// - Throws: ``FileFailure``.
    init(_ folder: FileFolder) throws {
        self.folder = folder
        let descriptor = open(folder.lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileFailure(folder.lockPath, "could not be opened") }
        self.lock = Mutex(descriptor)
    }

    deinit { self.shutDown() }

    /// Gives the lock's file back.
    func shutDown() {
        self.lock.withLock { descriptor in
            if let descriptor { close(descriptor) }
            descriptor = nil
        }
    }

    func run(_ jobs: [StepJob], mayWait: Bool) -> StepOutcome {
        self.lock.withLock { descriptor in
            guard let descriptor else {
                for job in jobs { job.fail(self.folder.shutDown) }
                return .done(wantsUpkeep: false)
            }
            do {
                let limit = mayWait ? self.folder.configuration.busyTimeout : .zero
                guard try FolderLock.lock(descriptor, self.folder.lockPath, atMost: limit) else {
                    if !mayWait { return .wouldWait }
                    for job in jobs { job.fail(self.folder.locked) }
                    return .done(wantsUpkeep: false)
                }
            } catch {
                for job in jobs { job.fail(self.folder.unavailable(error)) }
                return .done(wantsUpkeep: false)
            }
            defer { flock(descriptor, LOCK_UN) }
            self.run(jobs)
            return .done(wantsUpkeep: false)
        }
    }

    private func run(_ jobs: [StepJob]) {
        var step: FileStep?
        for job in jobs {
            guard let space = job.owner as? FileSpace else { preconditionFailure("a job of another store") }
            let current = step ?? FileStep(self.folder, space, canWrite: true)
            step = current
            current.enter(space)
            job.run(current)
            do {
                // Before the job's caller goes on: then the bound holds.
                try current.cull()
            } catch let failure as FileFailure {
                current.failure = current.failure ?? failure
            } catch {
                preconditionFailure("only the system fails here")
            }
            if let failure = current.failure { job.fail(self.folder.unavailable(failure)) }
        }
        guard let step, !self.folder.notes.isEmpty else { return }
        do {
            try step.work(off: self.folder.notes.take())
        } catch {
            // The next reader notes the same again.
            self.folder.logger.debug(
                "Entries could not be tended to",
                metadata: ["larder.path": "\(self.folder.path)", "larder.error": "\(error)"]
            )
        }
    }

    func upkeep() {}
}

extension FileFolder {
    /// What a caller is told of anything that fails around the lock.
    func unavailable(_ error: any Error) -> CacheError {
        guard let failure = error as? FileFailure else {
            return CacheError(.unavailable, "the cache's folder could not be used", underlying: error)
        }
        return self.unavailable(failure)
    }

    /// What a caller is told after `shutdown`.
    var shutDown: CacheError {
        CacheError(.unavailable, "\(self.path) could not be used: the store was shut down")
    }

    /// What a caller is told who has waited in vain.
    var locked: CacheError {
        CacheError(
            .unavailable,
            "\(self.path) could not be used: another process has kept it locked for longer than \(self.configuration.busyTimeout)"
        )
    }

    /// An entry was read; it is marked again a second after it was marked last.
    func noteUse(_ number: UInt64, since used: Int64, now: Int64) {
        if now - used >= 1_000 { self.notes.noteUse(number) }
    }
}

/// One namespace of the folder.
struct FileStorage: LocalStorage {
    let folder: FileFolder
    let space: FileSpace
    let steps: StepQueue
    let isShutDown: ShutdownFlag

    var kind: String { FileStore.kind }
    var clock: CacheClock { self.folder.clock }
    var heaviestEntry: Int { self.folder.configuration.heaviestEntry }
    var signals: LeaseSignals { self.space.signals }

    func write<Result: Sendable>(
        _ body: @escaping @Sendable (any StoreStep) throws -> Result
    ) async throws -> Result {
        try await self.steps.perform(for: self.space, body)
    }

    /// Reads on the caller's thread, without a lock.
    func read<Result: Sendable>(
        _ body: @escaping @Sendable (any StoreStep) throws -> Result
    ) async throws -> Result {
        if self.isShutDown.isSet { throw self.folder.shutDown }
        do {
            return try body(FileStep(self.folder, self.space, canWrite: false))
        } catch let failure as FileFailure {
            throw self.folder.unavailable(failure)
        }
    }

    /// A file or two are read anyway; what they are good for, `read` finds out.
    func readNow(_ key: StoreKey) -> ImmediateLookup { .unknown }
}

/// Whether a store was shut down.
final class ShutdownFlag: Sendable {
    private let flag = Atomic(false)

    var isSet: Bool { self.flag.load(ordering: .acquiring) }

    func set() { self.flag.store(true, ordering: .releasing) }
}
