import ArgumentParser

/// Measures Larder beside the tools that people know, and prints one JSON object a line.
@main
struct LarderBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "larder-bench",
        abstract: "Measures Larder beside the tools that people know.",
        discussion: """
            Every line on standard output is one JSON object: what ran, what varied, what was measured and, where a peer \
            ran in the same call, its figure and the ratio (ours over the peer's; more is better). Progress goes to \
            standard error.
            """,
        subcommands: [
            CachedBench.self, FetchBench.self, FetchWorker.self, NearBench.self, NearWorker.self, MemoryBench.self,
            HistoryBench.self,
            LocksBench.self, LockWorker.self,
            RateLimitBench.self, RateLimitWorker.self,
            CollectionsBench.self, CollectionsWorker.self,
            FragmentsBench.self, HTTPBench.self,
            RedisBench.self, MemcachedBench.self, PubSubBench.self, SQLiteBench.self,
            TraceBench.self, TableCommand.self, HitRatioTableCommand.self,
            PlotCommand.self, SynthesizeCommand.self,
        ]
    )
}
