import Logging
import Synchronization

/// Says once that requests go on without their sessions, and once that they have them again, however many there are in between.
final class OutageNotice: Sendable {
    private let logger: Logger
    private let isOut = Atomic<Bool>(false)

    init(_ logger: Logger) {
        self.logger = logger
    }

    func failed(_ error: any Error) {
        guard !self.isOut.exchange(true, ordering: .relaxed) else { return }
        self.logger.warning("Requests go on without their sessions", metadata: ["larder.error": "\(error)"])
    }

    func succeeded() {
        // Nearly always: no write to what all cores read.
        guard self.isOut.load(ordering: .relaxed), self.isOut.exchange(false, ordering: .relaxed) else { return }
        self.logger.notice("Sessions can be read again")
    }
}
