import ArgumentParser
import Foundation
import Replay

/// `larder-bench synthesize`: made-up traces.
struct SynthesizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "synthesize",
        abstract: "Prints a made-up trace, the same on every machine.",
        discussion: """
            zipf draws the key of rank r, counted from 0, with a probability proportional to 1 / (r + 1)^theta. scan is \
            zipf, and after every --scan-every requests --scan-length keys that nobody asks for again. loop asks for its \
            keys round and round. phase is a third zipf, a third a loop over other keys, a fifth as many, and a third \
            zipf with every key's popularity changed.
            """
    )

    @Argument(help: "The kind: zipf, scan, loop or phase.")
    var kind: SyntheticWorkload.Kind

    @Option(help: "How many keys there are.")
    var keys = 100_000

    @Option(help: "The exponent of Zipf's law.")
    var theta = 1.0

    @Option(help: "How many requests to print.")
    var requests = 1_000_000

    @Option(help: "What the numbers are drawn from.")
    var seed: UInt64 = 1

    @Option(help: "Requests between scans.")
    var scanEvery = 100_000

    @Option(help: "Requests of a scan.")
    var scanLength = 20_000

    @Flag(help: "Print a second column: the size of the key in bytes, log-normal with a median of 1 KiB.")
    var sizes = false

    func validate() throws {
        guard self.keys > 0, self.requests > 0, self.scanEvery > 0, self.scanLength > 0 else {
            throw ValidationError("--keys, --requests, --scan-every and --scan-length must be positive")
        }
    }

    func run() throws {
        var workload = SyntheticWorkload(self.kind)
        workload.keys = self.keys
        workload.exponent = self.theta
        workload.requests = self.requests
        workload.seed = self.seed
        workload.scanEvery = self.scanEvery
        workload.scanLength = self.scanLength

        var text = ""
        workload.forEachKey { key in
            text += self.sizes ? "\(key) \(SyntheticWorkload.size(of: key))\n" : "\(key)\n"
            if text.utf8.count > 1 << 20 {
                FileHandle.standardOutput.write(Data(text.utf8))
                text.removeAll(keepingCapacity: true)
            }
        }
        FileHandle.standardOutput.write(Data(text.utf8))
    }
}

extension SyntheticWorkload.Kind: ExpressibleByArgument {}
