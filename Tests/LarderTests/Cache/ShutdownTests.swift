import LarderTesting
import Testing

@testable import Larder

@Suite(.timeLimit(.minutes(10))) struct ShutdownTests {
    @Test(arguments: CacheUnderTest.Shape.allCases)
    func shutdownEndsFillsUnderWayAndLaterOnes(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let cache = subject.cache
            let gate = Gate()
            let ended = Tally()
            let tasks = (0..<10).map { index in
                Task {
                    try await cache.fetch(CacheKey<Int>("k\(index / 2)")) {
                        defer { ended.add() }
                        try await gate.pass()
                        return 1
                    }
                }
            }
            try await subject.waitForSeats(10)
            try await eventually("all fills run") { gate.arrivals == 5 }
            await cache.shutdown()
            #expect(ended.count == 5)
            #expect(cache.flights.taskCount == 0)
            #expect(subject.memory.leases.standing == 0)
            for task in tasks { await expectError(.shutDown) { try await task.value } }
            await expectError(.shutDown) { try await cache.fetch("k0") { 1 } }
            await expectError(.shutDown) { try await cache.fetchMany(["k0", "k1"]) { _ in ["k0": 1] } }
            // What is there can be read, and written.
            try await cache.set("there", to: 1)
            try await #expect(cache.fetch("there", filling: 2) == 1)
            await cache.shutdown()
        }
    }

    @Test func valueThatIsBeingStoredIsStoredBeforeShutdownEnds() async throws {
        try await withCache { subject in
            let cache = subject.cache
            let held = Gate()
            subject.faults.intercept { operation, moment in
                if operation == .commit, moment == .before { await held.passStubbornly() }
            }
            let fetch = Task { try await cache.fetch("k") { 1 } }
            try await eventually("the value is being stored") { held.arrivals == 1 }
            let shutdown = Task { await cache.shutdown() }
            held.open()
            await shutdown.value
            try await #expect(fetch.value == 1)
            try await #expect(cache.get(CacheKey<Int>("k")) == 1)
        }
    }

    @Test func callerWhoAsksForItsLeaseDuringShutdownRunsNoFill() async throws {
        try await withCache { subject in
            let cache = subject.cache
            let held = Gate()
            let reads = Tally()
            subject.faults.intercept { operation, moment in
                if operation == .read, moment == .after, reads.add() == 2 { try await held.pass() }
            }
            let fills = Tally()
            let fetch = Task { try await cache.fetch("k") { fills.add() } }
            try await eventually("the answer is under way") { held.arrivals == 1 }
            await cache.shutdown()
            held.open()
            await expectError(.shutDown) { try await fetch.value }
            #expect(fills.count == 0)
            #expect(cache.counters.fills == 0)
        }
    }

    @Test func cancellingRunShutsTheCacheDown() async throws {
        try await withCache { subject in
            let cache = subject.cache
            let gate = Gate()
            let fetch = Task {
                try await cache.fetch("k") { () -> Int in
                    try await gate.pass()
                    return 1
                }
            }
            try await eventually("the fill runs") { gate.arrivals == 1 }
            let run = Task { try await cache.run() }
            run.cancel()
            try await run.value
            await expectError(.shutDown) { try await fetch.value }
        }
    }
}
