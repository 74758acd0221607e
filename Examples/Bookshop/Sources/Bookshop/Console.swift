import Foundation

/// What the program says to whoever started it.
enum Console {
    static func write(_ text: String) {
        FileHandle.standardOutput.write(Data(text.utf8))
    }

    /// Writes a line to standard error.
    static func writeError(_ line: String) {
        FileHandle.standardError.write(Data((line + "\n").utf8))
    }
}

/// What a started shop says of itself.
struct Greeting {
    let text: String

    /// - Parameters:
    ///   - settings: Where the shop listens.
    ///   - port: The port that it has got.
    ///   - place: What its caches are in.
    init(_ settings: Settings, port: Int, place: String) {
        // An address that means "every network" is none that a browser can go to.
        let reachable = ["0.0.0.0", "::"].contains(settings.host) ? "localhost" : settings.host
        let host = reachable.contains(":") ? "[\(reachable)]" : reachable
        let base = "http://\(host):\(port)"
        self.text = """
            The shop is open at \(base), with its caches \(place). Try

              \(base)/
              \(base)/shelves/browsing-fiction
              \(base)/api/search?q=sherlock

            Ctrl-C closes it.

            """
    }
}

/// Shows how far something has come: on one line that is written over at a terminal, else on a few lines.
struct ProgressLine: Sendable {
    private let isTerminal = isatty(STDERR_FILENO) == 1

    /// - Parameters:
    ///   - text: How far it has come.
    ///   - isLast: Whether it is at its end.
    func write(_ text: String, isLast: Bool) {
        let line = self.isTerminal ? "\r\(text)\(isLast ? "\n" : "")" : "\(text)\n"
        FileHandle.standardError.write(Data(line.utf8))
    }
}

/// Shows how far an import has come.
struct ImportProgress: Sendable {
    private let line = ProgressLine()

    func report(_ progress: CatalogueImport.Progress) {
        let text = "Importing the catalogue: \(grouped(progress.done)) of \(grouped(progress.total)) books"
        self.line.write(text, isLast: progress.done == progress.total)
    }
}

/// Shows how far the warming of the shelves has come.
struct WarmingProgressLine: Sendable {
    private let line = ProgressLine()

    func report(_ report: WarmingReport) {
        self.line.write(report.description, isLast: report.isLast)
    }
}
