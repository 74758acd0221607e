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
            second over the plain one's, the median of runs that alternate; same_ratio is that over a plain route which also writes the \
            fields that a hit has (Cache-Control, ETag, Age, Cache-Status), and cpu_ratio, of processor time for each request, moves less \
            where neighbours take some of the machine. early_ratio is of the same routes on a server that answers hits from memory before \
            the application (ResponseCache.earlyHits). The Django peer is cache_page on local memory behind \
            gunicorn with two workers of four threads that keep connections open; peer_ratio is ours on memory over it, early_peer_ratio with \
            early hits. wrk, redis-server and \
            gunicorn run on the same machine.

            --cold opens that many connections, which all ask for one page that nobody has made, and whose handler takes 300 ms.
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

    @Option(help: "Instead: how many clients ask for one cold page at once, from memory.")
    var cold: Int?

    func validate() throws {
        guard self.cold ?? 1 > 0 else { throw ValidationError("--cold must be positive") }
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
        if let clients = self.cold { return try await self.measureCold(clients) }
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
        let samples = try await PageServer.serving(routes) { ports in
            var samples: [String: [WrkLoad.Sample]] = [:]
            for run in 0...runs {
                var targets = ["plain", "same"].map { ($0, "http://127.0.0.1:\(ports.plain)/\($0)") }
                targets += zip(names, routes).map { ($0, "http://127.0.0.1:\(ports.plain)/\($1.path)") }
                for (name, route) in zip(names, routes) where name != "redis" {
                    targets.append((name + ", early", "http://127.0.0.1:\(ports.early)/\(route.path)"))
                }
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

    private func measureCold(_ clients: Int) async throws {
        let cold = ColdPage()
        let runs = self.runs
        let results = try await PageServer.serving([self.route("memory", nil)], cold: cold) { ports in
            var results: [ColdLoad.Result] = []
            for run in 0...runs {
                progress(run == 0 ? "warming up: cold" : "run \(run) of \(runs): cold")
                let result = try await ColdLoad(clients: clients, port: ports.plain, path: "/cold/\(run)").measure(cold)
                if run > 0 { results.append(result) }
            }
            return results
        }
        var line = BenchLine("http.cold")
        line.set("clients", clients)
        line.set("value_bytes", PageServer.pageBytes)
        line.set("handler_ms", ColdPage.duration / .milliseconds(1))
        line.set("handler_runs", results.map(\.handlerRuns).max() ?? 0)
        line.set("last_after_ms", median(results.map { $0.lastAfterHandler / .milliseconds(1) }))
        line.set("last_after_ms_worst", results.map { $0.lastAfterHandler / .milliseconds(1) }.max() ?? .nan)
        line.print()
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
        let same = samples["same"] ?? []
        line.set("same_ops_per_s", median(same.map(\.requestsPerSecond)))
        line.set("same_ratio", median(zip(ours, same).map { $0.requestsPerSecond / $1.requestsPerSecond }))
        line.set("cpu_us", median(ours.map(\.cpuMicroseconds)))
        line.set("plain_cpu_us", median(plain.map(\.cpuMicroseconds)))
        line.set("same_cpu_us", median(same.map(\.cpuMicroseconds)))
        line.set("cpu_ratio", median(zip(ours, plain).map { $1.cpuMicroseconds / $0.cpuMicroseconds }))
        let early = samples[name + ", early"]
        if let early {
            line.set("early_ops_per_s", median(early.map(\.requestsPerSecond)))
            line.set("early_p99_ms", median(early.map(\.p99Milliseconds)))
            line.set("early_cpu_us", median(early.map(\.cpuMicroseconds)))
            line.set("early_ratio", median(zip(early, plain).map { $0.requestsPerSecond / $1.requestsPerSecond }))
        }
        line.set("misses", route.cache.counters.misses)
        if let django = samples["django"], name == "memory" {
            let theirs = median(django.map(\.requestsPerSecond))
            line.set("peer", "Django cache_page, gunicorn")
            line.set("peer_ops_per_s", theirs)
            line.set("peer_ratio", rate / theirs)
            if let early { line.set("early_peer_ratio", median(early.map(\.requestsPerSecond)) / theirs) }
        }
        line.print()
    }
}
