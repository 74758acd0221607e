import Larder
import LarderTesting
import Testing

@Suite struct TieredStoreConformanceTests {
    private let clock = ManualClock()

    private func memory() -> MemoryStore { MemoryStore(limit: .entries(10_000), clock: CacheClock(self.clock)) }

    private func run(_ check: StoreCheck, on store: TieredStore) async throws {
        try await check.run(on: StoreUnderTest(store) { self.clock.advance(by: $0) })
    }

    @Test(arguments: StoreConformance.checks)
    func memoryOverMemoryConforms(_ check: StoreCheck) async throws {
        try await self.run(check, on: .tiered(upper: self.memory(), over: self.memory()))
    }

    @Test(arguments: StoreConformance.checks)
    func memoryOverAStoreThatAnswersLaterConforms(_ check: StoreCheck) async throws {
        try await self.run(check, on: .tiered(upper: self.memory(), over: FaultyStore(self.memory())))
    }

    @Test(arguments: StoreConformance.checks)
    func copiesThatEndBeforeTheirEntriesConform(_ check: StoreCheck) async throws {
        let lower = FaultyStore(self.memory())
        try await self.run(check, on: .tiered(upper: self.memory(), over: lower, upperTTL: .seconds(3)))
    }

    @Test(arguments: StoreConformance.checks)
    func upperTierWithoutRoomConforms(_ check: StoreCheck) async throws {
        let upper = MemoryStore(limit: .entries(1), clock: CacheClock(self.clock))
        try await self.run(check, on: .tiered(upper: upper, over: FaultyStore(self.memory())))
    }

    @Test(arguments: StoreConformance.checks)
    func threeTiersConform(_ check: StoreCheck) async throws {
        let lower = TieredStore(upper: self.memory(), lower: EncodingStore(FaultyStore(self.memory())))
        try await self.run(check, on: .tiered(upper: self.memory(), over: lower))
    }

    @Test(arguments: StoreConformance.checks)
    func memoryOverBytesConforms(_ check: StoreCheck) async throws {
        try await self.run(check, on: .tiered(upper: self.memory(), over: EncodingStore(FaultyStore(self.memory()))))
    }
}
