import Foundation
import LarderTesting
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A `larder-bench fetch-worker` of this process.
final class WorkerProcess {
    private let process = Process()
    private let input: FileHandle
    /// Keeps the file open that `lines` reads.
    private let output: FileHandle
    private let lines: LineReader

    init(url: String) throws {
        // Should it end before its time, writing to it is an error to be thrown, not the end of this one.
        signal(SIGPIPE, SIG_IGN)
        guard let program = Bundle.main.executablePath else { throw Failure("this program does not know where it is") }
        let input = Pipe()
        let output = Pipe()
        self.process.executableURL = URL(fileURLWithPath: program)
        self.process.arguments = ["fetch-worker", "--url", url]
        self.process.standardInput = input
        self.process.standardOutput = output
        self.input = input.fileHandleForWriting
        self.output = output.fileHandleForReading
        self.lines = LineReader(self.output.fileDescriptor)
        try self.process.run()
    }

    func send(_ command: WorkerCommand) throws {
        try self.input.write(contentsOf: JSONEncoder().encode(command) + Data("\n".utf8))
    }

    /// Waits for an event of a kind, and passes over others.
    ///
    /// - Parameters:
    ///   - limit: How long to wait.
    ///   - select: What is wanted of an event; `nil` passes over it.
    /// - Returns: What was selected.
    /// - Throws: `Failure` where it does not come, or where the process has failed or ended.
    func awaitEvent<Value>(atMost limit: Duration, _ select: (WorkerEvent) -> Value?) async throws -> Value {
        let deadline = ContinuousClock.now.advanced(by: limit)
        while true {
            let line = try await self.lines.next(until: deadline)
            let event = try JSONDecoder().decode(WorkerEvent.self, from: Data(line.utf8))
            if case .failed(let reason) = event { throw Failure("a worker failed: \(reason)") }
            if let value = select(event) { return value }
        }
    }

    /// Ends the process as a crash would.
    func killAtOnce() {
        if self.process.isRunning { kill(self.process.processIdentifier, SIGKILL) }
    }

    /// Ends the process, which does so by itself when its input ends, and waits for that.
    func end() async {
        // Closed already, or its reader is gone: both are the end.
        try? self.input.close()
        let deadline = ContinuousClock.now.advanced(by: .seconds(3))
        while self.process.isRunning, ContinuousClock.now < deadline { await Self.pause() }
        self.killAtOnce()
        while self.process.isRunning, ContinuousClock.now < deadline.advanced(by: .seconds(3)) { await Self.pause() }
    }

    /// Not `Task.sleep`: one that is cancelled cleans up, too.
    private static func pause() async {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(2)) { continuation.resume() }
        }
    }
}

/// Starts a Redis server and processes that have reached it, and ends all of them when the body does.
func withRedisServerAndWorkers(_ count: Int, _ body: ([WorkerProcess]) async throws -> Void) async throws {
    try await withRedisServer { server in
        var workers: [WorkerProcess] = []
        let result: Result<Void, any Error>
        do {
            for _ in 0..<count { workers.append(try WorkerProcess(url: server.url)) }
            for worker in workers { try await worker.awaitReadiness() }
            result = .success(try await body(workers))
        } catch {
            result = .failure(error)
        }
        for worker in workers { await worker.end() }
        try result.get()
    }
}

extension WorkerProcess {
    func awaitReadiness() async throws {
        try await self.awaitEvent(atMost: .seconds(30)) { event -> Void? in
            if case .ready = event { () } else { nil }
        }
    }
}

/// The lines of a pipe, each waited for with a deadline.
private final class LineReader: Sendable {
    private let descriptor: Int32
    private let unread = Mutex<[UInt8]>([])

    /// - Parameter descriptor: The file, which stays open as long as it is read.
    init(_ descriptor: Int32) {
        self.descriptor = descriptor
    }

    func next(until deadline: ContinuousClock.Instant) async throws -> String {
        try await withCheckedThrowingContinuation { continuation in
            // Blocking calls belong on a thread that no task waits for.
            DispatchQueue.global().async {
                continuation.resume(with: Result { try self.nextBlocking(until: deadline) })
            }
        }
    }

    private func nextBlocking(until deadline: ContinuousClock.Instant) throws -> String {
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while true {
            if let line = self.takeLine() { return line }
            let left = ContinuousClock.now.duration(to: deadline) / .milliseconds(1)
            var poller = pollfd(fd: self.descriptor, events: Int16(POLLIN), revents: 0)
            let ready = left > 0 ? poll(&poller, 1, Int32(min(left + 1, 1_000_000))) : 0
            if ready < 0 && errno == EINTR { continue }
            guard ready > 0 else { throw Failure("a worker did not answer in time") }
            let count = read(self.descriptor, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw Failure("a worker has ended") }
            self.unread.withLock { $0 += chunk[..<count] }
        }
    }

    private func takeLine() -> String? {
        self.unread.withLock { unread in
            guard let end = unread.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
            defer { unread.removeFirst(end + 1) }
            return String(decoding: unread[..<end], as: UTF8.self)
        }
    }
}
