import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// One request to a memcached server and what it answers, with blocking calls and a deadline.
///
/// The server under a test must be reachable without the client that is being tested. Every exchange has a connection of its own.
/// A request that asks for nothing (`mn`) follows each, so that the end of the answer can be seen; except the crawler's listing,
/// which has an end of its own: the server forgets what came behind it on the same connection.
enum RawMemcachedExchange {
    private static let end = Array("MN\r\n".utf8)

    /// What the last line of a crawler's listing, or its refusal, begins with.
    private static let listingEnds = ["END", "BUSY", "ERROR", "CLIENT_ERROR", "SERVER_ERROR"]

    /// Sends a request.
    ///
    /// - Returns: The answer without its last line end; `MN` where the request was `mn`.
    static func perform(_ request: [UInt8], port: Int, atMost limit: Duration) async throws -> [UInt8] {
        try await withCheckedThrowingContinuation { continuation in
            // Blocking calls belong on a thread that no task waits for.
            DispatchQueue.global().async {
                continuation.resume(
                    with: Result { try Self.performBlocking(request, port: port, atMost: limit) }
                )
            }
        }
    }

    private static func performBlocking(_ request: [UInt8], port: Int, atMost limit: Duration) throws -> [UInt8] {
        let deadline = ContinuousClock.now.advanced(by: limit)
        let descriptor = try Self.connect(port)
        defer { close(descriptor) }
        let isNothing = request == Array("mn".utf8)
        let isListing = request.starts(with: "lru_crawler metadump".utf8)
        try Self.write(request + (isNothing || isListing ? "\r\n" : "\r\nmn\r\n").utf8, to: descriptor)
        var answer: [UInt8] = []
        while !(isListing ? Self.endsListing(answer) : answer.suffix(Self.end.count).elementsEqual(Self.end)) {
            let chunk = try Self.receive(descriptor, until: deadline)
            guard !chunk.isEmpty else {
                throw TestServerError(.noAnswer, "The server closed the connection before it had answered.")
            }
            answer += chunk
        }
        if !isNothing, !isListing { answer.removeLast(Self.end.count) }
        if answer.suffix(2).elementsEqual([0x0D, 0x0A]) { answer.removeLast(2) }
        return answer
    }

    /// Whether the last line is whole, and names no item.
    private static func endsListing(_ answer: [UInt8]) -> Bool {
        guard answer.last == 0x0A else { return false }
        let line = answer.dropLast().split(separator: 0x0A).last ?? []
        return Self.listingEnds.contains { line.starts(with: $0.utf8) }
    }

    private static func connect(_ port: Int) throws -> Int32 {
        #if canImport(Glibc)
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
        let descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        guard descriptor >= 0 else { throw TestServerError(.noAnswer, "No socket could be opened.") }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(truncatingIfNeeded: port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                #if canImport(Glibc)
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                #elseif canImport(Musl)
                Musl.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                #else
                Darwin.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                #endif
            }
        }
        guard connected == 0 else {
            close(descriptor)
            throw TestServerError(.noAnswer, "Nothing listens on port \(port).")
        }
        #if canImport(Darwin)
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &on, socklen_t(MemoryLayout<Int32>.size))
        #endif
        return descriptor
    }

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
