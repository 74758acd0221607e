import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Directories that only this user can read.
enum TemporaryDirectory {
    /// Makes a new directory.
    ///
    /// In `/tmp` and with a short name: the path of a Unix socket has room for some hundred characters only, which
    /// macOS' own directories for temporary files nearly fill.
    static func make(_ name: String) throws -> String {
        var template = Array("/tmp/\(name)-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw TestServerError(.startFailed, "No directory could be made in /tmp.")
        }
        return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    static func remove(_ path: String) {
        try? FileManager.default.removeItem(atPath: path)
    }
}

/// Looks for a TCP port of 127.0.0.1 that nobody listens on.
enum FreePort {
    /// Below the range from which Linux and macOS take the ports of outgoing connections.
    ///
    /// A port from that range could be taken by a connection while a test's server is down, and a client that keeps
    /// reconnecting to it could even connect to itself.
    private static let range = 12_000..<32_000

    static func find() throws -> Int {
        for _ in 0..<200 {
            let port = Int.random(in: Self.range)
            if Self.canListen(port) { return port }
        }
        throw TestServerError(.startFailed, "No free TCP port was found on 127.0.0.1.")
    }

    private static func canListen(_ port: Int) -> Bool {
        #if canImport(Glibc)
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
        let descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return bound == 0 && listen(descriptor, 1) == 0
    }
}
