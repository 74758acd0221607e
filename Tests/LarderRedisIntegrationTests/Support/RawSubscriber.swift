import Foundation
import LarderTesting

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Hears what a server publishes, over a Unix socket and past every client.
final class RawSubscriber: Sendable {
    struct Message: Hashable {
        var channel: String
        var payload: String
    }

    private struct Failure: Error {
        var message: String
    }

    private let descriptor: Int32
    private let server: RedisServer

    /// Subscribes to every channel; returns when the server has confirmed it.
    init(_ server: RedisServer) async throws {
        self.server = server
        self.descriptor = try Self.connect(server.socketPath)
        let request = Array("*2\r\n$10\r\nPSUBSCRIBE\r\n$1\r\n*\r\n".utf8)
        guard request.withUnsafeBytes({ send(self.descriptor, $0.baseAddress, $0.count, 0) }) == request.count else {
            throw Failure(message: "the subscription could not be sent")
        }
        _ = try await self.read(until: "psubscribe")
    }

    deinit { close(self.descriptor) }

    /// What was published since the last call.
    ///
    /// - Throws: Where the server does not answer in ten seconds.
    func messages() async throws -> [Message] {
        // Messages come in order: what comes before this one is all there was.
        let end = "end\(UInt64.random(in: .min ... .max))"
        try await self.server.command("PUBLISH", "subscriber", end)
        let lines = try await self.read(until: end).components(separatedBy: "\r\n")
        return lines.indices.filter { lines[$0] == "pmessage" && $0 + 6 < lines.count }
            .map { Message(channel: lines[$0 + 4], payload: lines[$0 + 6]) }
            .filter { $0.payload != end }
    }

    private func read(until end: String) async throws -> String {
        let descriptor = self.descriptor
        return try await withCheckedThrowingContinuation { continuation in
            // Blocking calls belong on a thread that no task waits for.
            DispatchQueue.global().async {
                continuation.resume(with: Result { try Self.readBlocking(descriptor, until: end) })
            }
        }
    }

    private static func readBlocking(_ descriptor: Int32, until end: String) throws -> String {
        let deadline = ContinuousClock.now.advanced(by: .seconds(10))
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            let text = String(decoding: bytes, as: UTF8.self)
            if text.contains(end), text.hasSuffix("\r\n") { return text }
            let left = ContinuousClock.now.duration(to: deadline) / .milliseconds(1)
            var poller = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let ready = left > 0 ? poll(&poller, 1, Int32(left) + 1) : 0
            if ready < 0 && errno == EINTR { continue }
            guard ready > 0 else { throw Failure(message: "\(end) did not come") }
            let count = chunk.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw Failure(message: "the server closed the connection") }
            bytes += chunk[..<count]
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
        guard descriptor >= 0, path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw Failure(message: "no Unix socket could be opened for \(path)")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                #if canImport(Glibc)
                Glibc.connect(descriptor, $0, size)
                #elseif canImport(Musl)
                Musl.connect(descriptor, $0, size)
                #else
                Darwin.connect(descriptor, $0, size)
                #endif
            }
        }
        guard connected == 0 else {
            close(descriptor)
            throw Failure(message: "nothing listens on \(path)")
        }
        return descriptor
    }
}
