import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Commands and their replies over a Unix socket, with blocking calls and a deadline.
///
/// The server under a test must be reachable without the client that is being tested, and this module must not depend
/// on one. Every exchange has a connection of its own.
enum RawRedisExchange {
    /// Sends one command.
    ///
    /// - Returns: The reply as Redis wrote it.
    static func perform(
        _ words: [String],
        login: [String]?,
        path: String,
        atMost limit: Duration
    ) async throws -> String {
        let commands = [words.map { Array($0.utf8) }]
        let received = try await Self.exchange(commands, login: login, path: path, atMost: limit)
        return String(decoding: received.bytes, as: UTF8.self)
    }

    /// Sends commands, all at once.
    ///
    /// - Returns: Their replies, in order.
    static func perform(
        _ commands: [[[UInt8]]],
        login: [String]?,
        path: String,
        atMost limit: Duration
    ) async throws -> [RawRedisReply] {
        if commands.isEmpty { return [] }
        return try await Self.exchange(commands, login: login, path: path, atMost: limit).replies
    }

    private struct Received: Sendable {
        var replies: [RawRedisReply] = []
        var bytes: ArraySlice<UInt8> = []
    }

    private static func exchange(
        _ commands: [[[UInt8]]],
        login: [String]?,
        path: String,
        atMost limit: Duration
    ) async throws -> Received {
        try await withCheckedThrowingContinuation { continuation in
            // Blocking calls belong on a thread that no task waits for.
            DispatchQueue.global().async {
                continuation.resume(
                    with: Result { try Self.exchangeBlocking(commands, login: login, path: path, atMost: limit) }
                )
            }
        }
    }

    private static func exchangeBlocking(
        _ commands: [[[UInt8]]],
        login: [String]?,
        path: String,
        atMost limit: Duration
    ) throws -> Received {
        let deadline = ContinuousClock.now.advanced(by: limit)
        let descriptor = try Self.connect(path)
        defer { close(descriptor) }
        let logins = login.map { [$0.map { Array($0.utf8) }] } ?? []
        var request: [UInt8] = []
        for command in logins + commands {
            request += "*\(command.count)\r\n".utf8
            for word in command {
                request += "$\(word.count)\r\n".utf8
                request += word
                request += "\r\n".utf8
            }
        }
        try Self.write(request, to: descriptor)
        var incoming = Incoming(descriptor: descriptor)
        for _ in logins {
            let reply = try incoming.next(until: deadline)
            guard reply == .status("OK") else { throw TestServerError(.noAnswer, "The server refused the password.") }
        }
        var received = Received()
        let start = incoming.position
        for _ in commands { received.replies.append(try incoming.next(until: deadline)) }
        received.bytes = incoming.bytes[start..<incoming.position]
        return received
    }

    /// What a server sends, reply by reply.
    private struct Incoming {
        let descriptor: Int32
        var bytes: [UInt8] = []
        var position = 0

        mutating func next(until deadline: ContinuousClock.Instant) throws -> RawRedisReply {
            while true {
                if let reply = try RawRedisReply.read(self.bytes, at: &self.position) { return reply }
                let chunk = try RawRedisExchange.receive(self.descriptor, until: deadline)
                guard !chunk.isEmpty else {
                    throw TestServerError(.noAnswer, "The server closed the connection before it had answered.")
                }
                self.bytes += chunk
            }
        }
    }

    private static func connect(_ path: String) throws -> Int32 {
        #if canImport(Glibc)
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        #else
        let descriptor = socket(AF_UNIX, SOCK_STREAM, 0)
        #endif
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let capacity = MemoryLayout.size(ofValue: address.sun_path)
        guard descriptor >= 0, path.utf8.count < capacity else {
            throw TestServerError(.noAnswer, "No Unix socket could be opened for \(path).")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                #if canImport(Glibc)
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                #elseif canImport(Musl)
                Musl.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                #else
                Darwin.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                #endif
            }
        }
        guard connected == 0 else {
            close(descriptor)
            throw TestServerError(.noAnswer, "Nothing listens on \(path).")
        }
        #if canImport(Darwin)
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &on, socklen_t(MemoryLayout<Int32>.size))
        #endif
        return descriptor
    }

    /// Requests are small: the socket's buffer takes them whole, also of a server that is paused.
    ///
    /// Long series of commands are sent to servers that run, which read while this writes and keep their replies.
    private static func write(_ bytes: [UInt8], to descriptor: Int32) throws {
        #if canImport(Darwin)
        let flags: Int32 = 0
        #else
        let flags = Int32(MSG_NOSIGNAL)
        #endif
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, flags) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw TestServerError(.noAnswer, "The server closed the connection.") }
            sent += count
        }
    }

    /// The next bytes that the server sends; none when it has closed the connection.
    private static func receive(_ descriptor: Int32, until deadline: ContinuousClock.Instant) throws -> [UInt8] {
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            let left = ContinuousClock.now.duration(to: deadline) / .milliseconds(1)
            var poller = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let ready = left > 0 ? poll(&poller, 1, Int32(min(left + 1, 1_000_000))) : 0
            if ready < 0 && errno == EINTR { continue }
            guard ready > 0 else { throw TestServerError(.noAnswer, "The server did not answer in time.") }
            let count = chunk.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
            if count < 0 && errno == EINTR { continue }
            return Array(chunk.prefix(max(0, count)))
        }
    }
}
