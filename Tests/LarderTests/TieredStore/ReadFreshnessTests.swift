import LarderTesting
import Testing

@testable import Larder

/// What strict reads see of what other processes did below a tier, and tracked ones do not yet.
@Suite(.timeLimit(.minutes(10))) struct ReadFreshnessTests {
    private static let key = CacheKey<Int>("k")
    /// What fills make.
    private static let filled = -1

    /// A verb that reads, and what it makes of the entry.
    struct Verb: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// Whether it tells one value from another.
        var tellsValues = true
        /// The value, the time left in whole seconds or 1 for an entry that is there; `nil` for none.
        let read: @Sendable (Cache, ReadFreshness?) async throws -> Int?

        static let all: [Verb] = [
            Verb(testDescription: "get") { try await $0.get(key, freshness: $1) },
            Verb(testDescription: "lookup") { try await $0.lookup(key, freshness: $1).value },
            Verb(testDescription: "getMany") { try await $0.getMany([key, "l"], freshness: $1)[key] },
            Verb(testDescription: "fetch") { cache, freshness in
                Self.found(try await cache.fetch(key, freshness: freshness) { filled })
            },
            Verb(testDescription: "fetch with a context") { cache, freshness in
                Self.found(try await cache.fetch(key, freshness: freshness) { (_: FillContext) in filled })
            },
            Verb(testDescription: "fetch by a policy that looks at age") { cache, freshness in
                let policy = try FetchPolicy(refreshAfter: .seconds(50))
                return Self.found(try await cache.fetch(key, policy: policy, freshness: freshness) { filled })
            },
            Verb(testDescription: "fetchReportingOutcome") { cache, freshness in
                Self.found(try await cache.fetchReportingOutcome(key, freshness: freshness) { _ in filled }.value)
            },
            Verb(testDescription: "fetchMany") { cache, freshness in
                let values = try await cache.fetchMany([key, "l"], freshness: freshness) { missing in
                    Dictionary(uniqueKeysWithValues: missing.map { ($0, filled) })
                }
                return values[key].flatMap(Self.found)
            },
            Verb(testDescription: "getOrLease") { cache, freshness in
                switch try await cache.getOrLease(key, freshness: freshness) {
                case .hit(let value): return value
                case .granted(let lease):
                    try await cache.giveBack(lease)
                    return nil
                case .taken: return nil
                }
            },
            Verb(testDescription: "contains", tellsValues: false) { cache, freshness in
                try await cache.contains(key, freshness: freshness) ? 1 : nil
            },
            Verb(testDescription: "ttl", tellsValues: false) { cache, freshness in
                try await cache.ttl(of: key, freshness: freshness) == nil ? nil : 1
            },
        ]

        private static func found(_ value: Int) -> Int? { value == filled ? nil : value }
    }

    /// A cache of another process, which shares the lower tier only.
    private func elsewhere(_ subject: CacheUnderTest) -> Cache {
        Cache(subject.memory, namespace: "ns", clock: CacheClock(subject.clock))
    }

    @Test(arguments: CacheUnderTest.Shape.allCases, Verb.all)
    func strictReadSeesAtOnceWhatAnotherProcessWrote(_ shape: CacheUnderTest.Shape, _ verb: Verb) async throws {
        try await withCache(shape) { subject in
            let cache = subject.cache
            try await cache.set(Self.key, to: 1)
            try await #expect(cache.get(Self.key) == 1)
            try await self.elsewhere(subject).set(Self.key, to: verb.tellsValues ? 2 : 1)
            let current = verb.tellsValues ? 2 : 1
            let copied = shape == .tiered ? 1 : current
            try await #expect(verb.read(cache, nil) == copied)
            try await #expect(verb.read(cache, .tracked) == copied)
            try await #expect(verb.read(cache, .strict) == current)
            try await #expect(verb.read(cache, nil) == current, "the copy has been replaced")
            try await #expect(verb.read(subject.other, nil) == current)
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases, Verb.all)
    func strictReadSeesAtOnceWhatAnotherProcessRemoved(_ shape: CacheUnderTest.Shape, _ verb: Verb) async throws {
        try await withCache(shape) { subject in
            let cache = subject.cache
            try await cache.set(Self.key, to: 1)
            try await #expect(cache.get(Self.key) == 1)
            try await self.elsewhere(subject).remove(Self.key)
            if shape == .tiered {
                try await #expect(verb.read(cache, nil) == 1)
                try await #expect(verb.read(cache, .tracked) == 1)
            }
            try await #expect(verb.read(cache, .strict) == nil)
            try await #expect(cache.get(Self.key) ?? Self.filled == Self.filled, "the copy is gone")
        }
    }

    @Test(arguments: Verb.all)
    func cacheCanBeStrictByDefaultAndTheCallWins(_ verb: Verb) async throws {
        try await withCache(.tiered, CacheDefaults(freshness: .strict)) { subject in
            let cache = subject.cache
            try await cache.set(Self.key, to: 1)
            try await #expect(cache.get(Self.key) == 1)
            try await self.elsewhere(subject).remove(Self.key)
            try await #expect(verb.read(cache, .tracked) == 1)
            try await #expect(verb.read(cache, nil) == nil)
        }
    }

    @Test func strictTimeLeftIsTheStoresOwn() async throws {
        try await withCache(.tiered) { subject in
            try await subject.cache.set(Self.key, to: 1, ttl: .seconds(60))
            try await #expect(subject.cache.get(Self.key) == 1)
            try await self.elsewhere(subject).touch(Self.key, ttl: .seconds(5))
            try await #expect(subject.cache.ttl(of: Self.key) == .remaining(.seconds(60)))
            try await #expect(subject.cache.ttl(of: Self.key, freshness: .strict) == .remaining(.seconds(5)))
            try await #expect(subject.cache.ttl(of: Self.key) == .remaining(.seconds(5)), "the copy ends sooner now")
        }
    }

    @Test func strictReadsReachTheLowestOfThreeTiers() async throws {
        try await withCache(.tiered) { subject in
            let clock = CacheClock(subject.clock)
            let middle = TieredStore(upper: subject.upper, lower: subject.faults)
            let top = TieredStore(upper: MemoryStore(limit: .entries(10), clock: clock), lower: middle)
            let cache = Cache(top, namespace: "ns", clock: clock)
            try await cache.set(Self.key, to: 1)
            try await #expect(cache.get(Self.key) == 1)
            try await self.elsewhere(subject).set(Self.key, to: 2)
            try await #expect(cache.get(Self.key) == 1)
            try await #expect(cache.get(Self.key, freshness: .strict) == 2)
            try await #expect(cache.get(Self.key) == 2)
        }
    }

    @Test func strictReadOfAStaleEntryDropsItsCopy() async throws {
        let policy = try FetchPolicy(ttl: .seconds(60), staleOnError: .seconds(600))
        try await withCache(.tiered, CacheDefaults(fetchPolicy: policy)) { subject in
            let cache = subject.cache
            try await #expect(cache.fetch(Self.key) { 1 } == 1)
            try await #expect(cache.get(Self.key) == 1)
            let key = StoreKey(version: 1, name: "k")
            let lifetime = EntryLifetime(freshFor: .seconds(1), grace: .seconds(600))
            let write = EntryWrite(key: key, value: .integer(2), coder: UnreadCoder(), lifetime: lifetime)
            _ = try await subject.memory.open("ns").write([write], .always)
            subject.clock.advance(by: .seconds(2))
            try await #expect(cache.get(Self.key) == 1)
            try await #expect(cache.get(Self.key, freshness: .strict) == nil)
            try await #expect(cache.get(Self.key) == nil)
            let fetched = try await cache.fetchReportingOutcome(Self.key, freshness: .strict) { _ in 3 }
            let value = fetched.value
            #expect(value == 3, "neither the copy nor the stale entry stands in for a fill that works")
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func strictFetchJoinsNoFillThatAnotherProcessHasCutOff(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let gate = Gate()
            let first = Task {
                try await subject.cache.fetch(Self.key) {
                    try await gate.pass()
                    return 1
                }
            }
            try await eventually("the fill runs") { gate.arrivals == 1 }
            try await self.elsewhere(subject).remove(Self.key)
            try await #expect(subject.cache.fetch(Self.key, freshness: .strict) { 2 } == 2)
            gate.open()
            try await #expect(first.value == 1)
            try await #expect(subject.cache.get(Self.key) == 2)
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func strictFetchesShareTheFillThatTheStoreShowsThem(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let gate = Gate()
            let calls = (0..<10).map { number in
                Task {
                    try await subject.cache.fetch(Self.key, freshness: number.isMultiple(of: 2) ? .strict : .tracked) {
                        try await gate.pass()
                        return 1
                    }
                }
            }
            try await subject.waitForSeats(10)
            gate.open()
            for call in calls { try await #expect(call.value == 1) }
            #expect(subject.cache.counters.fills == 1)
        }
    }

    @Test func copyDoesNotAnswerStrictReadsWhileTheStoreIsUnavailable() async throws {
        try await withCache(.tiered) { subject in
            let cache = subject.cache
            try await cache.set(Self.key, to: 1)
            try await #expect(cache.get(Self.key) == 1)
            subject.faults.fail()
            try await #expect(cache.get(Self.key) == 1)
            try await #expect(cache.get(Self.key, freshness: .strict) == nil)
            await expectError(.unavailable) {
                try await cache.get(Self.key, freshness: .strict, onFailure: .throwing)
            }
            await expectError(.unavailable) { try await cache.contains(Self.key, freshness: .strict) }
            try await #expect(cache.fetch(Self.key, freshness: .strict) { 2 } == 2)
            try await #expect(cache.get(Self.key) == 1, "nobody has said anything of the copy")
            subject.faults.recover()
        }
    }

    @Test func movingToAnotherVersionMovesWhatTheStoreHas() async throws {
        try await withCache(.tiered) { subject in
            let cache = subject.cache
            try await cache.set(Self.key, to: 1)
            try await #expect(cache.get(Self.key) == 1)
            try await self.elsewhere(subject).set(Self.key, to: 2)
            try await #expect(cache.incrementVersion(of: Self.key) == 2)
            try await #expect(cache.get(CacheKey<Int>("k", version: 2)) == 2)
            try await #expect(cache.get(Self.key) == nil)
        }
    }

    @Test func strictReadLeavesNoLeaseAboveAndPutsNothingOldThere() async throws {
        let tiers = TiersUnderTest()
        try await tiers.write(1)
        try await #expect(tiers.integer() == 1)
        let options = ReadOptions(freshness: .strict, coder: UnreadCoder())
        // Between the reading below and the copying, somebody in this process writes.
        tiers.once(.read, .after) { try await tiers.write(2) }
        guard case .found(let entry) = try await tiers.space.read([TiersUnderTest.key("k")], options).first else {
            Issue.record("nothing was found")
            return
        }
        guard case .integer(1) = entry.value else {
            Issue.record("the read came before the write")
            return
        }
        #expect(tiers.copy() == nil)
        try await #expect(tiers.integer() == 2)
        tiers.expectNoLeases()
    }
}
