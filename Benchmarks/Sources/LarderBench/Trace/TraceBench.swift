import ArgumentParser
import Replay

/// `larder-bench trace`: what share of a recorded sequence of requests a cache answers.
struct TraceBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace",
        abstract: "Replays a trace and prints the share of requests that were hits.",
        discussion: """
            A trace has one unsigned number a line: the key of a request. Every request is a read; a miss stores the key. \
            The cache begins empty, and its first misses count. larder is MemoryCache as its initialiser makes it; the \
            others are plain simulations to compare it with.

            With --weights a line has a second number, the size of the key, and the cache is limited by --bytes: then \
            byte_hit_ratio is the share of the bytes asked for that were hits. s3-fifo has no textbook form for sizes.
            """
    )

    @OptionGroup var input: TraceInput

    @Option(help: "Numbers of entries that the cache may hold, separated by commas.")
    var entries: String?

    @Option(help: "Numbers of bytes that the cache may hold, separated by commas; with --weights.")
    var bytes: String?

    @Option(help: "Policies, separated by commas: larder, lru, fifo, s3-fifo.")
    var policy = "larder"

    @Flag(help: "Take the second column as the size of the key.")
    var weights = false

    @Option(help: "A name of the trace to print with the results.")
    var name: String?

    func validate() throws {
        if self.weights {
            guard self.entries == nil, self.bytes != nil else {
                throw ValidationError("--weights goes with --bytes, the room in bytes, instead of --entries")
            }
        } else {
            guard self.bytes == nil, self.entries != nil else {
                throw ValidationError(
                    "--entries is missing, the number of entries to hold; --bytes goes with --weights"
                )
            }
        }
        _ = try self.rooms()
        let policies = try self.policies()
        if self.weights, policies.contains(where: { !$0.takesSizes }) {
            throw ValidationError("with --weights, --policy takes larder, lru and fifo")
        }
    }

    private func rooms() throws -> [Int] {
        let text = self.entries ?? self.bytes ?? ""
        return try text.split(separator: ",").map { part in
            guard let room = Int(part), room > 0 else {
                throw ValidationError("\(part) is not a number of \(self.weights ? "bytes" : "entries") from 1 up")
            }
            return room
        }
    }

    private func policies() throws -> [ReplayPolicy] {
        try self.policy.split(separator: ",").map { name in
            guard let policy = ReplayPolicy(name: String(name)) else {
                throw ValidationError("there is no policy \(name): --policy takes larder, lru, fifo, s3-fifo")
            }
            return policy
        }
    }

    func run() throws {
        let trace = try self.input.read(sizes: self.weights)
        for room in try self.rooms() {
            for policy in try self.policies() {
                let result = self.weights ? policy.replay(trace, bytes: room) : policy.replay(trace, entries: room)
                var line = BenchLine("trace")
                if let name { line.set("trace", name) }
                line.set("requests", trace.keys.count)
                line.set(self.weights ? "bytes" : "entries", room)
                line.set("policy", policy.name)
                line.set("hit_ratio", result.hitRatio, decimals: 5)
                if self.weights { line.set("byte_hit_ratio", result.byteHitRatio, decimals: 5) }
                line.print()
            }
        }
    }
}
