import LarderTesting
import Logging
import Testing

@testable import Larder

/// A cache on a memory store, with a clock that the test moves, and with what it takes to look inside.
struct CacheUnderTest: Sendable {
    /// Whether reads are answered at once, as by memory, or after a wait, as by a server, or first the one and then the
    /// other.
    enum Shape: CaseIterable, CustomTestStringConvertible {
        case local, remote, tiered

        var testDescription: String {
            switch self {
            case .local: "in memory"
            case .remote: "behind a wait"
            case .tiered: "memory over one behind a wait"
            }
        }
    }

    let clock: ManualClock
    let memory: MemoryStore
    /// What stands between the cache and the memory where the shape is not local.
    let faults: FaultyStore
    /// What stands before both where the shape is tiered.
    let upper: MemoryStore
    let cache: Cache
    /// Another cache on the same entries.
    let other: Cache

    init(_ shape: Shape, _ defaults: CacheDefaults, limit: MemoryStore.Limit, logger: Logger) {
        let clock = ManualClock()
        let memory = MemoryStore(limit: limit, clock: CacheClock(clock))
        let faults = FaultyStore(memory)
        let upper = MemoryStore(limit: .entries(10_000), clock: CacheClock(clock))
        let tiered = TieredStore(upper: upper, lower: faults)
        func make() -> Cache {
            switch shape {
            case .local: Cache(memory, namespace: "ns", defaults: defaults, clock: CacheClock(clock), logger: logger)
            case .remote: Cache(faults, namespace: "ns", defaults: defaults, clock: CacheClock(clock), logger: logger)
            case .tiered: Cache(tiered, namespace: "ns", defaults: defaults, clock: CacheClock(clock), logger: logger)
            }
        }
        self.clock = clock
        self.memory = memory
        self.faults = faults
        self.upper = upper
        self.cache = make()
        self.other = make()
    }

    /// Waits until so many calls wait for fills.
    func waitForSeats(_ count: Int) async throws {
        try await eventually("\(count) calls wait for fills") { self.cache.flights.seatCount == count }
    }

    /// Waits until all tasks of the caches have ended.
    func settle() async throws {
        try await eventually("all tasks have ended") {
            self.cache.flights.taskCount == 0 && self.other.flights.taskCount == 0
        }
    }

    /// Expects that nothing is left of any fill.
    func expectNothingIsLeft(_ location: SourceLocation) async throws {
        try await self.settle()
        #expect(self.cache.flights.count == 0, "flights", sourceLocation: location)
        #expect(self.other.flights.count == 0, "flights of the other cache", sourceLocation: location)
        #expect(self.memory.leases.standing == 0, "leases", sourceLocation: location)
        #expect(self.clock.sleeperCount == 0, "timers", sourceLocation: location)
        #expect(self.upper.leases.standing == 0, "leases of the upper tier", sourceLocation: location)
        #expect(self.memory.entries.checkInvariants() == [], "the memory store", sourceLocation: location)
        #expect(self.upper.entries.checkInvariants() == [], "the upper tier", sourceLocation: location)
    }
}

/// Lends a cache to a test and expects afterwards that no flight, lease, task or timer is left.
func withCache(
    _ shape: CacheUnderTest.Shape = .remote,
    _ defaults: CacheDefaults = CacheDefaults(),
    limit: MemoryStore.Limit = .entries(10_000),
    logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
    location: SourceLocation = #_sourceLocation,
    _ body: (CacheUnderTest) async throws -> Void
) async throws {
    let subject = CacheUnderTest(shape, defaults, limit: limit, logger: logger)
    try await body(subject)
    try await subject.expectNothingIsLeft(location)
}

/// An error that tests throw.
struct Failure: Error, Equatable {
    var number = 0
}

func code(_ error: any Error) -> CacheError.Code? {
    (error as? CacheError)?.code
}

func expectError<Value>(
    _ code: CacheError.Code,
    location: SourceLocation = #_sourceLocation,
    _ body: () async throws -> Value
) async {
    let error = await #expect(throws: CacheError.self, sourceLocation: location) { _ = try await body() }
    #expect(error?.code == code, sourceLocation: location)
}

extension Cache {
    /// Fetches with a fill that has its value at hand. (`#expect` takes no trailing closures that throw.)
    func fetch<Value: Codable & Sendable>(
        _ key: CacheKey<Value>,
        filling value: Value,
        ttl: TimeToLive? = .default,
        onFailure: FailurePolicy? = nil
    ) async throws -> Value {
        try await self.fetch(key, ttl: ttl, onFailure: onFailure) { value }
    }
}
