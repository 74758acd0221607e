import NIOCore
import Synchronization

/// Between the task that reads a client's body and the one that sends it on: one piece at a time, so that the slower of the two sets
/// the pace.
final class BodyPipe: Sendable {
    private struct State {
        var piece: ByteBuffer?
        /// How the body ended; nothing comes behind that.
        var end: Result<Void, any Error>?
        /// Whether nobody takes anything any more.
        var isAbandoned = false
        var reader: CheckedContinuation<Void, Never>?
        var writer: CheckedContinuation<Void, Never>?

        /// Whoever waits, to be woken.
        mutating func takeWaiting() -> [CheckedContinuation<Void, Never>] {
            defer { (self.reader, self.writer) = (nil, nil) }
            return [self.reader, self.writer].compactMap { $0 }
        }
    }

    /// The body is wanted no more.
    struct Abandoned: Error {}

    private let state = Mutex(State())

    /// Hands on a piece, as soon as the one before is taken.
    ///
    /// - Parameter piece: The piece; thrown away if nobody wants it.
    func write(_ piece: ByteBuffer) async {
        await self.wait(asReader: false) { $0.piece == nil || $0.isAbandoned }
        self.change { state in
            if !state.isAbandoned { state.piece = piece }
        }
    }

    /// Says that no piece follows.
    ///
    /// - Parameter error: Why, if the body did not come to its end.
    func finish(_ error: (any Error)? = nil) {
        self.change { state in
            if state.end == nil { state.end = error.map { .failure($0) } ?? .success(()) }
        }
    }

    /// Says that nobody takes anything any more.
    func abandon() {
        self.change { state in
            state.isAbandoned = true
            state.piece = nil
        }
    }

    /// The next piece; `nil` at the end.
    ///
    /// - Throws: What ``finish(_:)`` was told, or ``Abandoned``: what is not whole must not look as if it were.
    func next() async throws -> ByteBuffer? {
        await self.wait(asReader: true) { $0.piece != nil || $0.end != nil || $0.isAbandoned }
        try Task.checkCancellation()
        let (piece, end, isAbandoned) = self.state.withLock { state in
            defer { state.piece = nil }
            return (state.piece, state.end, state.isAbandoned)
        }
        self.change { _ in }
        if isAbandoned { throw Abandoned() }
        if let piece { return piece }
        try end?.get()
        return nil
    }

    private func change(_ change: (inout State) -> Void) {
        let waiting = self.state.withLock { state in
            change(&state)
            return state.takeWaiting()
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Waits until something is true, or the task is cancelled.
    private func wait(
        asReader isReader: Bool,
        until isDone: @Sendable (State) -> Bool
    ) async {
        while !Task.isCancelled, !self.state.withLock({ isDone($0) }) {
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let waits = self.state.withLock { state in
                        if isDone(state) || Task.isCancelled { return false }
                        if isReader { state.reader = continuation } else { state.writer = continuation }
                        return true
                    }
                    if !waits { continuation.resume() }
                }
            } onCancel: {
                // Both wake up, and who has no reason to goes on waiting.
                self.change { _ in }
            }
        }
    }
}

extension BodyPipe: AsyncSequence {
    typealias Element = ByteBuffer

    struct AsyncIterator: AsyncIteratorProtocol {
        let pipe: BodyPipe

        func next() async throws -> ByteBuffer? { try await self.pipe.next() }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(pipe: self) }
}
