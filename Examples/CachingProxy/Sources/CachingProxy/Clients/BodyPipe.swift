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
        /// Whether whoever takes the body has all of it.
        var isTaken = false
        /// Hears that the rest is not wanted.
        var onAbandon: (@Sendable () -> Void)?
        /// Since when what is there has been there.
        var since = ContinuousClock.now
        var reader: CheckedContinuation<Void, Never>?
        var writer: CheckedContinuation<Void, Never>?
        var watcher: CheckedContinuation<Void, Never>?

        /// Whoever waits, to be woken.
        mutating func takeWaiting() -> [CheckedContinuation<Void, Never>] {
            defer { (self.reader, self.writer, self.watcher) = (nil, nil, nil) }
            return [self.reader, self.writer, self.watcher].compactMap { $0 }
        }
    }

    /// The body is wanted no more.
    struct Abandoned: Error {}

    private let state = Mutex(State())

    /// Hands on a piece, as soon as the one before is taken.
    ///
    /// - Parameter piece: The piece; thrown away if nobody wants it.
    func write(_ piece: ByteBuffer) async {
        await self.wait(as: \.writer) { $0.piece == nil || $0.isAbandoned }
        self.change { state in
            guard !state.isAbandoned else { return }
            state.piece = piece
            state.since = .now
        }
    }

    /// Says that no piece follows.
    ///
    /// - Parameter error: Why, if the body did not come to its end.
    func finish(_ error: (any Error)? = nil) {
        self.change { state in
            guard state.end == nil else { return }
            state.end = error.map { .failure($0) } ?? .success(())
            state.since = .now
        }
    }

    /// Says that nobody takes anything any more.
    func abandon() {
        var onAbandon: (@Sendable () -> Void)?
        self.change { state in
            state.isAbandoned = true
            state.piece = nil
            if !state.isTaken { onAbandon = state.onAbandon }
            state.onAbandon = nil
        }
        onAbandon?()
    }

    /// Says what to do if the body is abandoned before all of it was taken.
    func whenAbandoned(_ onAbandon: @escaping @Sendable () -> Void) {
        self.state.withLock { $0.onAbandon = onAbandon }
    }

    /// The next piece; `nil` at the end.
    ///
    /// - Throws: What ``finish(_:)`` was told, or ``Abandoned``: what is not whole must not look as if it were.
    func next() async throws -> ByteBuffer? {
        await self.wait(as: \.reader) { $0.piece != nil || $0.end != nil || $0.isAbandoned }
        try Task.checkCancellation()
        let (piece, end, isAbandoned) = self.state.withLock { state in
            if state.piece == nil, !state.isAbandoned { state.isTaken = true }
            defer { state.piece = nil }
            return (state.piece, state.end, state.isAbandoned)
        }
        self.change { _ in }
        if isAbandoned { throw Abandoned() }
        if let piece { return piece }
        try end?.get()
        return nil
    }

    /// Waits for the body to break off, also while nobody takes what came of it.
    ///
    /// - Throws: What ``finish(_:)`` was told. Otherwise this returns when nothing more can go wrong.
    func failure() async throws {
        await self.wait(as: \.watcher) { $0.end != nil || $0.isAbandoned }
        try Task.checkCancellation()
        try self.state.withLock { $0.end }?.get()
    }

    /// Waits until something is there that nobody has taken for a time, or, behind the end, until that is so long ago.
    ///
    /// - Parameter patience: The time.
    /// - Throws: `CancellationError`.
    func stall(_ patience: Duration) async throws {
        while true {
            let left = self.state.withLock { state in
                state.piece == nil && state.end == nil ? patience : patience - (.now - state.since)
            }
            guard left > .zero else { return }
            try await Task.sleep(for: left)
        }
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
        as role: any WritableKeyPath<State, CheckedContinuation<Void, Never>?> & Sendable,
        until isDone: @Sendable (State) -> Bool
    ) async {
        while !Task.isCancelled, !self.state.withLock({ isDone($0) }) {
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let waits = self.state.withLock { state in
                        if isDone(state) || Task.isCancelled { return false }
                        state[keyPath: role] = continuation
                        return true
                    }
                    if !waits { continuation.resume() }
                }
            } onCancel: {
                // All wake up, and who has no reason to goes on waiting.
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
