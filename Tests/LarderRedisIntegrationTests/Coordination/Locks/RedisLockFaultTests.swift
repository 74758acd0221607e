import Larder
import LarderRedis
import LarderRedisClient
import LarderTesting
import Synchronization
import Testing

/// Locks on a server that hangs, dies, forgets, and closes connections.
@Suite(.timeLimit(.minutes(3))) struct RedisLockFaultTests {
    /// What sections tell each other: tokens, and how many of them ran at the same time.
    private final class Watch: Sendable {
        private struct State {
            var running = 0
            var most = 0
            var tokens: [FencingToken] = []
        }

        private let state = Mutex(State())

        func enter(_ token: FencingToken) {
            self.state.withLock { state in
                state.running += 1
                state.most = max(state.most, state.running)
                state.tokens.append(token)
            }
        }

        func leave() { self.state.withLock { $0.running -= 1 } }

        var most: Int { self.state.withLock(\.most) }

        var tokens: [FencingToken] { self.state.withLock(\.tokens) }

        var tokensGrow: Bool {
            let tokens = self.tokens
            return zip(tokens, tokens.dropFirst()).allSatisfy { $0 < $1 }
        }
    }

    private func configuration(_ server: RedisServer) throws -> RedisConfiguration {
        var configuration = try RedisConfiguration(url: server.url)
        configuration.commandTimeout = .milliseconds(500)
        return configuration
    }

    private func code(_ body: () async throws -> Void) async throws -> CacheError.Code {
        let error = await #expect(throws: CacheError.self) { try await body() }
        return try #require(error).code
    }

    @Test func aFullServerTakesLocksBackAndGivesNone() async throws {
        try await withRedisServer { server in
            try await withLockProcesses(1, self.configuration(server)) { processes in
                let locks = processes[0].locks
                try await locks.withLock("a", lease: .milliseconds(900)) { _ in
                    _ = try await server.command("CONFIG", "SET", "maxmemory", "1")
                    // Two renewals long.
                    try await Task.sleep(for: .milliseconds(1_200))
                }
                let isHeld = try await locks.isLocked("a")
                #expect(!isHeld)
                let code = try await self.code {
                    try await locks.withLock("a", wait: .zero) { _ in }
                }
                #expect(code == .unavailable)
                _ = try await server.command("CONFIG", "SET", "maxmemory", "0")
                try await locks.withLock("a", wait: .seconds(5)) { _ in }
            }
        }
    }

    @Test func aQuestionThatArrivesLateTakesNothing() async throws {
        try await withRedisServer { server in
            try await withLockProcesses(2, self.configuration(server)) { processes in
                // From here on both know the server's time.
                for process in processes { try await process.locks.withLock("known") { _ in } }
                for round in 0..<3 {
                    server.pause()
                    let code = try await self.code {
                        try await processes[0].locks.withLock("k\(round)", wait: .zero) { _ in }
                    }
                    #expect(code == .unavailable)
                    // What was sent lies in the server's buffers, and is older then than it may be.
                    try await Task.sleep(for: .milliseconds(700))
                    server.resume()
                    for _ in 0..<20 {
                        let isLocked = try await processes[1].locks.isLocked("k\(round)")
                        #expect(!isLocked)
                        try await Task.sleep(for: .milliseconds(10))
                    }
                    try await processes[1].locks.withLock("k\(round)", wait: .zero) { _ in }
                }
            }
        }
    }

    @Test func whoKnowsTheTimeWronglyLearnsIt() async throws {
        try await withRedisServer { server in
            try await withLockProcesses(1, self.configuration(server)) { processes in
                let clock = ManualClock()
                let store = RedisLockStore(processes[0].client, clock: CacheClock(clock))
                let space = store.open("ns")
                // As if the server's clock had been set forward, and back, while this process looked away.
                for seconds in [0, 3_600, 0] {
                    clock.advance(by: .seconds(seconds))
                    try await Task.sleep(for: .milliseconds(1_200))
                    let owner = LockOwner.random()
                    let lock = LockResource(.lock, "k")
                    let answer = try await space.acquire(LockRequest(lock, owner: owner, lease: .seconds(30)))
                    guard case .granted = answer else { throw LockServerFailure(reply: "\(answer)") }
                    let released = try await space.release(lock, owner: owner)
                    #expect(released == .released)
                }
            }
        }
    }

    @Test func aHolderThatIsCutOffIsCancelledBeforeItsLeaseEnds() async throws {
        // redisson/redisson#3636: the holder lost its connection, worked on, and the next one held the lock beside it.
        try await withRedisServer { server in
            try await withLockProcesses(2, self.configuration(server)) { processes in
                let lease = Duration.seconds(3)
                let ended = Noted<ContinuousClock.Instant?>(nil)
                let token = Noted<FencingToken?>(nil)
                let value = processes[0].locks.fencedValue("v", of: Int.self)
                let begun = ContinuousClock.now
                let held = Task {
                    try await processes[0].locks.withLock("k", lease: lease) { granted in
                        token.withLock { $0 = granted }
                        defer { ended.withLock { $0 = .now } }
                        try await Task.sleep(for: .seconds(60))
                    }
                }
                try await waitUntil(processes[1].locks, "k", isLocked: true)
                // Others see that it is held before the holder has heard so, and who has not heard so is no holder.
                for _ in 0..<5_000 where token.value == nil { try await Task.sleep(for: .milliseconds(1)) }
                server.pause()
                let code = try await self.code { try await held.value }
                #expect(code == .lockLost)
                let end = try #require(ended.value)
                #expect(begun.duration(to: end) < lease + .seconds(1))
                server.resume()
                let next = try await processes[1].locks.withLock("k", wait: .seconds(30)) { $0 }
                let stale = try #require(token.value)
                #expect(next > stale)
                try await value.set(2, token: next)
                let refusal = try await self.code { try await value.set(1, token: stale) }
                #expect(refusal == .staleToken)
            }
        }
    }

    @Test func aLongSectionKeepsItsLockWhileTheServerIsSlow() async throws {
        // redisson/redisson#5698: a renewal that came too late, or never, let a second holder in.
        try await withRedisServer(.init(configuration: ["enable-debug-command yes"])) { server in
            try await withLockProcesses(2, self.configuration(server)) { processes in
                let watch = Watch()
                let lease = Duration.seconds(3)
                async let long: Void = processes[0].locks.withLock("k", lease: lease) { token in
                    watch.enter(token)
                    try await Task.sleep(for: .seconds(10))
                    watch.leave()
                }
                try await waitUntil(processes[1].locks, "k", isLocked: true)
                async let second: Void = processes[1].locks.withLock("k", lease: lease, wait: .seconds(60)) { token in
                    watch.enter(token)
                    watch.leave()
                }
                for _ in 0..<6 {
                    try await server.command("DEBUG", "SLEEP", "0.8")
                    try await Task.sleep(for: .milliseconds(200))
                }
                try await long
                try await second
                #expect(watch.most == 1)
                #expect(watch.tokensGrow)
            }
        }
    }

    @Test func nothingHoldsALockAfterItsSections() async throws {
        // redisson/redisson#7272: a renewal that began beside the unlock kept the lock for ever.
        try await withRedis { redis in
            let locks = Locks(.redis(redis.client), namespace: "ns")
            let lease = Duration.milliseconds(90)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<64 {
                    group.addTask {
                        // Ends about when the first renewal, at 30 ms, is on its way.
                        let length = Duration.microseconds(28_000 + index * 60)
                        for _ in 0..<4 {
                            // On a busy machine a lease as short as this can be lost; only what is left behind counts here.
                            do {
                                try await locks.withLock("k\(index)", lease: lease) { _ in
                                    try await Task.sleep(for: length)
                                }
                            } catch let error as CacheError where error.code == .lockLost {}
                        }
                    }
                }
                try await group.waitForAll()
            }
            let commands = try await redis.commands { try await Task.sleep(for: lease * 4) }
            #expect(commands["evalsha"] ?? 0 == 0, "nobody renews")
            for index in 0..<64 {
                let isLocked = try await locks.isLocked("k\(index)")
                #expect(!isLocked)
            }
        }
    }

    @Test func aServerThatForgetsTellsTheHolderAtItsNextRenewal() async throws {
        try await withRedisServer { server in
            try await withLockProcesses(2, self.configuration(server)) { processes in
                let token = Noted<FencingToken?>(nil)
                let lease = Duration.seconds(6)
                let held = Task {
                    try await processes[0].locks.withLock("k", lease: lease) { granted in
                        token.withLock { $0 = granted }
                        try await Task.sleep(for: .seconds(60))
                    }
                }
                try await waitUntil(processes[1].locks, "k", isLocked: true)
                await server.kill()
                try await server.restart()
                let next = try await processes[1].locks.withLock("k", wait: .seconds(30)) { $0 }
                let first = try #require(token.value)
                #expect(next > first, "tokens grow although the server has forgotten them")
                let code = try await self.code { try await held.value }
                #expect(code == .lockLost)
            }
        }
    }

    @Test func waitersOutliveAServerThatRestarts() async throws {
        try await withRedisServer(.init(persistent: true)) { server in
            try await withLockProcesses(2, self.configuration(server)) { processes in
                let held = Task {
                    try await processes[0].locks.withLock("k", lease: .seconds(30)) { _ in
                        try await Task.sleep(for: .seconds(60))
                    }
                }
                try await waitUntil(processes[1].locks, "k", isLocked: true)
                async let second = processes[1].locks.withLock("k", wait: .seconds(60)) { $0 }
                try await Task.sleep(for: .milliseconds(200))
                await server.kill()
                try await Task.sleep(for: .milliseconds(300))
                try await server.restart()
                held.cancel()
                _ = await held.result
                _ = try await second
            }
        }
    }

    /// What is done to the server while sections run.
    enum Disturbance: CaseIterable, Sendable {
        case connectionsKilled
        case scriptsForgotten
        case serverPaused
    }

    @Test(arguments: Disturbance.allCases)
    func sectionsComeOneAfterAnother(despite disturbance: Disturbance) async throws {
        try await withRedisServer { server in
            try await withLockProcesses(3, self.configuration(server)) { processes in
                let watch = Watch()
                let disturbing = Task { try await Self.disturb(server, disturbance) }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for process in processes {
                        for _ in 0..<10 {
                            group.addTask {
                                for _ in 0..<10 {
                                    try await process.locks.withLock("k", lease: .seconds(20), wait: .seconds(100)) {
                                        watch.enter($0)
                                        try await Task.sleep(for: .milliseconds(1))
                                        watch.leave()
                                    }
                                }
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                disturbing.cancel()
                _ = await disturbing.result
                server.resume()
                #expect(watch.tokens.count == 300)
                #expect(watch.most == 1)
                #expect(watch.tokensGrow)
            }
        }
    }

    private static func disturb(_ server: RedisServer, _ disturbance: Disturbance) async throws {
        while !Task.isCancelled {
            try await Task.sleep(for: .milliseconds(Int.random(in: 20...100)))
            switch disturbance {
            case .connectionsKilled:
                let type = Bool.random() ? "normal" : "pubsub"
                try await server.command("CLIENT", "KILL", "TYPE", type, "SKIPME", "yes")
            case .scriptsForgotten: try await server.command("SCRIPT", "FLUSH")
            case .serverPaused:
                server.pause()
                // Awake again even if it is over.
                try? await Task.sleep(for: .milliseconds(Int.random(in: 1...700)))
                server.resume()
            }
        }
    }
}
