import ArgumentParser
import Foundation

/// `larder-bench hit-ratio-table`: the lines of `larder-bench trace` beside the best that was seen elsewhere.
struct HitRatioTableCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hit-ratio-table",
        abstract: "Reads lines of larder-bench trace and prints them as a Markdown table beside reference values.",
        discussion: """
            The lines come from standard input and need --name and the policies larder, lru, fifo and s3-fifo. The \
            reference is a file of comma-separated values: group, trace, entries, the best hit ratio of an on-line \
            policy in percent, which policy that was, and the optimum.
            """
    )

    @Option(help: "The file with the reference values.")
    var reference: String

    private struct Row {
        var group: String
        var trace: String
        var entries: Int
        var best: Double
        var bestPolicy: String
        var optimum: Double
        /// Hits in a hundred requests, by policy.
        var measured: [String: Double] = [:]

        func over(_ policy: String) -> Double? {
            guard let larder = self.measured["larder"], let other = self.measured[policy] else { return nil }
            return larder - other
        }

        var overBest: Double? {
            self.measured["larder"].map { $0 - self.best }
        }
    }

    func run() throws {
        var rows = try self.rows()
        while let line = readLine() {
            guard let fields = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
                let trace = fields["trace"] as? String, let entries = fields["entries"] as? Int,
                let policy = fields["policy"] as? String, let ratio = fields["hit_ratio"] as? Double
            else {
                throw ValidationError("not a line of larder-bench trace --name: \(line)")
            }
            for index in rows.indices where rows[index].trace == trace && rows[index].entries == entries {
                rows[index].measured[policy] = ratio * 100
            }
        }
        rows.removeAll { $0.measured.isEmpty }
        var groups: [String] = []
        for row in rows where !groups.contains(row.group) { groups.append(row.group) }
        for group in groups {
            Self.printTable(of: rows.filter { $0.group == group }, title: group)
        }
    }

    private func rows() throws -> [Row] {
        guard let text = try? String(contentsOfFile: self.reference, encoding: .utf8) else {
            throw ValidationError("\(self.reference) cannot be read")
        }
        let lines = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
        // The first line has the columns' names.
        return try lines.dropFirst().map { line in
            let cells = line.split(separator: ",").map(String.init)
            guard cells.count == 6, let entries = Int(cells[2]), let best = Double(cells[3]),
                let optimum = Double(cells[5])
            else {
                throw ValidationError("\(self.reference): not a row of six columns: \(line)")
            }
            return Row(
                group: cells[0],
                trace: cells[1],
                entries: entries,
                best: best,
                bestPolicy: cells[4],
                optimum: optimum
            )
        }
    }

    // MARK: Printing

    private static func printTable(of rows: [Row], title: String) {
        print("## \(title.prefix(1).uppercased() + title.dropFirst()) traces\n")
        print("| trace | entries | LRU | FIFO | S3-FIFO | Larder | over LRU | best on-line | to the best | OPT |")
        print("|---|---|---|---|---|---|---|---|---|---|")
        for row in rows {
            let cells = [
                row.trace, String(row.entries), self.text(row.measured["lru"]), self.text(row.measured["fifo"]),
                self.text(row.measured["s3-fifo"]), self.text(row.measured["larder"]), self.signed(row.over("lru")),
                "\(self.text(row.best)) \(row.bestPolicy)", self.signed(row.overBest), self.text(row.optimum),
            ]
            print("| " + cells.joined(separator: " | ") + " |")
        }
        print("")
        for (name, policy) in [("LRU", "lru"), ("the plain S3-FIFO", "s3-fifo")] {
            let distances = rows.compactMap { $0.over(policy) }
            print("- \(self.summary(distances)) over \(name)")
        }
        print("- \(self.summary(rows.compactMap(\.overBest))) over the best on-line policy of the row\n")
    }

    private static func summary(_ distances: [Double]) -> String {
        let mean = distances.isEmpty ? nil : distances.reduce(0, +) / Double(distances.count)
        return
            "Larder: mean \(self.signed(mean)), worst \(self.signed(distances.min())), best \(self.signed(distances.max()))"
    }

    private static func text(_ value: Double?) -> String {
        value.map { String(format: "%.1f", $0) } ?? ""
    }

    private static func signed(_ value: Double?) -> String {
        value.map { abs($0) < 0.05 ? "0.0" : String(format: "%+.1f", $0) } ?? ""
    }
}
