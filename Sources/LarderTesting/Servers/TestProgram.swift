import Foundation

/// Programs that a test or a benchmark runs to their end, such as `redis-benchmark` or `redis-cli`.
public enum TestProgram: Sendable {
    /// Runs a program and returns what it printed, on standard output and standard error.
    ///
    /// The program dies with this process, however that ends.
    ///
    /// - Parameters:
    ///   - program: The program, a name to find in PATH or a path.
    ///   - arguments: Its arguments.
    ///   - limit: How long it may take.
    /// - Returns: What it printed.
    /// - Throws: `TestServerError` when the program is missing, ends with another status than 0, or takes too long; it is
    ///   killed then.
    @discardableResult
    public static func run(
        _ program: String,
        _ arguments: [String],
        atMost limit: Duration = .seconds(60)
    ) async throws -> String {
        guard let path = ChildProcess.find(program) else {
            throw TestServerError.missing(program, package: Self.package(of: program))
        }
        let directory = try TemporaryDirectory.make("larder-program")
        defer { TemporaryDirectory.remove(directory) }
        let log = "\(directory)/output"
        let process = try ChildProcess(path, arguments, log: log, directory: directory)
        let hasEnded = await process.waitForExit(atMost: limit)
        let text = FileManager.default.contents(atPath: log).map { String(decoding: $0, as: UTF8.self) } ?? ""
        guard hasEnded, process.exitStatus == 0 else {
            if !hasEnded { await process.kill9() }
            let reason = hasEnded ? "failed" : "did not end within \(limit)"
            throw TestServerError(.programFailed, "\(program) \(arguments.first ?? "") \(reason):\n\(text)")
        }
        return text
    }

    /// Where Debian has the program.
    private static func package(of program: String) -> String {
        switch program {
        case "redis-benchmark", "redis-cli": "redis-tools"
        default: program
        }
    }
}
