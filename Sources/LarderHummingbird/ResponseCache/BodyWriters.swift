import HTTPTypes
import Hummingbird
import Larder
import NIOCore
import Synchronization

/// A body that is taken whole before it is sent.
final class GatheredBody: Sendable {
    private let bytes = Mutex(ByteBuffer())

    /// What has come.
    var buffer: ByteBuffer { self.bytes.withLock { $0 } }

    func append(_ buffer: ByteBuffer) {
        self.bytes.withLock { bytes in
            // Nearly all bodies come in one piece, which needs no copy.
            if bytes.readableBytes == 0 { bytes = buffer } else { bytes.writeImmutableBuffer(buffer) }
        }
    }
}

/// Writes into a ``GatheredBody``.
struct GatheringWriter: ResponseBodyWriter {
    private let body: GatheredBody

    init(_ body: GatheredBody) {
        self.body = body
    }

    mutating func write(_ buffer: ByteBuffer) async throws {
        self.body.append(buffer)
    }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
}

/// Takes a body that nobody reads to its end.
struct DiscardingWriter: ResponseBodyWriter {
    mutating func write(_ buffer: ByteBuffer) async throws {}

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
}

/// A body on its way to its first client, of which a copy is kept.
///
/// While the copy is kept, it is also the buffer between the two: the client's pace does not hold back the body, nor those who wait for
/// it. Once the body has outgrown what is kept, its source waits for the client.
final class BodyTee: Sendable {
    private struct State {
        var waiting: [ByteBuffer] = []
        var waitingBytes = 0
        var recorded: ByteBuffer? = ByteBuffer()
        var trailers: HTTPFields?
        var end: Result<Void, any Error>?
        var clientHasLeft = false
        var reader: CheckedContinuation<Void, Never>?
        var writer: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())
    private let limit: Int
    /// How much a source may run ahead of the client when no copy is kept, in bytes.
    private static let window = 1 << 18

    /// - Parameter limit: How many bytes are kept at most.
    init(limit: Int) {
        self.limit = limit
    }

    /// The whole body; `nil` where it did not come to its end, or is longer than what is kept.
    var recorded: ByteBuffer? {
        self.state.withLock { state in
            if case .success = state.end { return state.recorded }
            return nil
        }
    }

    /// Whether it is longer than what is kept.
    var hasOutgrown: Bool { self.state.withLock { $0.recorded == nil } }

    /// Whether the client wants no more.
    var isAbandoned: Bool { self.state.withLock { $0.clientHasLeft } }

    /// What came behind the body.
    var trailers: HTTPFields? { self.state.withLock { $0.trailers } }

    // MARK: The source's end

    /// Takes a piece from the source.
    ///
    /// - Throws: `CancellationError` where nobody wants the rest.
    func write(_ buffer: ByteBuffer) async throws {
        let (reader, isFull) = try self.state.withLock { state in
            if state.recorded != nil {
                if (state.recorded?.readableBytes ?? 0) + buffer.readableBytes > self.limit {
                    state.recorded = nil
                } else {
                    state.recorded?.writeImmutableBuffer(buffer)
                }
            }
            if state.clientHasLeft {
                if state.recorded == nil { throw CancellationError() }
                return (CheckedContinuation<Void, Never>?.none, false)
            }
            state.waiting.append(buffer)
            state.waitingBytes += buffer.readableBytes
            defer { state.reader = nil }
            return (state.reader, state.recorded == nil && state.waitingBytes > Self.window)
        }
        reader?.resume()
        if isFull { await self.waitForClient() }
        try Task.checkCancellation()
    }

    private func waitForClient() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDone = self.state.withLock { state in
                    if state.waitingBytes <= Self.window || state.clientHasLeft || Task.isCancelled { return true }
                    state.writer = continuation
                    return false
                }
                if isDone { continuation.resume() }
            }
        } onCancel: {
            self.state.withLock { state in
                defer { state.writer = nil }
                return state.writer
            }?.resume()
        }
    }

    /// Takes note of what came behind the body.
    func end(with trailers: HTTPFields?) {
        self.state.withLock { $0.trailers = trailers }
    }

    /// The source has ended.
    ///
    /// - Parameter error: Why it ended before its time.
    func finish(_ error: (any Error)?) {
        let reader = self.state.withLock { state in
            state.end = error.map { .failure($0) } ?? .success(())
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume()
    }

    // MARK: The client's end

    /// The next piece for the client; `nil` at the end.
    ///
    /// - Throws: What the source has thrown; `CancellationError`.
    func next() async throws -> ByteBuffer? {
        while true {
            try Task.checkCancellation()
            let step = self.state.withLock {
                state -> (ByteBuffer?, Result<Void, any Error>?, CheckedContinuation<Void, Never>?) in
                if !state.waiting.isEmpty {
                    // Small pieces that have come together leave together.
                    var all = state.waiting.removeFirst()
                    for piece in state.waiting { all.writeImmutableBuffer(piece) }
                    state.waiting = []
                    state.waitingBytes = 0
                    defer { state.writer = nil }
                    return (all, nil, state.writer)
                }
                return (nil, state.end, nil)
            }
            step.2?.resume()
            if let buffer = step.0 { return buffer }
            if let end = step.1 {
                try end.get()
                return nil
            }
            await self.waitForSource()
        }
    }

    private func waitForSource() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDone = self.state.withLock { state in
                    if !state.waiting.isEmpty || state.end != nil || Task.isCancelled { return true }
                    state.reader = continuation
                    return false
                }
                if isDone { continuation.resume() }
            }
        } onCancel: {
            self.state.withLock { state in
                defer { state.reader = nil }
                return state.reader
            }?.resume()
        }
    }

    /// The client wants no more.
    func clientLeft() {
        let writer = self.state.withLock { state in
            state.clientHasLeft = true
            state.waiting = []
            state.waitingBytes = 0
            defer { state.writer = nil }
            return state.writer
        }
        writer?.resume()
    }
}

/// Writes into a ``BodyTee``.
struct TeeingWriter: ResponseBodyWriter {
    private let tee: BodyTee
    private let deadline: CacheInstant
    private let clock: CacheClock

    /// - Parameters:
    ///   - tee: Where it writes.
    ///   - deadline: Until when a body goes on whose client has left.
    ///   - clock: The clock.
    init(_ tee: BodyTee, _ deadline: CacheInstant, _ clock: CacheClock) {
        self.tee = tee
        self.deadline = deadline
        self.clock = clock
    }

    mutating func write(_ buffer: ByteBuffer) async throws {
        if self.tee.isAbandoned, self.clock.hasPassed(self.deadline) { throw CancellationError() }
        try await self.tee.write(buffer)
    }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {
        self.tee.end(with: trailingHeaders)
    }
}
