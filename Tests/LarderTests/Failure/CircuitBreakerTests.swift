import LarderTesting
import Logging
import Testing

@testable import Larder

@Suite(.timeLimit(.minutes(10))) struct CircuitBreakerTests {
    private let key = CacheKey<Int>("k")
    private let throwing = CacheDefaults(failurePolicy: .throwing)

    /// Lets the store fail until the breaker is open.
    private func open(_ subject: CacheUnderTest) async {
        subject.faults.fail()
        for _ in 0..<5 { await expectError(.unavailable) { try await subject.cache.ttl(of: self.key) } }
        #expect(subject.cache.circuit == .open)
    }

    /// Lets the next call start a probe and waits for its end.
    private func probe(_ subject: CacheUnderTest, after pause: Duration) async throws {
        subject.clock.advance(by: pause)
        await expectError(.unavailable) { try await subject.cache.ttl(of: self.key) }
        try await subject.settle()
    }

    @Test func callsWhileItIsOpenDoNotReachTheStore() async throws {
        try await withCache(.remote, self.throwing) { subject in
            let cache = subject.cache
            await self.open(subject)
            let before = subject.faults.calls
            let error = await #expect(throws: CacheError.self) { _ = try await cache.get(self.key) }
            #expect(error?.message.contains("circuit breaker is open") == true)
            #expect((error?.underlying as? CacheError)?.code == .unavailable)
            await expectError(.unavailable) { try await cache.set(self.key, to: 1) }
            await expectError(.unavailable) { try await cache.remove(self.key) }
            await expectError(.unavailable) { try await cache.clear() }
            await expectError(.unavailable) { try await cache.increment(self.key, initial: 1) }
            await expectError(.unavailable) { try await cache.append("k", "text") }
            await expectError(.unavailable) { try await cache.touch(self.key) }
            await expectError(.unavailable) { for try await _ in cache.keys() {} }
            await expectError(.unavailable) { _ = try await cache.space.listen(for: StoreKey(version: 1, name: "k")) }
            await expectError(.unavailable) { _ = try await cache.space.marks(of: ["t"], for: .seconds(1)) }
            await expectError(.unavailable) { try await cache.space.release([]) }
            await expectError(.unavailable) { _ = try await cache.space.renew([], for: .seconds(1)) }
            await expectError(.unavailable) { _ = try await cache.space.report(on: StoreKey(version: 1, name: "k")) }
            try await #expect(cache.fetch(self.key, filling: 1, onFailure: .missing) == 1)
            #expect(subject.faults.calls == before)
        }
    }

    @Test func closesWhenAProbeIsAnswered() async throws {
        let log = RecordingLog()
        try await withCache(.remote, self.throwing, logger: log.logger(.notice)) { subject in
            try await subject.cache.set(self.key, to: 1)
            await self.open(subject)
            subject.faults.recover()
            subject.clock.advance(by: .milliseconds(199))
            await expectError(.unavailable) { try await subject.cache.get(self.key) }
            try await subject.settle()
            #expect(subject.cache.circuit == .open)
            try await self.probe(subject, after: .milliseconds(1))
            #expect(subject.cache.circuit == .closed)
            try await #expect(subject.cache.get(self.key) == 1)
            let breaker = log.lines.filter { $0.message.contains("circuit breaker") }
            #expect(breaker.map(\.level) == [.warning, .notice])
            #expect(breaker.first?.metadata["larder.failures"] == "5")
            #expect(breaker.first?.metadata["larder.cache"] == "ns")
        }
    }

    @Test func probesThatFailAreRareAndTheirPausesGrow() async throws {
        let log = RecordingLog()
        try await withCache(.remote, self.throwing, logger: log.logger(.notice)) { subject in
            await self.open(subject)
            let reads = subject.faults.calls[.read] ?? 0
            for (index, pause) in [200, 400, 500, 500].enumerated() {
                subject.clock.advance(by: .milliseconds(pause - 1))
                await expectError(.unavailable) { try await subject.cache.ttl(of: self.key) }
                #expect(subject.faults.calls[.read] == reads + index)
                try await self.probe(subject, after: .milliseconds(1))
                #expect(subject.faults.calls[.read] == reads + index + 1)
                #expect(subject.cache.circuit == .open)
            }
            #expect(log.lines.count { $0.message.contains("circuit breaker") } == 1)
        }
    }

    @Test func oneProbeForAHundredCallsAndNoneOfThemWaitsForIt() async throws {
        try await withCache(.remote, self.throwing) { subject in
            try await subject.cache.set(self.key, to: 1)
            await self.open(subject)
            subject.faults.recover()
            subject.faults.hang()
            let reads = subject.faults.calls[.read] ?? 0
            subject.clock.advance(by: .milliseconds(200))
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<100 {
                    group.addTask { await expectError(.unavailable) { try await subject.cache.get(self.key) } }
                }
            }
            try await eventually("the probe hangs") { subject.faults.hangingCalls == 1 }
            #expect(subject.cache.circuit == .halfOpen)
            #expect(subject.faults.calls[.read] == reads + 1)
            subject.faults.recover()
            try await subject.settle()
            #expect(subject.cache.circuit == .closed)
            try await #expect(subject.cache.get(self.key) == 1)
        }
    }

    @Test func cancelledAndRefusedCallsAreNoFailures() async throws {
        try await withCache(.remote, self.throwing) { subject in
            let cache = subject.cache
            subject.faults.hang()
            let tasks = (0..<20).map { _ in Task { try await cache.ttl(of: self.key) } }
            try await eventually("all calls hang") { subject.faults.hangingCalls == 20 }
            for task in tasks { task.cancel() }
            for task in tasks { await #expect(throws: CancellationError.self) { _ = try await task.value } }
            subject.faults.recover()
            for _ in 0..<20 { await expectError(.keyNotFound) { try await cache.increment(self.key) } }
            #expect(cache.circuit == .closed)
            try await cache.set(self.key, to: 1)
        }
    }

    @Test func failuresCountOnlyInARow() async throws {
        try await withCache(.remote, self.throwing) { subject in
            for _ in 0..<10 {
                subject.faults.fail()
                for _ in 0..<4 { await expectError(.unavailable) { try await subject.cache.get(self.key) } }
                subject.faults.recover()
                try await #expect(subject.cache.get(self.key) == nil)
            }
            #expect(subject.cache.circuit == .closed)
        }
    }

    @Test func callsThatFailLateDoNotOpenItAgain() async throws {
        try await withCache(.remote, self.throwing) { subject in
            let gate = Gate()
            subject.faults.intercept { operation, moment in
                guard operation == .touch, moment == .before else { return }
                await gate.passStubbornly()
                throw CacheError(.unavailable, "timed out")
            }
            let late = (0..<20).map { _ in Task { try await subject.cache.touch(self.key) } }
            try await eventually("all are under way") { gate.arrivals == 20 }
            await self.open(subject)
            subject.faults.recover()
            try await self.probe(subject, after: .milliseconds(200))
            #expect(subject.cache.circuit == .closed)
            gate.open()
            for task in late { await expectError(.unavailable) { try await task.value } }
            #expect(subject.cache.circuit == .closed)
        }
    }

    @Test func walksOverTheKeysCount() async throws {
        try await withCache(.remote, self.throwing) { subject in
            try await subject.cache.set(self.key, to: 1)
            var keys: [String] = []
            for try await key in subject.cache.keys() { keys.append(key) }
            #expect(keys == ["k"])
            subject.faults.fail()
            for _ in 0..<5 { await expectError(.unavailable) { try await subject.cache.entryCount() } }
            #expect(subject.cache.circuit == .open)
            #expect(subject.faults.calls[.keys] == 6)
            await expectError(.unavailable) { try await subject.cache.entryCount() }
            #expect(subject.faults.calls[.keys] == 6)
        }
    }

    @Test func withoutABreakerEveryCallReachesTheStore() async throws {
        try await withCache(.remote, .init(failurePolicy: .throwing, circuitBreaker: nil)) { subject in
            subject.faults.fail()
            for _ in 0..<50 { await expectError(.unavailable) { try await subject.cache.get(self.key) } }
            #expect(subject.faults.calls[.read] == 50)
            #expect(subject.cache.circuit == .closed)
        }
    }

    @Test func nothingStandsBeforeAStoreInMemory() async throws {
        try await withCache(.local) { subject in
            #expect(!(subject.cache.space is GuardedNamespace))
            #expect(subject.cache.circuit == .closed)
            #expect(subject.cache.pendingInvalidations == 0)
        }
        try await withCache(.remote) { subject in #expect(subject.cache.space is GuardedNamespace) }
    }
}
