import Foundation
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A real `redis-server` for tests: started on a free port of 127.0.0.1, stopped and removed afterwards.
///
/// ```swift
/// try await withRedisServer { server in
///     let client = try RedisClient(url: server.url)
///     ...
/// }
/// ```
///
/// The server keeps everything in a temporary directory of its own, persists nothing unless asked to, and dies with the
/// process of the test, however that ends; without `withRedisServer` it also dies with its last reference, so keep one.
/// It also listens on a Unix socket there (`socketPath`), which `command(_:)` uses to look at the server and to steer
/// it past the client that is being tested.
public final class RedisServer: Sendable {
    /// How the server was started.
    public let options: Options

    /// The address that the server listens on.
    public let host = "127.0.0.1"

    /// The port that the server listens on, with TLS if `options.tls` is set.
    ///
    /// It stays the same over `restart()`.
    public let port: Int

    /// The directory of the server's files, removed by `stop()`.
    public let directory: String

    private struct State {
        var process: ChildProcess?
        var stopped = false
    }

    private let program: String
    private let role: Role
    private let state: Mutex<State>

    /// Starts a server and waits until it answers.
    ///
    /// - Parameter options: How to start it.
    /// - Throws: `TestServerError` when the program is missing, ends or does not answer in time.
    public convenience init(_ options: Options = .init()) async throws {
        try await self.init(options, as: .alone)
    }

    /// Starts a server that has its part in a deployment of several.
    init(_ options: Options, as role: Role) async throws {
        guard let program = ChildProcess.find(options.program) else {
            throw TestServerError.missing(options.program, package: "redis-server")
        }
        let directory = try TemporaryDirectory.make("larder-redis")
        self.options = options
        self.program = program
        self.role = role
        self.directory = directory
        do {
            var attempt = 1
            while true {
                let port = try options.port ?? FreePort.find()
                do {
                    try Self.writeConfiguration(options, role, port: port, directory: directory)
                    let process = try await Self.start(program, options, role, directory: directory)
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

    /// The path of the Unix socket that the server listens on, besides its port.
    public var socketPath: String { Self.socketPath(self.directory) }

    /// The server's URL, `redis://` or with TLS `rediss://`, with the password if there is one.
    public var url: String {
        let scheme = self.options.tls == nil ? "redis" : "rediss"
        let login = self.options.password.map { ":\(Self.percentEncoded($0))@" } ?? ""
        return "\(scheme)://\(login)\(self.host):\(self.port)"
    }

    /// The URL of the server's Unix socket, with the password if there is one.
    public var socketURL: String {
        let login = self.options.password.map { ":\(Self.percentEncoded($0))@" } ?? ""
        return "unix://\(login)\(self.socketPath)"
    }

    /// The server's process, for tools that watch it; `nil` after `kill()` and `stop()`.
    public var processIdentifier: Int32? {
        self.state.withLock { state in state.process.flatMap { $0.isRunning ? $0.pid : nil } }
    }

    /// Whether the server's process lives.
    ///
    /// A paused server does.
    public var isRunning: Bool { self.processIdentifier != nil }

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
    /// `restart()` brings it back.
    public func kill() async {
        await self.takeProcess()?.kill9()
    }

    /// Ends the server, if it runs, and starts it again on the same port.
    ///
    /// What it held is gone unless `options.persistent` is set.
    ///
    /// - Throws: `TestServerError` when the server does not come back, or was stopped.
    public func restart() async throws {
        try await self.restart(following: nil)
    }

    /// Ends the server, if it runs, and starts it again on the same port, as a replica if there is one to follow.
    func restart(following primary: RedisServer?) async throws {
        await self.takeProcess()?.terminate(grace: .seconds(5))
        if self.state.withLock({ $0.stopped }) {
            throw TestServerError(.notRunning, "The server was stopped; start another one.")
        }
        if self.role.isAlone {
            try Self.writeConfiguration(self.options, self.role, port: self.port, directory: self.directory)
        }
        let arguments = primary.map { ["--replicaof", $0.host, "\($0.port)"] } ?? []
        let process = try await Self.start(
            self.program,
            self.options,
            self.role,
            arguments: arguments,
            directory: self.directory
        )
        self.state.withLock { $0.process = process }
    }

    /// Ends the server and removes its directory.
    public func stop() async {
        await self.takeProcess()?.kill9()
        let wasStopped = self.state.withLock { state in
            defer { state.stopped = true }
            return state.stopped
        }
        if !wasStopped { TemporaryDirectory.remove(self.directory) }
    }

    /// Sends one command over a connection of its own, past every client.
    ///
    /// - Parameters:
    ///   - words: The command and its arguments.
    ///   - limit: How long the server may take to answer.
    /// - Returns: The reply as Redis wrote it (RESP2), such as `"+OK\r\n"` or `":3\r\n"`.
    /// - Throws: `TestServerError` when the server does not answer in time.
    @discardableResult
    public func command(_ words: String..., atMost limit: Duration = .seconds(5)) async throws -> String {
        try await self.command(words, atMost: limit)
    }

    func command(_ words: [String], atMost limit: Duration = .seconds(5)) async throws -> String {
        let login = self.options.password.map { ["AUTH", $0] }
        let path = self.socketPath
        return try await RawRedisExchange.perform(words, login: login, path: path, atMost: limit)
    }

    /// Sends commands over one connection, all at once.
    func exchange(_ commands: [[[UInt8]]], atMost limit: Duration) async throws -> [RawRedisReply] {
        let login = self.options.password.map { ["AUTH", $0] }
        return try await RawRedisExchange.perform(commands, login: login, path: self.socketPath, atMost: limit)
    }

    private func takeProcess() -> ChildProcess? {
        self.state.withLock { state in
            defer { state.process = nil }
            return state.process
        }
    }

    private static func socketPath(_ directory: String) -> String { "\(directory)/redis.sock" }

    private static func configurationFile(_ directory: String) -> String { "\(directory)/redis.conf" }

    private static func writeConfiguration(
        _ options: Options,
        _ role: Role,
        port: Int,
        directory: String
    ) throws {
        let file = Self.configurationFile(directory)
        let socket = Self.socketPath(directory)
        let text = try role.configuration(for: options, port: port, directory: directory, socket: socket)
        // In a file that only this user can read, and not among the arguments, which everyone can: it has passwords.
        guard
            FileManager.default.createFile(
                atPath: file,
                contents: Data(text.utf8),
                attributes: [.posixPermissions: 0o600]
            )
        else { throw TestServerError(.startFailed, "\(file) could not be written.") }
    }

    private static func start(
        _ program: String,
        _ options: Options,
        _ role: Role,
        arguments: [String] = [],
        directory: String
    ) async throws -> ChildProcess {
        let log = "\(directory)/redis.log"
        let socket = Self.socketPath(directory)
        try? FileManager.default.removeItem(atPath: log)
        let process = try ChildProcess(
            program,
            [Self.configurationFile(directory)] + role.arguments + arguments,
            log: log,
            directory: directory
        )
        let deadline = ContinuousClock.now.advanced(by: options.startLimit)
        let login = options.password.map { ["AUTH", $0] }
        while true {
            // The Unix socket is opened after the port: an answer there says that both are served.
            let reply = try? await RawRedisExchange.perform(["PING"], login: login, path: socket, atMost: .seconds(1))
            if let reply, reply.hasPrefix("+PONG") { return process }
            if !process.isRunning {
                throw TestServerError(.startFailed, "\(program) ended while it started:\n\(Self.tail(of: log))")
            }
            if ContinuousClock.now >= deadline {
                await process.kill9()
                throw TestServerError(
                    .startFailed,
                    "\(program) did not answer within \(options.startLimit):\n\(Self.tail(of: log))"
                )
            }
            await ChildProcess.pause(milliseconds: 2)
        }
    }

    private static func tail(of file: String) -> String {
        let text = FileManager.default.contents(atPath: file).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return text.split(separator: "\n").suffix(12).joined(separator: "\n")
    }

    static func percentEncoded(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? text
    }
}

/// Starts a Redis server, lends it to a body, and stops it when the body ends, also when it throws.
///
/// - Parameters:
///   - options: How to start the server.
///   - body: What to do with it.
/// - Returns: What the body returned.
/// - Throws: `TestServerError` when the server does not start; what the body throws.
public func withRedisServer<Value>(
    _ options: RedisServer.Options = .init(),
    _ body: (RedisServer) async throws -> Value
) async throws -> Value {
    let server = try await RedisServer(options)
    do {
        let value = try await body(server)
        await server.stop()
        return value
    } catch {
        await server.stop()
        throw error
    }
}
