import LarderTesting
import Testing

@testable import Larder

/// Random histories of holders that are stopped past their lease, give up, and lose their releases; with a checker.
@Suite(.timeLimit(.minutes(10))) struct LockHistoryTests {
    /// A holder as its process knows it.
    private struct Holder {
        var owner: LockOwner
        var token: FencingToken
        var lease: HeldLease
        var length: Duration
    }

    /// One history: what its holders believe, and what must never be.
    private struct History {
        let clock = ManualClock()
        let store: MemoryLockStore
        let space: any LockNamespace
        let resource: LockResource
        let permits: Int
        var random: SeededGenerator
        var holders: [Holder] = []
        var last = FencingToken(rawValue: 0)
        var newestWritten = FencingToken(rawValue: 0)
        var (grants, refusals, losses, staleWrites) = (0, 0, 0, 0)

        init(seed: UInt64, permits: Int) {
            self.random = SeededGenerator(seed: seed)
            self.permits = permits
            self.store = MemoryLockStore(clock: CacheClock(self.clock))
            self.space = self.store.open("ns")
            self.resource = LockResource(permits == 1 ? .lock : .permits, "k")
        }

        var now: CacheInstant { self.store.clock.now }

        mutating func step() async throws {
            switch Int.random(in: 0..<10, using: &self.random) {
            case 0...3: try await self.acquire()
            case 4: try await self.renew()
            case 5: try await self.leave()
            case 6: try await self.write()
            case 7: self.clock.advance(by: .milliseconds(Int.random(in: 0...40, using: &self.random)))
            case 8: self.clock.advance(by: .milliseconds(Int.random(in: 0...5, using: &self.random)))
            default: try await self.givesUp()
            }
            self.check()
        }

        private mutating func acquire() async throws {
            let length = Duration.milliseconds(Int.random(in: 10...60, using: &self.random))
            let sent = self.now
            let owner = LockOwner.random()
            let request = LockRequest(self.resource, owner: owner, permits: self.permits, lease: length)
            guard case .granted(let token) = try await self.space.acquire(request) else {
                self.refusals += 1
                return
            }
            // The answer takes its time, now and then longer than the lease.
            self.clock.advance(by: .milliseconds(Int.random(in: 0...20, using: &self.random)))
            self.grants += 1
            #expect(token > self.last, "tokens grow")
            self.last = token
            let lease = HeldLease(lease: length, sent: sent)
            self.holders.append(Holder(owner: owner, token: token, lease: lease, length: length))
        }

        /// One of the holders, those that were lost included.
        private mutating func pick() -> Int? { self.holders.indices.randomElement(using: &self.random) }

        private mutating func renew() async throws {
            guard let index = self.pick() else { return }
            let holder = self.holders[index]
            guard case .lost = holder.lease.step(at: self.now) else {
                let sent = self.now
                let stood = try await self.space.renew(self.resource, owner: holder.owner, lease: holder.length)
                if stood { self.holders[index].lease.confirm(sent: sent) } else { self.holders[index].lease.refuse() }
                return
            }
            self.losses += 1
            self.holders.remove(at: index)
        }

        private mutating func leave() async throws {
            guard let index = self.pick() else { return }
            let holder = self.holders.remove(at: index)
            // Or its release is lost.
            if Bool.random(using: &self.random) {
                _ = try await self.space.release(self.resource, owner: holder.owner)
            }
        }

        /// Somebody whose answer is lost gives back what it may have been granted.
        private func givesUp() async throws {
            let owner = LockOwner.random()
            let request = LockRequest(self.resource, owner: owner, permits: self.permits, lease: .seconds(60))
            _ = try await self.space.acquire(request)
            _ = try await self.space.release(self.resource, owner: owner)
        }

        /// Somebody writes, who may have been stopped past the end of its lease.
        private mutating func write() async throws {
            guard let index = self.pick() else { return }
            let token = self.holders[index].token
            let bytes = FencedBytes(bytes: [1], token: token)
            let newest = try await self.space.writeFenced("v", bytes, lifetime: .seconds(3600))
            #expect((newest != nil) == (token < self.newestWritten), "stale writes are refused, and no others")
            if newest == nil { self.newestWritten = token } else { self.staleWrites += 1 }
        }

        /// At no time do more believe that they hold it than there are permits.
        private func check() {
            let believers = self.holders.count { $0.lease.stands(at: self.now) }
            #expect(believers <= self.permits, "holders at the same time")
        }

        /// All leases end by themselves.
        func end() async throws {
            self.clock.advance(by: .seconds(1))
            let state = try await self.space.state(of: self.resource)
            #expect(!state.isHeld)
        }
    }

    @Test(arguments: [1, 3]) func atNoTimeDoTooManyBelieveThatTheyHoldIt(_ permits: Int) async throws {
        var (grants, losses, staleWrites, refusals) = (0, 0, 0, 0)
        for seed in 0..<UInt64(Soak.operations(150, soak: 20_000)) {
            var history = History(seed: seed, permits: permits)
            for _ in 0..<100 { try await history.step() }
            try await history.end()
            grants += history.grants
            losses += history.losses
            staleWrites += history.staleWrites
            refusals += history.refusals
        }
        // The histories are about something.
        #expect(grants > 1_000)
        #expect(losses > 100)
        #expect(staleWrites > 20)
        #expect(refusals > 1_000)
    }

    /// What sections that run at the same time tell each other.
    private struct Running {
        var count = 0
        var sections = 0
        var last = FencingToken(rawValue: 0)
    }

    @Test(arguments: [UInt64](0..<8))
    func sectionsWhoseCallersComeAndGoAreNeverBesideEachOther(seed: UInt64) async throws {
        let store = MemoryLockStore()
        let running = Noted(Running())
        let locks = (0..<3).map { _ in Locks(store, namespace: "ns") }
        await withTaskGroup(of: Void.self) { group in
            for index in 0..<60 {
                var random = SeededGenerator(seed: seed &* 1_000 &+ UInt64(index))
                let yields = Int.random(in: 0...50, using: &random)
                let isCancelled = Int.random(in: 0..<3, using: &random) == 0
                let patience = Int.random(in: 0...400, using: &random)
                group.addTask {
                    let section = Task {
                        try await locks[index % 3].withLock("k", lease: .seconds(600), wait: .seconds(600)) { token in
                            running.withLock { state in
                                state.count += 1
                                state.sections += 1
                                #expect(state.count == 1)
                                #expect(token > state.last)
                                state.last = token
                            }
                            for _ in 0..<yields { await Task.yield() }
                            running.withLock { $0.count -= 1 }
                        }
                    }
                    if isCancelled {
                        for _ in 0..<patience { await Task.yield() }
                        section.cancel()
                    }
                    let result = await section.result
                    if !isCancelled { #expect(throws: Never.self) { try result.get() } }
                }
            }
        }
        #expect(running.value.sections >= 30)
        #expect(running.value.count == 0)
        #expect(store.counts.locks == 0)
        #expect(store.counts.listeners == 0)
        #expect(locks.map(\.core.lines.count) == [0, 0, 0])
    }
}
