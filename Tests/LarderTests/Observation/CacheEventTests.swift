import LarderTesting
import Testing

@testable import Larder

/// What a cache tells those who watch it.
@Suite(.timeLimit(.minutes(10))) struct CacheEventTests {
    @Test func eventsTellWhatHappensInOrder() async throws {
        let recorder = EventRecorder()
        let clock = ManualClock()
        let cache = Cache(
            MemoryStore(limit: .entries(100), clock: CacheClock(clock)),
            namespace: "ns",
            clock: CacheClock(clock),
            onEvent: recorder.record
        )
        _ = try await cache.fetch("k") { 1 }
        _ = try await cache.fetch("k") { 1 }
        _ = try await cache.get(CacheKey<Int>("none"))
        try await cache.set("k", to: 2)
        try await cache.remove(CacheKey<Int>("k"))
        try await cache.invalidate(tags: ["t"])
        try await cache.expire(tags: ["t"])
        try await cache.removeAll(matching: "x*")
        try await cache.clear()
        #expect(
            recorder.events == [
                .miss(key: "k"), .fillBegan(keys: ["k"], isBehind: false),
                .filled(key: "k", isStored: true, cost: .zero), .hit(key: "k"), .miss(key: "none"),
                .changed(keys: ["k"]), .changed(keys: ["k"]), .invalidated(tags: ["t"], .dead),
                .invalidated(tags: ["t"], .stale), .removedAll(matching: "x*"), .cleared,
            ]
        )
        recorder.reset()
        _ = try? await cache.fetch("bad") { () -> Int in throw Failure() }
        #expect(recorder.events.contains(.fillFailed(keys: ["bad"])))
    }

    @Test func recorderWaitsForWhatIsToHappen() async throws {
        let recorder = EventRecorder()
        let cache = Cache(.memory(entries: 10), namespace: "ns", onEvent: recorder.record)
        async let seen = recorder.wait { $0.contains(.changed(keys: ["k"])) }
        try await cache.set("k", to: 1)
        #expect(await seen)
        #expect(await !recorder.wait(atMost: .milliseconds(20)) { $0.count > 100 })
        let task = Task { await recorder.wait { $0.count > 100 } }
        task.cancel()
        #expect(await !task.value)
    }
}
