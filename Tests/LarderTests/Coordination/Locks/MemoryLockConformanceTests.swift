import LarderTesting
import Testing

@testable import Larder

@Suite(.timeLimit(.minutes(10))) struct MemoryLockConformanceTests {
    @Test(arguments: LockConformance.checks) func conforms(_ check: LockCheck) async throws {
        let clock = ManualClock()
        let store = MemoryLockStore(clock: CacheClock(clock))
        try await check.run(on: LockStoreUnderTest(store) { clock.advance(by: $0) })
    }
}
