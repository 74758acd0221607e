import Larder
import LarderRedis
import LarderRedisClient
import LarderTesting
import Synchronization
import Testing

/// Several processes on one Redis, each with a client of its own: one fills, the others wait and are woken.
@Suite(.timeLimit(.minutes(2))) struct FleetOnRedisTests {
    private static let key = CacheKey<Int>("k")

    /// A cache with a client of its own, as another process would have.
    private struct Process: Sendable {
        let client: RedisClient
        let cache: Cache
    }

    private final class Switch: Sendable {
        private let state = Atomic(false)

        var isOn: Bool { self.state.load(ordering: .acquiring) }

        func turnOn() { self.state.store(true, ordering: .releasing) }
    }

    private final class Fills: Sendable {
        private let begun = Atomic<Int>(0)

        var count: Int { self.begun.load(ordering: .relaxed) }

        func begin() { self.begun.add(1, ordering: .relaxed) }
    }

    private func withProcesses(
        _ count: Int,
        policy: FetchPolicy = .standard,
        _ body: @Sendable (RedisServer, [Process]) async throws -> Void
    ) async throws {
        try await withRedisServer { server in
            let processes = try (0..<count).map { _ in
                let client = try RedisClient(url: server.url)
                let defaults = CacheDefaults(fetchPolicy: policy, failurePolicy: .throwing)
                return Process(client: client, cache: Cache(.redis(client), namespace: "ns", defaults: defaults))
            }
            do {
                try await body(server, processes)
            } catch {
                for process in processes { await process.client.shutdown() }
                throw error
            }
            for process in processes {
                await process.cache.shutdown()
                await process.client.shutdown()
            }
        }
    }

    private func waitUntilHeld(_ cache: Cache) async throws {
        let clock = ContinuousClock()
        let deadline = clock.now.advanced(by: .seconds(20))
        while try await cache.explain(Self.key).tiers.first?.holder == nil {
            try #require(clock.now < deadline, "nobody has taken the lease")
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    @Test func stampedeOnSeveralProcessesIsOneFill() async throws {
        try await self.withProcesses(8) { _, processes in
            let fills = Fills()
            try await withThrowingTaskGroup(of: Int.self) { group in
                for process in processes {
                    for _ in 0..<25 {
                        group.addTask {
                            try await process.cache.fetch(Self.key) {
                                fills.begin()
                                try await Task.sleep(for: .milliseconds(200))
                                return 7
                            }
                        }
                    }
                }
                for try await value in group { #expect(value == 7) }
            }
            #expect(fills.count == 1)
            #expect(processes.map(\.cache.counters.fills).reduce(0, +) == 1)
        }
    }

    @Test func waitersAreWokenAndDoNotAskAgainAndAgain() async throws {
        try await self.withProcesses(2) { server, processes in
            async let first = processes[0].cache.fetch(Self.key) {
                try await Task.sleep(for: .milliseconds(1_500))
                return 1
            }
            try await self.waitUntilHeld(processes[1].cache)
            let before = try await self.calls(of: "evalsha", server)
            try await #expect(processes[1].cache.fetch(Self.key) { 2 } == 1)
            // Asked for the lease, looked once more, asked again when woken; the commit of the other; not one more each 50 ms.
            try await #expect(self.calls(of: "evalsha", server) - before < 12)
            try await #expect(first == 1)
        }
    }

    private func calls(of command: String, _ server: RedisServer) async throws -> Int {
        let reply = try await server.command("INFO", "commandstats")
        guard let line = reply.split(whereSeparator: \.isNewline).first(where: { $0.hasPrefix("cmdstat_\(command):") }),
            let calls = line.split(separator: "calls=").last?.prefix(while: \.isNumber)
        else { return 0 }
        return Int(calls) ?? 0
    }

    @Test func leaderThatIsCancelledLetsTheNextBeginAtOnce() async throws {
        try await self.withProcesses(2) { _, processes in
            let leader = Task {
                try await processes[0].cache.fetch(Self.key) { () -> Int in
                    try await Task.sleep(for: .seconds(60))
                    return 1
                }
            }
            try await self.waitUntilHeld(processes[1].cache)
            let next = Task {
                try await processes[1].cache.fetchReportingOutcome(Self.key) { _ in 2 }
            }
            try await Task.sleep(for: .milliseconds(100))
            let cancelled = ContinuousClock.now
            leader.cancel()
            try await #expect(next.value.value == 2)
            #expect(cancelled.duration(to: .now) < .seconds(1))
            await #expect(throws: CancellationError.self) { _ = try await leader.value }
        }
    }

    @Test func leaderThatIsGoneIsReplacedWhenItsLeaseHasRunOut() async throws {
        try await self.withProcesses(2) { _, processes in
            // Taken by hand and never renewed, as by a process that was killed.
            guard case .granted = try await processes[0].cache.getOrLease(Self.key, for: .milliseconds(600)) else {
                Issue.record("no lease")
                return
            }
            let start = ContinuousClock.now
            try await #expect(processes[1].cache.fetch(Self.key) { 2 } == 2)
            let waited = start.duration(to: .now)
            #expect(waited > .milliseconds(400))
            #expect(waited < .seconds(3))
            try await #expect(processes[0].cache.get(Self.key) == 2)
        }
    }

    @Test func leaseIsRenewedWhileTheFillRuns() async throws {
        let policy = try FetchPolicy(leaseDuration: .milliseconds(400))
        try await self.withProcesses(2, policy: policy) { _, processes in
            async let first = processes[0].cache.fetch(Self.key) {
                try await Task.sleep(for: .milliseconds(1_600))
                return 1
            }
            try await self.waitUntilHeld(processes[1].cache)
            try await #expect(processes[1].cache.fetch(Self.key) { 2 } == 1)
            try await #expect(first == 1)
            #expect(processes[1].cache.counters.fills == 0)
        }
    }

    @Test func waiterSurvivesTheLossOfItsSubscription() async throws {
        try await self.withProcesses(2) { server, processes in
            async let first = processes[0].cache.fetch(Self.key) {
                try await Task.sleep(for: .milliseconds(800))
                return 1
            }
            try await self.waitUntilHeld(processes[1].cache)
            async let second = processes[1].cache.fetch(Self.key) { 2 }
            try await Task.sleep(for: .milliseconds(100))
            _ = try await server.command("CLIENT", "KILL", "TYPE", "pubsub")
            _ = try await server.command("SCRIPT", "FLUSH")
            try await #expect(second == 1)
            try await #expect(first == 1)
        }
    }

    @Test(arguments: ["call", "context", "nested", "result"])
    func whoAsksAfterAnInvalidationElsewhereGetsNothingFromBefore(_ origin: String) async throws {
        try await self.withProcesses(3) { _, processes in
            let gate = Switch()
            let hasTags = Switch()
            @Sendable func fetch(_ cache: Cache, _ value: Int) async throws -> Int {
                try await cache.fetch(Self.key, tags: origin == "call" ? ["t"] : []) { context in
                    switch origin {
                    case "context": try await context.depends(on: "t")
                    case "nested": _ = try await cache.fetch("inner", tags: ["t"]) { 0 }
                    case "result": try context.addTags(["t"])
                    default: break
                    }
                    hasTags.turnOn()
                    while !gate.isOn { try await Task.sleep(for: .milliseconds(5)) }
                    return value
                }
            }
            let (first, third) = (processes[0].cache, processes[2].cache)
            let early = Task { try await fetch(first, 1) }
            while !hasTags.isOn { try await Task.sleep(for: .milliseconds(5)) }
            try await processes[1].cache.invalidate(tags: ["t"])
            let late = Task { try await fetch(third, 2) }
            let lateInTheSame = Task { try await fetch(first, 2) }
            try await Task.sleep(for: .milliseconds(100))
            gate.turnOn()
            try await #expect(early.value == 1)
            try await #expect(late.value == 2)
            try await #expect(lateInTheSame.value == 2)
            try await #expect(processes[1].cache.get(Self.key) == 2)
        }
    }

    @Test func pageFallsWithTheRowThatItShows() async throws {
        try await self.withProcesses(2) { _, processes in
            let cache = processes[0].cache
            func page() async throws -> Int {
                try await cache.fetch("page") { try await cache.fetch("row", tags: ["row:1"]) { 1 } + 10 }
            }
            try await #expect(page() == 11)
            try await #expect(cache.get(CacheKey<Int>("page")) == 11)
            try await processes[1].cache.invalidate(tags: ["row:1"])
            try await #expect(cache.get(CacheKey<Int>("page")) == nil)
            try await #expect(cache.get(CacheKey<Int>("row")) == nil)
        }
    }
}

/// A user whom the server lets neither publish nor subscribe: the default for users of Redis 7.
@Suite(.timeLimit(.minutes(2))) struct FleetWithoutChannelsTests {
    @Test func waitersAskFromTimeToTimeAndTheBreakerStaysClosed() async throws {
        try await withRedisServer { server in
            _ = try await server.command("ACL", "SETUSER", "app", "on", ">secret", "~*", "+@all", "resetchannels")
            let url = "redis://app:secret@127.0.0.1:\(server.port)"
            let clients = try [RedisClient(url: url), RedisClient(url: url)]
            let caches = clients.map { Cache(.redis($0), namespace: "ns", defaults: .init(failurePolicy: .throwing)) }
            let (first, second) = (caches[0], caches[1])
            let keys = (0..<20).map { CacheKey<Int>("k\($0)") }
            let leader = Task {
                try await first.fetchMany(keys) { missing in
                    try await Task.sleep(for: .milliseconds(500))
                    return Dictionary(uniqueKeysWithValues: missing.map { ($0, 1) })
                }
            }
            while try await second.explain(keys[0]).tiers.first?.holder == nil {
                try await Task.sleep(for: .milliseconds(2))
            }
            let values = try await second.fetchMany(keys) { missing in
                Dictionary(uniqueKeysWithValues: missing.map { ($0, 2) })
            }
            #expect(values.values.allSatisfy { $0 == 1 })
            #expect(second.circuit == .closed)
            #expect(second.counters.fills == 0)
            _ = try await leader.value
            for client in clients { await client.shutdown() }
        }
    }
}
