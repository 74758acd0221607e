import LarderTesting
import Testing

@testable import Larder

/// What code is told about the fetches that it makes.
@Suite(.timeLimit(.minutes(10))) struct FetchReportTests {
    private enum Came: Equatable {
        case hit, stale, filled, joined
    }

    private func came(_ report: FetchReport) -> [String: Came] {
        Dictionary(
            report.entries.map { entry in
                let came: Came =
                    switch entry.outcome {
                    case .hit: .hit
                    case .stale: .stale
                    case .filled: .filled
                    case .joined: .joined
                    }
                return (entry.key, came)
            }
        ) { _, last in last }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func fetchesAreReportedWithTheTimeThatIsLeft(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let fetch = { try await subject.cache.fetch("k", ttl: .seconds(60)) { 1 } }
            let first = try await FetchReport.collecting { try await fetch() }
            #expect(first.result == 1)
            #expect(self.came(first.report) == ["k": .filled])
            #expect(!first.report.isHit)
            subject.clock.advance(by: .seconds(20))
            let second = try await FetchReport.collecting { try await fetch() }
            #expect(second.report.isHit)
            guard case .hit(let info)? = second.report.entries.first?.outcome else {
                Issue.record("no hit")
                return
            }
            #expect(info.timeLeft == .remaining(.seconds(40)))
        }
    }

    @Test func keysThatAFillLeavesOutAreNoHits() async throws {
        try await withCache { subject in
            let keys: [CacheKey<Int>] = ["a", "b"]
            try await subject.cache.set(keys[0], to: 1)
            let (values, report) = try await FetchReport.collecting {
                try await subject.cache.fetchMany(keys) { _ in [:] }
            }
            #expect(values == [keys[0]: 1])
            #expect(self.came(report) == ["a": .hit, "b": .filled])
            #expect(!report.isHit)
        }
    }

    @Test func whatIsFetchedAfterTheReportIsKeptNowhere() {
        let recorder = FetchRecorder(within: nil)
        let entry = FetchReport.Entry(key: "k", outcome: FetchReport.notStored, foundStale: false)
        recorder.note(entry)
        #expect(recorder.close() == [entry])
        recorder.note(entry)
        #expect(recorder.close() == [])
    }

    @Test func whatFillsFetchIsNotReported() async throws {
        try await withCache { subject in
            let cache = subject.cache
            let page = try await FetchReport.collecting {
                try await cache.fetch("page") {
                    let inner = try await FetchReport.collecting { try await cache.fetch("row") { 1 } }
                    #expect(self.came(inner.report) == ["row": .filled])
                    return inner.result + 1
                }
            }
            #expect(page.result == 2)
            #expect(self.came(page.report) == ["page": .filled])
        }
    }

    @Test func severalKeysTasksAndReportsWithinReports() async throws {
        try await withCache { subject in
            let cache = subject.cache
            try await cache.set("a", to: 1)
            let outer = try await FetchReport.collecting {
                let inner = try await FetchReport.collecting {
                    try await cache.fetchMany(["a", "b"] as [CacheKey<Int>]) { missing in
                        Dictionary(uniqueKeysWithValues: missing.map { ($0, 2) })
                    }
                }
                #expect(self.came(inner.report) == ["a": .hit, "b": .filled])
                async let c = cache.fetch("c") { 3 }
                return try await c
            }
            #expect(self.came(outer.report) == ["a": .hit, "b": .filled, "c": .filled])
        }
    }

    @Test func oldEntriesAreReportedWhetherServedOrNot() async throws {
        let policy = try FetchPolicy(ttl: .seconds(10), staleOnError: .seconds(60))
        try await withCache { subject in
            let cache = subject.cache
            _ = try await cache.fetch("k", policy: policy) { 1 }
            subject.clock.advance(by: .seconds(11))
            let failed = try await FetchReport.collecting {
                try await cache.fetch("k", policy: policy) { () -> Int in throw Failure() }
            }
            #expect(self.came(failed.report) == ["k": .stale])
            subject.clock.advance(by: .seconds(30))
            let filled = try await FetchReport.collecting { try await cache.fetch("k", policy: policy) { 2 } }
            #expect(self.came(filled.report) == ["k": .filled])
            #expect(filled.report.entries.map(\.foundStale) == [true])
        }
    }

    @Test func withoutAReportNothingIsGathered() async throws {
        try await withCache { subject in
            let report = await FetchReport.collecting { 1 }.report
            #expect(report.entries.isEmpty)
            #expect(!report.isHit)
            _ = try await subject.cache.fetch("k") { 1 }
            #expect(FetchRecorder.current == nil)
        }
    }
}
