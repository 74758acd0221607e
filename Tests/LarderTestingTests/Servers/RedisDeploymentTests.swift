import Foundation
import LarderTesting
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Deployments of several servers.
///
/// One test at a time: their servers take each other for dead where they get no time to answer.
@Suite("Redis deployments", .serialized, .timeLimit(.minutes(3)))
struct RedisDeploymentTests {
    /// What is left of servers that were stopped: processes and directories.
    static func remains(of servers: [(pid: Int32, directory: String)]) -> [String] {
        servers.flatMap { pid, directory in
            (kill(pid, 0) == 0 ? ["process \(pid)"] : [])
                + (FileManager.default.fileExists(atPath: directory) ? [directory] : [])
        }
    }

    /// The processes and directories of servers that run.
    static func traces(of servers: [RedisServer]) throws -> [(pid: Int32, directory: String)] {
        try servers.map { (try #require($0.processIdentifier), $0.directory) }
    }
}
