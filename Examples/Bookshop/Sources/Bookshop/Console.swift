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

    init(_ settings: Settings, port: Int) {
        // An address that means "every network" is none that a browser can go to.
        let reachable = ["0.0.0.0", "::"].contains(settings.host) ? "localhost" : settings.host
        let host = reachable.contains(":") ? "[\(reachable)]" : reachable
        let base = "http://\(host):\(port)"
        let store =
            switch settings.store {
            case .memory: "in memory"
            case .redis: "in Redis"
            }
        self.text = """
            The shop is open at \(base), with its cache \(store). Try

              \(base)/
              \(base)/shelves/browsing-fiction
              \(base)/api/search?q=sherlock

            Ctrl-C closes it.

            """
    }
}

/// Shows how far an import has come: on one line that is written over at a terminal, else on a few lines.
final class ImportProgress: Sendable {
    private let isTerminal = isatty(STDERR_FILENO) == 1

    func report(_ progress: CatalogueImport.Progress) {
        let isLast = progress.done == progress.total
        let text = "Importing the catalogue: \(grouped(progress.done)) of \(grouped(progress.total)) books"
        let line = self.isTerminal ? "\r\(text)\(isLast ? "\n" : "")" : "\(text)\n"
        FileHandle.standardError.write(Data(line.utf8))
    }
}
