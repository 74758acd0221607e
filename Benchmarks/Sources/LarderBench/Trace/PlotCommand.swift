import ArgumentParser
import Foundation
import Replay

/// `larder-bench plot`: hit ratio over size.
struct PlotCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plot",
        abstract: "Draws the hit ratio of a trace over the size of the cache, for Larder and simple policies, as SVG."
    )

    @OptionGroup var input: TraceInput

    @Option(help: "What is written above the plot.")
    var title: String

    @Option(help: "The file to write; without it, standard output.")
    var output: String?

    @Option(help: "How many sizes to measure.")
    var points = 25

    @Option(help: "The smallest size.")
    var from: Int?

    @Option(help: "The largest size; without it, half the trace's keys.")
    var to: Int?

    func validate() throws {
        guard (2...200).contains(self.points) else { throw ValidationError("--points takes numbers from 2 to 200") }
    }

    func run() throws {
        let trace = try self.input.read()
        let distinct = Set(trace.keys).count
        let smallest = max(1, self.from ?? distinct / 500)
        let largest = self.to ?? distinct / 2
        guard smallest < largest else {
            throw ValidationError("the smallest size, \(smallest), is not below the largest, \(largest)")
        }
        // Evenly on a logarithmic scale, which is how much a doubling of the memory brings.
        let sizes = (0..<self.points).map { index in
            let share = Double(index) / Double(self.points - 1)
            return Int((Double(smallest) * pow(Double(largest) / Double(smallest), share)).rounded())
        }
        var plot = HitRatioPlot(
            title: self.title,
            subtitle: "\(trace.keys.count.formatted) requests for \(distinct.formatted) keys, from an empty cache"
        )
        for policy in ReplayPolicy.all {
            progress("\(self.title): \(policy.name)")
            let ratios = sizes.map { policy.replay(trace, entries: $0).hitRatio }
            plot.curves.append(
                HitRatioPlot.Curve(name: policy.title, points: Array(zip(sizes.map(Double.init), ratios)))
            )
        }
        let svg = Data(plot.svg.utf8)
        if let output {
            try svg.write(to: URL(fileURLWithPath: output))
        } else {
            FileHandle.standardOutput.write(svg)
        }
    }
}

extension Int {
    /// With a comma between thousands.
    fileprivate var formatted: String {
        var digits = String(self)
        var position = digits.count - 3
        while position > 0 {
            digits.insert(",", at: digits.index(digits.startIndex, offsetBy: position))
            position -= 3
        }
        return digits
    }
}
