import Foundation
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A real `memcached` for tests: started on a free port of 127.0.0.1, stopped afterwards.
///
/// ```swift
/// try await withMemcachedServer { server in
///     let client = try MemcachedClient(MemcachedConfiguration(host: server.host, port: server.port))
///     ...
/// }
/// ```
///
/// It dies with the process of the test, however that ends; without `withMemcachedServer` it also dies with its last reference, so
/// keep one.
public final class MemcachedServer: Sendable {
    /// How to start a server.
    public struct Options: Sendable {
        /// The program, a name to find in PATH or a path.
        public var program = "memcached"

        /// The port to listen on; `nil`, a free one.
        public var port: Int?

        /// How much memory it has for items, in megabytes (`-m`).
        public var megabytes = 64

        /// What else it is told, such as `["-I", "4m"]`.
        public var arguments: [String] = []

        /// How long it may take to start.
        public var startLimit = Duration.seconds(20)

        /// A server with 64 MB on a free port.
        public init() {}

        /// Describes a server.
        ///
        /// - Parameters:
        ///   - port: The port to listen on; `nil`, a free one.
        ///   - megabytes: How much memory it has for items.
        ///   - arguments: What else it is told.
        public init(port: Int? = nil, megabytes: Int = 64, arguments: [String] = []) {
            self.port = port
            self.megabytes = megabytes
            self.arguments = arguments
        }
    }

    /// How the server was started.
    public let options: Options

    /// The address that the server listens on.
    public let host = "127.0.0.1"

    /// The port that the server listens on.
    ///
    /// It stays the same over `restart()`.
    public let port: Int

    private let program: String
    private let directory: String

    private struct State {
        var process: ChildProcess?
        var stopped = false
    }

    private let state: Mutex<State>

    /// Starts a server and waits until it answers.
    ///
    /// - Parameter options: How to start it.
    /// - Throws: `TestServerError` when the program is missing, ends or does not answer in time.
    public init(_ options: Options = .init()) async throws {
        guard let program = ChildProcess.find(options.program) else {
            throw TestServerError.missing(options.program, package: "memcached")
        }
        let directory = try TemporaryDirectory.make("larder-memcached")
        self.options = options
        self.program = program
        self.directory = directory
        do {
            var attempt = 1
            while true {
                let port = try options.port ?? FreePort.find()
                do {
                    let process = try await Self.start(program, options, port: port, directory: directory)
                    self.port = port
                    self.state = Mutex(State(process: process))
                    return
                } catch let error as TestServerError where error.message.contains("Address already in use") {
                    // Somebody was faster between the look for a free port and the server's own bind.
                    if options.port != nil || attempt == 10 { throw error }
                    attempt += 1
                }
            }
        } catch {
            TemporaryDirectory.remove(directory)
            throw error
        }
    }

    deinit {
        let stopped = self.state.withLock { state in
            state.process?.signal(SIGKILL)
            return state.stopped
        }
        if !stopped { TemporaryDirectory.remove(self.directory) }
    }

    /// The server's process, for tools that watch it; `nil` after `kill()` and `stop()`.
    public var processIdentifier: Int32? {
        self.state.withLock { state in state.process.flatMap { $0.isRunning ? $0.pid : nil } }
    }

    /// Freezes the server (SIGSTOP): its sockets stay open and take bytes, but nothing answers.
    public func pause() {
        self.state.withLock { $0.process }?.signal(SIGSTOP)
    }

    /// Wakes a paused server (SIGCONT).
    public func resume() {
        self.state.withLock { $0.process }?.signal(SIGCONT)
    }

    /// Kills the server (SIGKILL), as a crash or a failing machine would.
    ///
    /// `restart()` brings it back, empty.
    public func kill() async {
        await self.takeProcess()?.kill9()
    }

    /// Ends the server, if it runs, and starts it again on the same port, empty.
    ///
    /// - Throws: `TestServerError` when the server does not come back, or was stopped.
    public func restart() async throws {
        await self.takeProcess()?.kill9()
        if self.state.withLock({ $0.stopped }) {
            throw TestServerError(.notRunning, "The server was stopped; start another one.")
        }
        let process = try await Self.start(self.program, self.options, port: self.port, directory: self.directory)
        self.state.withLock { $0.process = process }
    }

    /// Ends the server.
    public func stop() async {
        await self.takeProcess()?.kill9()
        let wasStopped = self.state.withLock { state in
            defer { state.stopped = true }
            return state.stopped
        }
        if !wasStopped { TemporaryDirectory.remove(self.directory) }
    }

    /// Sends a request over a connection of its own, past every client.
    ///
    /// - Parameters:
    ///   - request: The request without its line end; a value that belongs to it stands behind a line end of its own.
    ///   - limit: How long the server may take to answer.
    /// - Returns: What the server answered, without the last line end.
    /// - Throws: `TestServerError` when the server does not answer in time.
    @discardableResult
    public func command(_ request: String, atMost limit: Duration = .seconds(5)) async throws -> String {
        let answer = try await RawMemcachedExchange.perform(Array(request.utf8), port: self.port, atMost: limit)
        return String(decoding: answer, as: UTF8.self)
    }

    /// Sends a request of any bytes over a connection of its own.
    ///
    /// - Parameters:
    ///   - request: The request without its last line end.
    ///   - limit: How long the server may take to answer.
    /// - Returns: What the server answered, without the last line end.
    /// - Throws: `TestServerError` when the server does not answer in time.
    public func command(bytes request: [UInt8], atMost limit: Duration = .seconds(5)) async throws -> [UInt8] {
        try await RawMemcachedExchange.perform(request, port: self.port, atMost: limit)
    }

    private func takeProcess() -> ChildProcess? {
        self.state.withLock { state in
            defer { state.process = nil }
            return state.process
        }
    }

    private static func start(
        _ program: String,
        _ options: Options,
        port: Int,
        directory: String
    ) async throws -> ChildProcess {
        let log = "\(directory)/memcached.log"
        try? FileManager.default.removeItem(atPath: log)
        var arguments = ["-l", "127.0.0.1", "-p", "\(port)", "-U", "0", "-m", "\(options.megabytes)"]
        // It refuses to be root.
        if geteuid() == 0 { arguments += ["-u", "nobody"] }
        let process = try ChildProcess(program, arguments + options.arguments, log: log, directory: directory)
        let deadline = ContinuousClock.now.advanced(by: options.startLimit)
        while true {
            let answer = try? await RawMemcachedExchange.perform(Array("mn".utf8), port: port, atMost: .seconds(1))
            if answer == Array("MN".utf8), process.isRunning { return process }
            if !process.isRunning {
                let text = FileManager.default.contents(atPath: log).map { String(decoding: $0, as: UTF8.self) } ?? ""
                throw TestServerError(.startFailed, "\(program) ended while it started:\n\(text)")
            }
            if ContinuousClock.now >= deadline {
                await process.kill9()
                throw TestServerError(.startFailed, "\(program) did not answer within \(options.startLimit).")
            }
            await ChildProcess.pause(milliseconds: 2)
        }
    }
}

/// Starts a memcached server, lends it to a body, and stops it when the body ends, also when it throws.
///
/// - Parameters:
///   - options: How to start the server.
///   - body: What to do with it.
/// - Returns: What the body returned.
/// - Throws: `TestServerError` when the server does not start; what the body throws.
public func withMemcachedServer<Value>(
    _ options: MemcachedServer.Options = .init(),
    _ body: (MemcachedServer) async throws -> Value
) async throws -> Value {
    try await lending(try await MemcachedServer(options), body) { await $0.stop() }
}

/// Starts several memcached servers, lends them to a body, and stops them when the body ends, also when it throws.
///
/// - Parameters:
///   - count: How many.
///   - options: How to start each.
///   - body: What to do with them.
/// - Returns: What the body returned.
/// - Throws: `TestServerError` when a server does not start; what the body throws.
public func withMemcachedServers<Value>(
    _ count: Int,
    _ options: MemcachedServer.Options = .init(),
    _ body: ([MemcachedServer]) async throws -> Value
) async throws -> Value {
    var servers: [MemcachedServer] = []
    do {
        for _ in 0..<count { servers.append(try await MemcachedServer(options)) }
    } catch {
        for server in servers { await server.stop() }
        throw error
    }
    return try await lending(servers, body) { for server in $0 { await server.stop() } }
}
