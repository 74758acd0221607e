import Foundation

/// One measurement: the JSON object that a line of the benchmark's output holds.
struct BenchLine {
    private var fields: [(name: String, value: Field)] = []

    private enum Field {
        case text(String)
        case integer(Int)
        case real(Double, decimals: Int?)
    }

    /// - Parameter bench: What was measured, such as `redis.get`.
    init(_ bench: String) {
        self.set("bench", bench)
    }

    mutating func set(_ name: String, _ value: String) {
        self.fields.append((name, .text(value)))
    }

    mutating func set(_ name: String, _ value: Int) {
        self.fields.append((name, .integer(value)))
    }

    /// Adds a figure, with as many decimals as a measurement of time deserves if nothing else is said.
    mutating func set(_ name: String, _ value: Double, decimals: Int? = nil) {
        self.fields.append((name, .real(value, decimals: decimals)))
    }

    /// Adds the peer's figure and the ratio of ours over it, for figures of which more is better.
    mutating func setPeer(_ peer: String, operationsPerSecond theirs: Double, ours: Double) {
        self.set("peer", peer)
        self.set("peer_ops_per_s", theirs)
        self.set("ratio", theirs > 0 ? ours / theirs : 0)
    }

    /// Prints the line on standard output at once, so that a reader of a pipe sees it when it was measured.
    func print() {
        FileHandle.standardOutput.write(Data((self.json + "\n").utf8))
    }

    private var json: String {
        let parts = self.fields.map { field in
            let value =
                switch field.value {
                case .text(let text):
                    "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
                case .integer(let integer): String(integer)
                case .real(let real, let decimals): Self.rounded(real, decimals)
                }
            return "\"\(field.name)\": \(value)"
        }
        return "{" + parts.joined(separator: ", ") + "}"
    }

    /// Three decimals below 100, one below 10,000, none above: more would be noise.
    private static func rounded(_ value: Double, _ wanted: Int?) -> String {
        guard value.isFinite else { return "null" }
        let decimals = wanted ?? (abs(value) < 100 ? 3 : abs(value) < 10_000 ? 1 : 0)
        return String(format: "%.\(decimals)f", value)
    }
}

/// The middle of several measurements; of an even number, the mean of the middle two.
func median(_ values: [Double]) -> Double {
    guard !values.isEmpty else { return .nan }
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
}

/// The value that `fraction` (0 to 1) of the sorted measurements do not exceed.
func percentile(_ fraction: Double, of sorted: [Double]) -> Double {
    guard let last = sorted.indices.last else { return .nan }
    return sorted[min(last, Int(Double(sorted.count) * fraction))]
}

/// Says on standard error what is going on; standard output is for measurements alone.
func progress(_ message: String) {
    FileHandle.standardError.write(Data((message + "\n").utf8))
}
