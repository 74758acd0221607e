import Larder
import LarderSQLite
import LarderTesting
import Testing

@Suite(.timeLimit(.minutes(5))) struct SQLiteStoreConformanceTests {
    @Test(arguments: StoreConformance.checks)
    func sqliteStoreConforms(_ check: StoreCheck) async throws {
        let database = try TemporaryDatabase()
        let clock = ManualClock()
        let store = try database.store { $0.clock = CacheClock(clock) }
        try await check.run(on: StoreUnderTest(store) { clock.advance(by: $0) })
        await store.shutdown()
    }
}
