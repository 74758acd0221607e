import ArgumentParser
import Foundation

/// `larder-bench table`: the lines of the other subcommands as a table for people.
struct TableCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "table",
        abstract: "Reads the lines of other subcommands from standard input and prints them as a Markdown table."
    )

    /// What is measured, with its unit; a peer's figure has the same name after `peer_`.
    private static let figures = [
        ("ops_per_s", "/s"), ("ns_per_op", " ns"), ("cpu_ns_per_op", " ns of CPU"), ("p50_us", " µs median"),
        ("p99_us", " µs 99 %"), ("cpu_us", " µs of CPU"), ("resumptions_per_s", " resumptions/s"),
        ("hit_ratio", " hits"), ("bytes_per_entry", " bytes"), ("p9999_us", " µs 99.99 %"), ("max_us", " µs longest"),
        ("over_1ms", " over 1 ms"), ("cpu_p9999_us", " µs 99.99 % of CPU"), ("cpu_max_us", " µs longest of CPU"),
        ("cpu_over_1ms", " over 1 ms of CPU"), ("freed_after_ms", " ms until freed"), ("added_ns", " ns added"),
        ("untagged_ratio", " of the speed without tags"), ("fills", " fills"), ("last_ms", " ms until the last had it"),
        ("last_max_ms", " ms at most"), ("left_after_ms", " ms until all had left"),
        ("fill_cancelled_after_ms", " ms until the fill ended"), ("began_after_ms", " ms until the next fill began"),
        ("began_after_max_ms", " ms at most"), ("overhead_ms", " ms over the fill"), ("overhead_p50_ms", " ms median"),
        ("overhead_max_ms", " ms at most"), ("recovered_ms", " ms until a hit"), ("recovered_max_ms", " ms at most"),
        ("commands", " commands"), ("tag_keys", " tag keys"), ("tag_keys_for_ever", " of them for ever"),
        ("lease_keys", " lease keys"), ("remaining", " entries remain"), ("held", " leases or waiters held"),
        ("grown_bytes", " bytes grown"), ("grown_bytes_per_fetch", " a fetch"),
    ]

    private static let measured = Set(
        Self.figures.flatMap { [$0.0, "peer_" + $0.0] } + ["bench", "peer", "ratio", "cpu_ratio"]
    )

    func run() throws {
        print("| what | with | ours | peer | peer's | ratio |")
        print("|---|---|---|---|---|---|")
        while let line = readLine() {
            guard !line.isEmpty else { continue }
            guard let fields = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] else {
                throw ValidationError("not a line of larder-bench: \(line)")
            }
            print(Self.row(fields))
        }
    }

    private static func row(_ fields: [String: Any]) -> String {
        let circumstances = fields.keys.filter { !Self.measured.contains($0) }.sorted()
            .map { "\($0) \(Self.text(fields[$0]))" }
        let cells = [
            "`\(Self.text(fields["bench"]))`",
            circumstances.joined(separator: ", "),
            Self.figures(fields, prefix: ""),
            Self.text(fields["peer"]),
            Self.figures(fields, prefix: "peer_"),
            Self.text(fields["ratio"]),
        ]
        return "| " + cells.joined(separator: " | ") + " |"
    }

    private static func figures(_ fields: [String: Any], prefix: String) -> String {
        Self.figures.compactMap { name, unit in fields[prefix + name].map { Self.text($0) + unit } }
            .joined(separator: ", ")
    }

    private static func text(_ value: Any?) -> String {
        switch value {
        case nil: ""
        case let number as NSNumber where number.doubleValue >= 1_000: String(Int(number.doubleValue))
        case let value?: "\(value)"
        }
    }
}
