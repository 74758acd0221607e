import ArgumentParser
import Foundation
import Larder
import LarderRedis
import LarderRedisClient
import LarderTesting

/// `larder-bench http`: cached pages beside a plain route of the same server, and beside Django.
struct HTTPBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "http",
        abstract:
            "Measures hits of the response cache beside a plain Hummingbird route and beside Django's cache_page.",
        discussion: """
            One Hummingbird application in this process has a route that returns a page of 10,240 bytes, and the same behind the response \
            cache on memory, on Redis, and on Redis with a near cache. wrk loads one after the other; ratio is a cached route's requests a \
            second over the plain one's, the median of runs that alternate. The Django peer is cache_page on local memory behind \
            gunicorn with two workers of four threads that keep connections open; peer_ratio is ours on memory over it. wrk, redis-server and \
            gunicorn run on the same machine.
            """
    )

    @Option(help: "How often to measure; each line is the median.")
    var runs = 5

    @Option(help: "How many connections wrk keeps open.")
    var connections = 64

    @Option(help: "How long to measure each time, in whole seconds.")
    var seconds = 3.0

    @Option(help: "Where pages lie, separated by commas: memory, redis, redis+near.")
    var stores = "memory,redis,redis+near"

    @Flag(inversion: .prefixedNo, help: "Whether to measure Django too.")
    var django = true

    func validate() throws {
        guard self.runs > 0, self.seconds >= 1, self.connections > 0 else {
            throw ValidationError("--runs and --connections must be positive, --seconds at least 1")
        }
        let known: Set = ["memory", "redis", "redis+near"]
        guard !self.storeNames.isEmpty, self.storeNames.allSatisfy(known.contains) else {
            throw ValidationError("--stores takes memory, redis and redis+near, separated by commas")
        }
    }

    private var storeNames: [String] { self.stores.split(separator: ",").map(String.init) }

    func run() async throws {
        guard self.storeNames.contains(where: { $0 != "memory" }) else { return try await self.measure(nil) }
        try await withRedisServer { server in try await self.measure(server.port) }
    }

    private func route(_ store: String, _ port: Int?) throws -> PageServer.Route {
        let path = store == "redis+near" ? "near" : store
        let cache: Cache
        switch (store, port) {
        case ("redis", let port?):
            cache = Cache(RedisStore(try RedisClient(RedisConfiguration(port: port))), namespace: "bench-redis")
        case ("redis+near", let port?):
            let store = RedisStore(
                try RedisClient(RedisConfiguration(port: port)),
                RedisStoreOptions(nearCache: .entries(1_000))
            )
            cache = Cache(store, namespace: "bench-near")
        default:
            cache = Cache(MemoryStore(limit: .entries(1_000)), namespace: "bench")
        }
        return PageServer.Route(path: path, cache: cache)
    }

    private func measure(_ redisPort: Int?) async throws {
        let routes = try self.storeNames.map { try self.route($0, redisPort) }
        let names = self.storeNames
        let load = WrkLoad(connections: self.connections, seconds: self.seconds)
        let peer = self.django ? DjangoPeer.start() : nil
        try await peer?.waitUntilReady()
        let peerURL = peer?.url
        let runs = self.runs
        let samples = try await PageServer.serving(routes) { port in
            var samples: [String: [WrkLoad.Sample]] = [:]
            for run in 0...runs {
                var targets = [("plain", "http://127.0.0.1:\(port)/plain")]
                targets += zip(names, routes).map { ($0, "http://127.0.0.1:\(port)/\($1.path)") }
                if let peerURL { targets.append(("django", peerURL)) }
                for (name, url) in targets {
                    progress(run == 0 ? "warming up: \(name)" : "run \(run) of \(runs): \(name)")
                    let sample = try load.measure(url)
                    if run > 0 { samples[name, default: []].append(sample) }
                }
            }
            return samples
        }
        for (name, route) in zip(names, routes) { self.report(name, route, samples) }
        withExtendedLifetime(peer) {}
    }

    private func report(_ name: String, _ route: PageServer.Route, _ samples: [String: [WrkLoad.Sample]]) {
        let ours = samples[name] ?? []
        let plain = samples["plain"] ?? []
        let rate = median(ours.map(\.requestsPerSecond))
        let plainRate = median(plain.map(\.requestsPerSecond))
        var line = BenchLine("http.page")
        line.set("store", name)
        line.set("connections", self.connections)
        line.set("value_bytes", PageServer.pageBytes)
        line.set("ops_per_s", rate)
        line.set("p99_ms", median(ours.map(\.p99Milliseconds)))
        line.set("plain_ops_per_s", plainRate)
        line.set("ratio", median(zip(ours, plain).map { $0.requestsPerSecond / $1.requestsPerSecond }))
        line.set("misses", route.cache.counters.misses)
        if let django = samples["django"], name == "memory" {
            let theirs = median(django.map(\.requestsPerSecond))
            line.set("peer", "Django cache_page, gunicorn")
            line.set("peer_ops_per_s", theirs)
            line.set("peer_ratio", rate / theirs)
        }
        line.print()
    }
}
