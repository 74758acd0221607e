import Foundation
import LarderTesting
import Logging
import Synchronization
import Testing

@testable import Larder

/// Invalidations during an outage, under `.replay`.
@Suite(.timeLimit(.minutes(10))) struct InvalidationReplayTests {
    private let key = CacheKey<Int>("k")
    /// Stands still, so that no replay is late on a busy machine.
    private let clock = CacheClock(ManualClock())
    private let quiet = Logger(label: "test") { _ in NoLog() }

    private func defaults(
        limit: Int = 100,
        breaker: CircuitBreakerPolicy? = nil
    ) -> CacheDefaults {
        CacheDefaults(
            failurePolicy: .throwing,
            circuitBreaker: breaker,
            invalidationPolicy: .replay(limit: limit)
        )
    }

    @Test func whatIsInvalidatedDuringAnOutageIsNotServedAfterIt() async throws {
        let invalidations: [@Sendable (Cache) async throws -> Void] = [
            { cache in try await #expect(cache.remove(self.key) == false) },
            { cache in try await #expect(cache.removeMany([self.key, "l"]) == 0) },
            { cache in try await #expect(cache.removeAll(matching: "k*") == 0) },
            { cache in try await cache.clear() },
            { cache in try await cache.set(self.key, to: 2, ttl: .seconds(0)) },
            { cache in try await #expect(cache.touch(self.key, ttl: .seconds(0)) == false) },
        ]
        for invalidate in invalidations {
            try await withCache(.remote, self.defaults()) { subject in
                let cache = subject.cache
                try await cache.set(self.key, to: 1)
                subject.faults.fail()
                try await invalidate(cache)
                #expect(cache.pendingInvalidations > 0)
                #expect(cache.counters.unavailable > 0)
                await expectError(.unavailable) { try await cache.get(self.key) }
                subject.faults.recover()
                // Others know nothing of it yet.
                try await #expect(subject.other.get(self.key) == 1)
                try await #expect(cache.get(self.key) == nil)
                #expect(cache.pendingInvalidations == 0)
                try await #expect(subject.other.get(self.key) == nil)
            }
        }
    }

    @Test func everyCallReplaysFirst() async throws {
        let calls: [@Sendable (Cache) async throws -> Void] = [
            { cache in try await #expect(cache.contains(self.key) == false) },
            { cache in try await #expect(cache.getMany([self.key]) == [:]) },
            { cache in try await #expect(cache.fetch(self.key, filling: 3) == 3) },
            { cache in try await #expect(cache.add(self.key, 3)) },
            { cache in try await #expect(cache.replace(self.key, with: 3) == false) },
            { cache in try await #expect(cache.increment(self.key, initial: 10) == 11) },
            { cache in try await #expect(cache.touch(self.key) == false) },
            { cache in try await #expect(cache.remove(self.key) == false) },
            { cache in try await #expect(cache.removeAll(matching: "*") == 0) },
            { cache in try await #expect(cache.entryCount() == 0) },
        ]
        for call in calls {
            try await withCache(.remote, self.defaults()) { subject in
                try await subject.cache.set(self.key, to: 1)
                subject.faults.fail()
                try await subject.cache.remove(self.key)
                subject.faults.recover()
                try await call(subject.cache)
                #expect(subject.cache.pendingInvalidations == 0)
            }
        }
    }

    @Test func nothingIsAnsweredAtOnceWhileSomethingIsOwed() async throws {
        let store = RecordingStore()
        let cache = Cache(store, namespace: "ns", defaults: self.defaults(), clock: self.clock, logger: self.quiet)
        let key = StoreKey(version: 1, name: "k")
        guard case .fresh = cache.space.readNow(key) else {
            Issue.record("not answered")
            return
        }
        store.isFailing = true
        try await cache.remove(self.key)
        guard case .unknown = cache.space.readNow(key) else {
            Issue.record("answered")
            return
        }
        store.isFailing = false
        try await #expect(cache.contains(self.key) == false)
        guard case .fresh = cache.space.readNow(key) else {
            Issue.record("not answered")
            return
        }
    }

    @Test func replayTellsTheStoreWhatItMissedAndThenAsks() async throws {
        let store = RecordingStore()
        let cache = Cache(store, namespace: "ns", defaults: self.defaults(), clock: self.clock, logger: self.quiet)
        store.isFailing = true
        try await cache.remove(CacheKey<Int>("a"))
        try await cache.space.invalidate(["t", "u"], .dead)
        try await cache.remove(CacheKey<Int>("b"))
        try await cache.space.invalidate(["v"], .stale)
        try await cache.removeAll(matching: "x*")
        try await cache.remove(CacheKey<Int>("a"))
        #expect(cache.pendingInvalidations == 6)
        store.isFailing = false
        _ = try await cache.contains(self.key)
        #expect(store.heard == ["remove a b", "invalidate t u", "expire v", "removeAll x*", "read k"])
    }

    @Test func clearSwallowsTheOthers() async throws {
        let store = RecordingStore()
        let cache = Cache(store, namespace: "ns", defaults: self.defaults(), clock: self.clock, logger: self.quiet)
        store.isFailing = true
        try await cache.remove(self.key)
        try await cache.clear()
        try await cache.space.invalidate(["t"], .dead)
        #expect(cache.pendingInvalidations == 1)
        store.isFailing = false
        _ = try await cache.space.report(on: StoreKey(version: 1, name: "k"))
        #expect(store.heard == ["clear", "report k"])
    }

    @Test func writesThrowAndWhatTheyMadeUntrueIsRemoved() async throws {
        try await withCache(.remote, self.defaults()) { subject in
            let cache = subject.cache
            for key in ["set", "replaced", "added", "counted"] { try await cache.set(CacheKey<Int>(key), to: 1) }
            subject.faults.fail()
            await expectError(.unavailable) { try await cache.set("set", to: 2) }
            await expectError(.unavailable) { try await cache.replace("replaced", with: 2) }
            await expectError(.unavailable) { try await cache.add("added", 2) }
            await expectError(.unavailable) { try await cache.increment(CacheKey<Int>("counted")) }
            #expect(cache.pendingInvalidations == 2)
            subject.faults.recover()
            try await #expect(cache.getMany(["set", "replaced", "added", "counted"]) == ["added": 1, "counted": 1])
        }
    }

    @Test func aLaterSetIsNotUndone() async throws {
        try await withCache(.remote, self.defaults()) { subject in
            subject.faults.fail()
            await expectError(.unavailable) { try await subject.cache.set(self.key, to: 1) }
            subject.faults.recover()
            try await subject.cache.set(self.key, to: 2)
            try await #expect(subject.cache.get(self.key) == 2)
        }
    }

    @Test func fillFromBeforeTheInvalidationDoesNotStore() async throws {
        try await withCache(.remote, self.defaults()) { subject in
            let cache = subject.cache
            let gate = Gate()
            let fill = Task {
                try await cache.fetch(self.key) {
                    try await gate.pass()
                    return 1
                }
            }
            try await eventually("the fill runs") { gate.arrivals == 1 }
            subject.faults.fail()
            try await cache.remove(self.key)
            subject.faults.recover()
            gate.open()
            try await #expect(fill.value == 1)
            try await #expect(cache.get(self.key) == nil)
            try await #expect(subject.other.get(self.key) == nil)
        }
    }

    @Test func logThatIsFullThrowsAndKeepsWhatItHas() async throws {
        try await withCache(.remote, self.defaults(limit: 2)) { subject in
            let cache = subject.cache
            for key in ["a", "b", "c"] { try await cache.set(CacheKey<Int>(key), to: 1) }
            subject.faults.fail()
            try await cache.removeMany(["a", "b"] as [CacheKey<Int>])
            let error = await #expect(throws: CacheError.self) { try await cache.remove(CacheKey<Int>("c")) }
            #expect(error?.code == .unavailable)
            #expect(error?.message.contains("full") == true)
            #expect(error?.message.contains("2 are kept") == true)
            try await cache.remove(CacheKey<Int>("a"))
            #expect(cache.pendingInvalidations == 2)
            subject.faults.recover()
            try await #expect(cache.getMany(["a", "b", "c"]) == ["c": 1])
            subject.faults.fail()
            try await cache.removeMany(["a", "b"] as [CacheKey<Int>])
            try await cache.clear()
            subject.faults.recover()
            try await #expect(cache.getMany(["a", "b", "c"] as [CacheKey<Int>]) == [:])
        }
    }

    @Test func oneReplayForAllAndNobodyOvertakesIt() async throws {
        try await withCache(.remote, self.defaults()) { subject in
            let cache = subject.cache
            try await cache.set(self.key, to: 1)
            subject.faults.fail()
            try await cache.remove(self.key)
            subject.faults.recover()
            let gate = Gate()
            subject.faults.intercept { operation, moment in
                if operation == .remove, moment == .before { await gate.passStubbornly() }
            }
            let reads = subject.faults.calls[.read]
            let first = Task { try await cache.get(self.key) }
            try await eventually("the replay is under way") { gate.arrivals == 1 }
            let readers = (0..<50).map { _ in Task { try await cache.get(self.key) } }
            // Who began the replay leaves; it goes on for the others.
            first.cancel()
            await #expect(throws: CancellationError.self) { _ = try await first.value }
            #expect(subject.faults.calls[.read] == reads)
            gate.open()
            for reader in readers { try await #expect(reader.value == nil) }
            #expect(gate.arrivals == 1)
        }
    }

    @Test func whatIsKeptDuringAReplayIsReplayedToo() async throws {
        try await withCache(.remote, self.defaults()) { subject in
            let cache = subject.cache
            try await cache.set(self.key, to: 1)
            let slow = Gate()
            let replay = Gate()
            let removals = Tally()
            subject.faults.intercept { operation, moment in
                guard operation == .remove else { return }
                switch (moment, removals.add()) {
                case (.before, 1):
                    // Under way since before the outage, and fails only now.
                    await slow.passStubbornly()
                    throw CacheError(.unavailable, "timed out")
                case (.before, 2): throw CacheError(.unavailable, "gone")
                case (.after, _) where replay.arrivals == 0: await replay.passStubbornly()
                default: break
                }
            }
            let slowRemoval = Task { try await cache.remove(self.key) }
            try await eventually("the slow removal is under way") { slow.arrivals == 1 }
            try await cache.remove(self.key)
            let reader = Task { try await cache.get(self.key) }
            try await eventually("the replay has removed the key") { replay.arrivals == 1 }
            // Another process fills the key with what it read before; this one's removal is not told it yet.
            try await subject.other.set(self.key, to: 2)
            slow.open()
            try await #expect(slowRemoval.value == false)
            replay.open()
            try await #expect(reader.value == nil)
            try await #expect(subject.other.get(self.key) == nil)
        }
    }

    @Test func replayThatFailsLeavesTheStoreUnavailable() async throws {
        try await withCache(.remote, self.defaults()) { subject in
            let cache = subject.cache
            try await cache.set(self.key, to: 1)
            subject.faults.fail()
            try await cache.remove(self.key)
            subject.faults.recover()
            subject.faults.fail([.remove])
            let reads = subject.faults.calls[.read]
            let error = await #expect(throws: CacheError.self) { _ = try await cache.get(self.key) }
            #expect(error?.code == .unavailable)
            #expect(error?.message.contains("could not be replayed") == true)
            try await #expect(cache.get(self.key, onFailure: .missing) == nil)
            await expectError(.unavailable) { try await cache.set("other", to: 1) }
            #expect(subject.faults.calls[.read] == reads)
            #expect(cache.pendingInvalidations == 2)
            subject.faults.recover()
            try await #expect(cache.get(self.key) == nil)
        }
    }

    @Test func nobodyWaitsLongForALongReplay() async throws {
        try await withCache(.remote, self.defaults()) { subject in
            let cache = subject.cache
            try await cache.set(self.key, to: 1)
            subject.faults.fail()
            try await cache.removeAll(matching: "*")
            subject.faults.recover()
            subject.faults.hang([.removeAll])
            let reader = Task { try await cache.get(self.key) }
            try await eventually("the replay takes its time") {
                subject.faults.hangingCalls == 1 && subject.clock.sleeperCount == 1
            }
            subject.clock.advance(by: .seconds(1))
            await expectError(.unavailable) { try await reader.value }
            await expectError(.unavailable) { try await cache.get(self.key) }
            try await cache.remove("l" as CacheKey<Int>)
            #expect(cache.pendingInvalidations == 2)
            #expect(subject.faults.calls[.removeAll] == 2)
            subject.faults.recover()
            try await subject.settle()
            try await #expect(cache.get(self.key) == nil)
            #expect(cache.pendingInvalidations == 0)
        }
    }

    @Test func whatTheStoreRefusesDoesNotBlockTheRest() async throws {
        let log = RecordingLog()
        let store = RecordingStore(refusing: "bad")
        let cache = Cache(
            store,
            namespace: "ns",
            defaults: self.defaults(),
            clock: self.clock,
            logger: log.logger(.error)
        )
        store.isFailing = true
        try await cache.removeMany(["a", "bad", "b"] as [CacheKey<Int>])
        store.isFailing = false
        _ = try await cache.contains(self.key)
        #expect(store.heard == ["remove a", "remove b", "read k"])
        #expect(log.lines.count == 1)
        #expect(log.lines.first?.metadata["larder.error"]?.contains("bad") == true)
    }

    @Test func withTheBreakerOpenTheStoreIsToldOnceItAnswers() async throws {
        try await withCache(.remote, self.defaults(breaker: .init())) { subject in
            let cache = subject.cache
            try await cache.set(self.key, to: 1)
            subject.faults.fail()
            for _ in 0..<10 { try await cache.remove(self.key) }
            #expect(cache.circuit == .open)
            let calls = subject.faults.calls
            #expect(calls[.remove] == 5)
            try await cache.removeMany([self.key, "l"])
            await expectError(.unavailable) { try await cache.get(self.key) }
            #expect(subject.faults.calls == calls)
            #expect(cache.pendingInvalidations == 2)
            subject.faults.recover()
            subject.clock.advance(by: .milliseconds(200))
            await expectError(.unavailable) { try await cache.get(self.key) }
            try await subject.settle()
            #expect(cache.circuit == .closed)
            try await #expect(cache.get(self.key) == nil)
            #expect(cache.pendingInvalidations == 0)
        }
    }
}
