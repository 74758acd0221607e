import Larder
import LarderTesting
import Synchronization
import Testing

@Suite("Cache.update")
struct UpdateTests {
    private struct Bench {
        let clock = ManualClock()
        let cache: Cache

        init(tiered: Bool = false) {
            let time = CacheClock(self.clock)
            let store = MemoryStore(limit: .entries(1_000), clock: time)
            let upper = MemoryStore(limit: .entries(1_000), clock: time)
            self.cache =
                tiered
                ? Cache(TieredStore(upper: upper, lower: store), clock: time) : Cache(.memory(store), clock: time)
        }
    }

    @Test("200 tasks add to one entry, and none is lost", arguments: [false, true])
    func losesNothing(_ tiered: Bool) async throws {
        let cache = Bench(tiered: tiered).cache
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<200 {
                group.addTask {
                    try await cache.update("k") { (entry: inout EntryDraft<[Int]>) in
                        entry.set((entry.value ?? []) + [number])
                    }
                }
            }
            try await group.waitForAll()
        }
        let numbers: [Int]? = try await cache.get("k")
        #expect(numbers?.sorted() == Array(0..<200))
    }

    @Test("It sees what is there, returns what the change returns, and what sets nothing leaves all as it is")
    func changes() async throws {
        let bench = Bench()
        let cache = bench.cache
        let missing = try await cache.update("k") { (entry: inout EntryDraft<String>) in (entry.value, entry.timeLeft) }
        #expect(missing.0 == nil && missing.1 == nil)
        try await cache.set("k", to: "a", ttl: .seconds(100))
        bench.clock.advance(by: .seconds(40))
        let kept = try await cache.update("k") { (entry: inout EntryDraft<String>) in
            entry.set("never", ttl: .seconds(1))
            entry.keep()
            return entry.value
        }
        #expect(kept == "a")
        try await cache.update("k") { (entry: inout EntryDraft<String>) in entry.set("b") }
        var left = try await cache.ttl(of: CacheKey<String>("k"))
        #expect(left == .remaining(.seconds(60)))
        try await cache.update("k") { (entry: inout EntryDraft<String>) in entry.set("c", ttl: nil) }
        left = try await cache.ttl(of: CacheKey<String>("k"))
        #expect(left == .forever)
        try await cache.update("k") { (entry: inout EntryDraft<String>) in entry.set("d", ttl: .seconds(0)) }
        let value: String? = try await cache.get("k")
        #expect(value == "c")
        struct Refused: Error {}
        await #expect(throws: Refused.self) {
            try await cache.update("k") { (entry: inout EntryDraft<String>) in
                entry.set("never")
                throw Refused()
            }
        }
        let last: String? = try await cache.get("k")
        #expect(last == "c")
    }

    @Test("Another type's entry counts as absent and is replaced")
    func replacesOtherTypes() async throws {
        let cache = Bench().cache
        try await cache.set("k", to: "text")
        try await cache.update("k") { (entry: inout EntryDraft<[Int]>) in
            #expect(entry.value == nil && entry.timeLeft != nil)
            entry.set([1])
        }
        let value: [Int]? = try await cache.get("k")
        #expect(value == [1])
    }

    @Test(
        "What is written, removed or invalidated in mid-change lets it run again, on what there is then",
        arguments: [false, true]
    )
    func runsAgain(_ tiered: Bool) async throws {
        let disturbances: [(String, @Sendable (Cache) async throws -> Void, String)] = [
            ("set", { try await $0.set("k", to: "x", tags: ["t"]) }, "x+"),
            ("remove", { try await $0.remove(CacheKey<String>("k")) }, "-+"),
            ("tag", { try await $0.invalidate(tags: ["t"]) }, "-+"),
            ("clear", { try await $0.clear() }, "-+"),
            ("touch", { try await $0.touch(CacheKey<String>("k"), ttl: .seconds(9)) }, "a+"),
        ]
        for (name, disturb, expected) in disturbances {
            let cache = Bench(tiered: tiered).cache
            try await cache.set("k", to: "a", tags: ["t"])
            let runs = Atomic(0)
            try await cache.update("k") { (entry: inout EntryDraft<String>) in
                if runs.wrappingAdd(1, ordering: .relaxed).newValue == 1 { try await disturb(cache) }
                entry.set((entry.value ?? "-") + "+")
            }
            let value: String? = try await cache.get("k")
            #expect(value == expected, "\(name)")
            #expect(runs.load(ordering: .relaxed) == (name == "touch" ? 1 : 2), "\(name)")
        }
    }

    @Test("The entry keeps its tags and gets those that the call names")
    func keepsTags() async throws {
        for tag in ["old", "new"] {
            let cache = Bench().cache
            try await cache.set("k", to: 1, tags: ["old"])
            try await cache.update("k", tags: ["new"]) { (entry: inout EntryDraft<Int>) in entry.set(2) }
            var value: Int? = try await cache.get("k")
            #expect(value == 2)
            try await cache.invalidate(tags: [tag])
            value = try await cache.get("k")
            #expect(value == nil, "\(tag)")
        }
    }

    @Test("It ends when others keep the entry for too long, and leaves nothing behind")
    func ends() async throws {
        let bench = Bench()
        let cache = bench.cache
        guard case .granted(let lease) = try await cache.getOrLease(CacheKey<Int>("k"), for: .seconds(100)) else {
            Issue.record("no lease")
            return
        }
        let update = Task {
            try await cache.update("k", atMost: .seconds(3)) { (entry: inout EntryDraft<Int>) in
                entry.set(2)
            }
        }
        try await bench.clock.waitForSleepers()
        bench.clock.advance(by: .seconds(4))
        await #expect { try await update.value } throws: { ($0 as? CacheError)?.code == .unavailable }
        let isStored = try await cache.set(under: lease, to: 1)
        #expect(isStored)
    }

    @Test("A store that keeps nothing keeps nothing; under a bypass the entry goes, which is untrue from then on")
    func needsNoStore() async throws {
        let null = Cache(.null)
        let answer = try await null.update("k") { (entry: inout EntryDraft<Int>) in
            entry.set(1)
            return entry.value
        }
        #expect(answer == nil)
        let cache = Bench().cache
        try await cache.set("k", to: 1)
        try await cache.bypassed {
            try await cache.update("k") { (entry: inout EntryDraft<Int>) in
                #expect(entry.value == nil)
                entry.keep()
            }
        }
        var value: Int? = try await cache.get("k")
        #expect(value == 1)
        try await cache.bypassed {
            try await cache.update("k") { (entry: inout EntryDraft<Int>) in entry.set(2) }
        }
        value = try await cache.get("k")
        #expect(value == nil)
    }
}
