import Foundation

/// Requests as wrk sends them: as many as there are answers, on connections that stay open.
struct WrkLoad {
    var connections: Int
    var seconds: Double

    /// What one run has measured.
    struct Sample {
        var requestsPerSecond: Double
        var p99Milliseconds: Double
        /// What each request has cost this process, in microseconds of processor time; only of a server in this process.
        var cpuMicroseconds: Double
    }

    /// Loads one address.
    ///
    /// - Throws: `Failure` where wrk is missing, or where answers were no 200.
    func measure(_ url: String) throws -> Sample {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        let seconds = max(1, Int(self.seconds.rounded()))
        process.arguments = ["wrk", "--latency", "-t1", "-c\(self.connections)", "-d\(seconds)s", url]
        let before = ProcessorTime.ofProcess
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0, let rate = Self.number(after: "Requests/sec:", in: output) else {
            throw Failure("wrk is missing, which scripts/setup --peers installs, or it failed: \(output)")
        }
        let used = ProcessorTime.ofProcess - before
        let requests = Self.number(before: " requests in ", in: output) ?? .nan
        guard !output.contains("Non-2xx"), !output.contains("Socket errors") else {
            throw Failure("\(url) gave errors: \(output)")
        }
        return Sample(
            requestsPerSecond: rate,
            p99Milliseconds: Self.milliseconds(after: "99%", in: output) ?? .nan,
            cpuMicroseconds: used / .microseconds(1) / requests
        )
    }

    private static func word(after mark: String, in output: String) -> Substring? {
        guard let range = output.range(of: mark) else { return nil }
        return output[range.upperBound...].split(whereSeparator: \.isWhitespace).first
    }

    private static func number(after mark: String, in output: String) -> Double? {
        self.word(after: mark, in: output).flatMap { Double($0) }
    }

    private static func number(before mark: String, in output: String) -> Double? {
        guard let range = output.range(of: mark) else { return nil }
        return output[..<range.lowerBound].split(whereSeparator: \.isWhitespace).last.flatMap { Double($0) }
    }

    private static func milliseconds(after mark: String, in output: String) -> Double? {
        guard let word = self.word(after: mark, in: output) else { return nil }
        for (unit, factor) in [("us", 0.001), ("ms", 1.0), ("s", 1_000.0)] where word.hasSuffix(unit) {
            return Double(word.dropLast(unit.count)).map { $0 * factor }
        }
        return nil
    }
}
