import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A process that writes to a store, says what was acknowledged, and is killed.
struct WriterProcess {
    private let process = Process()
    private let output = Pipe()

    /// Starts the program `larder-store-writer`, which lies beside the tests.
    init(_ arguments: [String]) throws {
        self.process.executableURL = try Self.program()
        self.process.arguments = arguments
        self.process.standardOutput = self.output
        try self.process.run()
    }

    /// Kills the process after a while, once it has said so many lines.
    ///
    /// By lines, not by time alone: so a slow machine kills it in the midst of its writing as well as a quick one.
    ///
    /// - Parameters:
    ///   - count: How many lines it is let say.
    ///   - pause: How long to wait then.
    /// - Returns: The lines that it has said, but not one that was broken off.
    /// - Throws: What reading from it throws; `CancellationError`.
    func kill9(afterLines count: Int, and pause: Duration) async throws -> [String] {
        let reading = self.output.fileHandleForReading
        var said = Data()
        while said.count(where: { $0 == UInt8(ascii: "\n") }) < count {
            let more = reading.availableData
            // It has ended by itself.
            if more.isEmpty { break }
            said.append(more)
        }
        try await Task.sleep(for: pause)
        kill(self.process.processIdentifier, SIGKILL)
        // To the end of what it has left in the pipe.
        if let rest = try reading.readToEnd() { said.append(rest) }
        self.process.waitUntilExit()
        let lines = String(decoding: said, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        return lines.dropLast().map(String.init)
    }

    private static func program() throws -> URL {
        var folders = Bundle.allBundles.filter { $0.bundlePath.hasSuffix(".xctest") }.map {
            $0.bundleURL.deletingLastPathComponent()
        }
        if let own = Bundle.main.executableURL { folders.append(own.deletingLastPathComponent()) }
        for folder in folders {
            let program = folder.appending(path: "larder-store-writer")
            if FileManager.default.isExecutableFile(atPath: program.path) { return program }
        }
        throw KillFailure("larder-store-writer was not built beside the tests: \(folders.map(\.path))")
    }
}

/// A promise that a store has broken when its writer was killed.
public struct KillFailure: Error, CustomStringConvertible {
    /// What has happened.
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
