import LarderTesting
import Testing

@testable import Larder

/// A namespace of a tiered store, and what it takes to come between its tiers.
struct TiersUnderTest: Sendable {
    let clock = ManualClock()
    let upper: MemoryStore
    let memory: MemoryStore
    /// The lower tier: `memory`, with faults.
    let lower: FaultyStore
    let store: TieredStore
    let space: any NamespaceStore

    init(upperTTL: Duration? = nil, upperLimit: MemoryStore.Limit = .entries(1_000)) {
        let clock = CacheClock(self.clock)
        self.upper = MemoryStore(limit: upperLimit, clock: clock)
        self.memory = MemoryStore(limit: .entries(1_000), clock: clock)
        self.lower = FaultyStore(self.memory)
        self.store = TieredStore(upper: self.upper, lower: self.lower, upperTTL: upperTTL)
        self.space = self.store.open("ns")
    }

    static let lifetime = EntryLifetime(freshFor: .seconds(60))

    static func key(_ name: String) -> StoreKey { StoreKey(version: 1, name: name) }

    /// Whether the upper tier has a copy that it would answer with.
    func hasCopy(_ name: String = "k") -> Bool {
        // The lower tier never answers at once.
        if case .unknown = self.space.readNow(Self.key(name)) { false } else { true }
    }

    /// The integer that the upper tier would answer with.
    func copy(_ name: String = "k") -> Int64? {
        switch self.space.readNow(Self.key(name)) {
        case .fresh(.integer(let value)), .tagged(.integer(let value), _): value
        default: nil
        }
    }

    func write(
        _ value: Int64,
        _ name: String = "k",
        _ lifetime: EntryLifetime = Self.lifetime,
        tags: [String] = []
    ) async throws {
        let write = Self.entry(.integer(value), name, lifetime, tags: tags)
        _ = try await self.space.write([write], .always)
    }

    static func entry(
        _ value: EntryValue,
        _ name: String = "k",
        _ lifetime: EntryLifetime = Self.lifetime,
        tags: [String] = []
    ) -> EntryWrite {
        EntryWrite(key: Self.key(name), value: value, coder: UnreadCoder(), lifetime: lifetime, tags: tags)
    }

    func lookup(
        _ name: String = "k",
        wantsTimes: Bool = false,
        lease: LeaseRequest? = nil,
        coder: any EntryCoder = UnreadCoder()
    ) async throws -> StoreLookup {
        let options = ReadOptions(wantsTimes: wantsTimes, lease: lease, coder: coder)
        let answers = try await self.space.read([Self.key(name)], options)
        return try #require(answers.first)
    }

    func read(_ name: String = "k", wantsTimes: Bool = false) async throws -> StoredEntry? {
        guard case .found(let entry) = try await self.lookup(name, wantsTimes: wantsTimes) else { return nil }
        return entry
    }

    /// Reads the integer of a fresh entry, from above if there is a copy.
    func integer(_ name: String = "k") async throws -> Int64? {
        guard let entry = try await self.read(name), !entry.isStale, case .integer(let value) = entry.value else {
            return nil
        }
        return value
    }

    /// Takes a lease that has to be free.
    func take(_ name: String = "k", replacesEntry: Bool = false, tags: [String] = []) async throws -> Lease {
        let request = LeaseRequest(
            token: .random(),
            duration: .seconds(30),
            replacesEntry: replacesEntry,
            tags: tags
        )
        guard case .absent(.granted(let lease)) = try await self.lookup(name, lease: request) else {
            throw NeverHappened(what: "the lease of \(name) is granted")
        }
        return lease
    }

    func commit(_ value: Int64, under lease: Lease) async throws -> Bool {
        let write = Self.entry(.integer(value), lease.key.name)
        return try await self.space.commit([EntryCommit(write: write, lease: lease)]) == [true]
    }

    /// Lets something come between, at the first such moment only.
    func once(
        _ operation: FaultyStore.Operation,
        _ moment: FaultyStore.Moment,
        _ body: @escaping @Sendable () async throws -> Void
    ) {
        self.lower.intercept { [lower = self.lower] current, now in
            guard current == operation, now == moment else { return }
            lower.intercept(nil)
            try await body()
        }
    }

    /// No lease of the upper tier outlives the read that took it.
    func expectNoLeases(_ location: SourceLocation = #_sourceLocation) {
        #expect(self.upper.leases.standing == 0, "leases of the upper tier", sourceLocation: location)
    }
}

/// Something that changes an entry of the lower tier, and after which no copy of what was before may be left.
struct TierChange: Sendable, CustomTestStringConvertible {
    let name: String
    /// What the entry has to be tagged with for the change to concern it.
    var tags: [String] = []
    /// What the lower tier is asked to do.
    let operation: FaultyStore.Operation
    /// What is below after the change of an entry that held 1.
    let result: Int64?
    let body: @Sendable (any NamespaceStore) async throws -> Void

    var testDescription: String { self.name }

    static let all: [TierChange] = [
        TierChange(name: "remove", operation: .remove, result: nil) {
            _ = try await $0.remove([TiersUnderTest.key("k")])
        },
        TierChange(name: "set", operation: .write, result: 9) {
            _ = try await $0.write([TiersUnderTest.entry(.integer(9))], .always)
        },
        TierChange(name: "replace", operation: .write, result: 9) {
            _ = try await $0.write([TiersUnderTest.entry(.integer(9))], .ifPresent)
        },
        TierChange(name: "increment", operation: .increment, result: 9) {
            _ = try await $0.increment(TiersUnderTest.key("k"), by: 8, initial: nil, within: .min ... .max)
        },
        TierChange(name: "touch", operation: .touch, result: 1) {
            _ = try await $0.touch(TiersUnderTest.key("k"), EntryLifetime(freshFor: .seconds(5)))
        },
        TierChange(name: "removeAll", operation: .removeAll, result: nil) {
            _ = try await $0.removeAll(matching: "k*")
        },
        TierChange(name: "clear", operation: .clear, result: nil) { try await $0.clear() },
        TierChange(name: "invalidate", tags: ["s", "t"], operation: .invalidate, result: nil) {
            try await $0.invalidate(["t"], .dead)
        },
        TierChange(name: "expire", tags: ["t"], operation: .invalidate, result: nil) {
            try await $0.invalidate(["u", "t"], .stale)
        },
    ]
}
