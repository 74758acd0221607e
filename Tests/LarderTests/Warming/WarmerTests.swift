import LarderTesting
import Logging
import ServiceLifecycle
import Synchronization
import Testing

@testable import Larder

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

@Suite(.timeLimit(.minutes(10))) struct WarmerTests {
    private static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// The keys that were filled, in the order in which that was done.
    private final class Fills: Sendable {
        private let state = Mutex<[String]>([])
        var names: [String] { self.state.withLock { $0 } }
        func add(_ name: String) { self.state.withLock { $0.append(name) } }
    }

    private static func numbers(
        _ count: Int,
        in cache: Cache,
        policy: FetchPolicy? = nil,
        _ fills: Fills,
        failing: Set<String> = []
    ) -> WarmingFill {
        .keys("numbers", in: cache, policy: policy) {
            (0..<count).map { CacheKey<Int>("number:\($0)") }
        } fill: { key in
            fills.add(key.name)
            if failing.contains(key.name) { throw Failure() }
            return key.name.utf8.count
        }
    }

    private static func warmer(
        _ fills: [WarmingFill],
        _ subject: CacheUnderTest,
        _ options: WarmerOptions = WarmerOptions(),
        onProgress: (@Sendable (WarmingProgress) -> Void)? = nil
    ) -> Warmer {
        Warmer(fills, options, clock: CacheClock(subject.clock), logger: Self.quiet, onProgress: onProgress)
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func fillsWhatIsMissingAndNothingElse(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let fills = Fills()
            try await subject.cache.set("number:3", to: 0)
            let calls = Tally()
            let warmer = Self.warmer(
                [
                    .key("front", in: subject.cache) { 1 },
                    Self.numbers(10, in: subject.cache, fills),
                    .calls("others", { ["x", "y"] }, call: { _ in calls.add() }),
                ],
                subject
            )
            let first = try await warmer.warm()
            #expect(first.total == 13)
            #expect(first.filled == 12)
            #expect(first.present == 1)
            #expect(first.done == 13 && first.failed == 0 && first.isFinished)
            #expect(fills.names.count == 9)
            #expect(calls.count == 2)
            let kept = try await subject.cache.get(CacheKey<Int>("number:3"))
            #expect(kept == 0)
            let second = try await warmer.warm()
            #expect(second.present == 11)
            #expect(fills.names.count == 9)
            #expect(warmer.progress == second)
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func fillsWhatIsAboutToExpireAndWaitsForIt(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let fills = Fills()
            let policy = try FetchPolicy(ttl: .seconds(100), refreshAfter: .seconds(80), staleOnError: .seconds(50))
            let warmer = Self.warmer([Self.numbers(5, in: subject.cache, policy: policy, fills)], subject)
            try await warmer.warm()
            subject.clock.advance(by: .seconds(79))
            try await #expect(warmer.warm().present == 5)
            subject.clock.advance(by: .seconds(1))
            let report = try await warmer.warm()
            #expect(report.filled == 5)
            #expect(fills.names.count == 10)
            // As young as new ones.
            subject.clock.advance(by: .seconds(79))
            try await #expect(warmer.warm().present == 5)
            // In their grace.
            subject.clock.advance(by: .seconds(30))
            try await #expect(warmer.warm().filled == 5)
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func fillsEarlyWhereThePolicyWouldByChance(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            // So eager that every look at an entry that took any time begins a fill.
            let policy = try FetchPolicy(ttl: .seconds(100), earlyRefresh: 1e15)
            let clock = subject.clock
            let warmer = Self.warmer(
                [
                    .key("k", in: subject.cache, policy: policy) {
                        clock.advance(by: .seconds(1))
                        return 1
                    }
                ],
                subject
            )
            try await #expect(warmer.warm().filled == 1)
            try await #expect(warmer.warm().filled == 1)
            // What a fetch begins behind its caller comes about, too.
            _ = try await subject.cache.fetch("k", policy: policy) { 2 }
            try await subject.settle()
            let value = try await subject.cache.get(CacheKey<Int>("k"))
            #expect(value == 2)
        }
    }

    @Test func noMoreFillsRunAtOnceThanAllowed() async throws {
        try await withCache { subject in
            let running = Mutex((now: 0, most: 0))
            let warmer = Self.warmer(
                [
                    .calls("calls", { Array(0..<200) }) { _ in
                        running.withLock { running in
                            running.now += 1
                            running.most = max(running.most, running.now)
                        }
                        for _ in 0..<5 { await Task.yield() }
                        running.withLock { $0.now -= 1 }
                    }
                ],
                subject,
                WarmerOptions(concurrency: 3)
            )
            try await #expect(warmer.warm().done == 200)
            #expect(running.withLock { $0.most } == 3)
        }
    }

    @Test func failuresDoNotStopTheRestUnlessAskedTo() async throws {
        try await withCache { subject in
            let fills = Fills()
            let broken = WarmingFill.keys("broken", in: subject.cache) { () -> [CacheKey<Int>] in
                throw Failure()
            } fill: { _ in
                0
            }
            let numbers = Self.numbers(20, in: subject.cache, fills, failing: ["number:4", "number:5"])
            let report = try await Self.warmer([broken, numbers], subject).warm()
            #expect(report.failed == 3)
            #expect(report.filled == 18)
            #expect(report.total == 21 && report.isFinished)

            let options = WarmerOptions(concurrency: 1, failureLimit: 1)
            let strict = Self.warmer([numbers], subject, options)
            let error = await #expect(throws: CacheError.self) { try await strict.warm() }
            #expect(error?.code == .warmingStopped)
            #expect(strict.progress.failed == 2)
            #expect(!strict.progress.isFinished)
        }
    }

    @Test func aFillThatFailsLeavesTheOldValueAndCountsAsFailed() async throws {
        try await withCache { subject in
            let policy = try FetchPolicy(ttl: .seconds(100), refreshAfter: .seconds(80), staleOnError: .seconds(500))
            let fails = Box<Bool>()
            let warmer = Self.warmer(
                [
                    .key("k", in: subject.cache, policy: policy) {
                        if fails.value == true { throw Failure() } else { 1 }
                    }
                ],
                subject
            )
            try await warmer.warm()
            fails.value = true
            subject.clock.advance(by: .seconds(90))
            try await #expect(warmer.warm().failed == 1)
            let value = try await subject.cache.get(CacheKey<Int>("k"))
            #expect(value == 1)
        }
    }

    /// Lends a new folder.
    private func withTemporaryDirectory(_ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "larder-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let result: Result<Void, any Error>
        do { result = .success(try await body(folder.path)) } catch { result = .failure(error) }
        try FileManager.default.removeItem(at: folder)
        try result.get()
    }

    // MARK: Progress

    @Test func progressIsToldWithItsRate() async throws {
        try await withCache { subject in
            let clock = subject.clock
            let told = Mutex<[WarmingProgress]>([])
            let warmer = Self.warmer(
                [.calls("calls", { Array(0..<10) }) { _ in clock.advance(by: .milliseconds(500)) }],
                subject,
                WarmerOptions(concurrency: 1, reportInterval: .seconds(2))
            ) { progress in told.withLock { $0.append(progress) } }
            var updates = warmer.updates.makeAsyncIterator()
            try await warmer.warm()
            let all = told.withLock { $0 }
            #expect(all.map(\.done) == [0, 4, 8, 10])
            #expect(all.last?.isFinished == true)
            #expect(all.last?.elapsed == .seconds(5))
            #expect(all.last?.perSecond == 2)
            #expect(all.last?.description == "10 of 10, 2/s")
            // Only the newest is kept for who looks late.
            let latest = await updates.next()
            #expect(latest == all.last)
        }
    }

    // MARK: Resuming

    @Test(arguments: [false, true])
    func anInterruptedPassGoesOnWhereItWas(_ inFile: Bool) async throws {
        try await withTemporaryDirectory { directory in
            try await withCache { subject in
                let path = "\(directory)/mark.json"
                let checkpoint: any WarmingCheckpoint =
                    inFile ? FileCheckpoint(path: path) : CacheCheckpoint(in: subject.cache)
                let options = WarmerOptions(concurrency: 2, checkpoint: checkpoint)
                let gate = Gate()
                let seen = Fills()
                func fills(_ gate: Gate?) -> [WarmingFill] {
                    [
                        .calls("calls", { Array(0..<10) }) { number in
                            if number == 6 { try await gate?.pass() }
                            seen.add("\(number)")
                        }
                    ]
                }
                let first = Self.warmer(fills(gate), subject, options)
                let pass = Task { try await first.warm() }
                // All others are done; what is noted ends before the one that is not.
                try await eventually("only one is left") { first.progress.done == 9 }
                pass.cancel()
                await #expect(throws: CancellationError.self) { try await pass.value }
                let mark = try await checkpoint.load()
                #expect(mark == WarmingMark(fill: "calls", key: "5"))

                let second = try await Self.warmer(fills(nil), subject, options).warm()
                #expect(second.resumed == 6)
                #expect(second.filled == 4)
                #expect(second.done == 10 && second.isFinished)
                #expect(seen.names.suffix(4).sorted() == ["6", "7", "8", "9"])
                let left = try await checkpoint.load()
                #expect(left == nil)
                // Nothing is left of it for the next.
                let third = try await Self.warmer(fills(nil), subject, options).warm()
                #expect(third.resumed == 0)
            }
        }
    }

    @Test func aMarkThatNamesNothingAndAFileThatIsNoneCountAsNoMark() async throws {
        try await withTemporaryDirectory { directory in
            try await withCache { subject in
                let checkpoint = FileCheckpoint(path: "\(directory)/mark.json")
                let options = WarmerOptions(checkpoint: checkpoint)
                let fill = WarmingFill.calls("calls", { [1, 2, 3] }, call: { _ in })
                try await checkpoint.save(WarmingMark(fill: "calls", key: "77"))
                try await #expect(Self.warmer([fill], subject, options).warm().filled == 3)
                try Data("no mark".utf8).write(to: URL(fileURLWithPath: "\(directory)/mark.json"))
                try await #expect(Self.warmer([fill], subject, options).warm().filled == 3)
                let unwritable = WarmerOptions(checkpoint: FileCheckpoint(path: "\(directory)/none/mark.json"))
                try await #expect(Self.warmer([fill], subject, unwritable).warm().filled == 3)
            }
        }
    }

    // MARK: As a service

    @Test func warmsAtTheStartAndOnItsSchedule() async throws {
        try await withCache { subject in
            let tally = Tally()
            let warmer = Self.warmer(
                [.calls("calls", { [1] }) { _ in tally.add() }],
                subject,
                WarmerOptions(schedule: .every(.seconds(60), jitter: 0))
            )
            let group = ServiceGroup(services: [warmer], logger: Self.quiet)
            let running = Task { try await group.run() }
            try await warmer.waitUntilWarm()
            #expect(tally.count == 1)
            for pass in 2...4 {
                try await subject.clock.waitForSleepers()
                subject.clock.advance(by: .seconds(59))
                #expect(tally.count == pass - 1)
                subject.clock.advance(by: .seconds(1))
                try await eventually("the next pass is over") { tally.count == pass }
            }
            await group.triggerGracefulShutdown()
            try await running.value
        }
    }

    @Test func intervalsAreSpread() {
        let schedule = WarmerOptions.Schedule.every(.seconds(100), jitter: 0.2)
        #expect(schedule.pause(chance: -1) == .seconds(80))
        #expect(schedule.pause(chance: 0) == .seconds(100))
        #expect(schedule.pause(chance: 1) == .seconds(120))
        #expect(WarmerOptions.Schedule.once.pause(chance: 0) == nil)
    }

    @Test func callsDuringAPassWaitForIt() async throws {
        try await withCache { subject in
            let gate = Gate()
            let tally = Tally()
            let warmer = Self.warmer(
                [
                    .calls("calls", { [1] }) { _ in
                        tally.add()
                        try await gate.pass()
                    }
                ],
                subject
            )
            let first = Task { try await warmer.warm() }
            try await eventually("the pass has begun") { gate.arrivals == 1 }
            let second = Task { try await warmer.warm() }
            let third = Task { try await warmer.warm() }
            third.cancel()
            await #expect(throws: CancellationError.self) { try await third.value }
            // Whoever runs the pass leaves; who waits for it begins anew.
            first.cancel()
            await #expect(throws: CancellationError.self) { try await first.value }
            gate.open()
            let report = try await second.value
            #expect(report.done == 1)
            #expect(tally.count <= 2)
        }
    }

    @Test func readinessTellsOfAPassThatStoppedAndOfAWarmerThatEnded() async throws {
        try await withCache { subject in
            let failing = WarmingFill.calls("calls", { [1] }) { _ in throw Failure() }
            let stopping = Self.warmer([failing], subject, WarmerOptions(failureLimit: 0))
            let error = await #expect(throws: CacheError.self) { try await stopping.run() }
            #expect(error?.code == .warmingStopped)
            await expectError(.warmingStopped) { try await stopping.waitUntilWarm() }

            let gate = Gate()
            let slow = Self.warmer([.calls("calls", { [1] }) { _ in try await gate.pass() }], subject)
            let waiting = Task { try await slow.waitUntilWarm() }
            let running = Task { try await slow.run() }
            try await eventually("the pass has begun") { gate.arrivals == 1 }
            running.cancel()
            try await running.value
            await expectError(.shutDown) { try await waiting.value }
        }
    }

    @Test func anUnavailableStoreFailsWhatItCannotKeep() async throws {
        try await withCache(.remote) { subject in
            subject.faults.fail()
            let warmer = Self.warmer([.key("k", in: subject.cache) { 1 }], subject)
            try await #expect(warmer.warm().failed == 1)
        }
    }
}
