import Logging
import Testing

@testable import Bookshop

@Suite struct StoreBreakerTests {
    private struct Down: Error {}

    private static func breaker(rest: Duration) -> StoreBreaker {
        var logger = Logger(label: "tests")
        logger.logLevel = .critical
        return StoreBreaker(rest: rest, logger: logger)
    }

    @Test func storeThatFailedIsLeftAlone() async throws {
        let breaker = Self.breaker(rest: .seconds(600))
        #expect(try await breaker.ask { 1 } == 1)
        let failed: Int? = try await breaker.ask { throw Down() }
        #expect(failed == nil)
        var isAsked = false
        let answer: Int? = try await breaker.ask {
            isAsked = true
            return 1
        }
        #expect(answer == nil && !isAsked)
    }

    @Test func storeIsAskedAgainAfterItsRest() async throws {
        let breaker = Self.breaker(rest: .zero)
        let failed: Int? = try await breaker.ask { throw Down() }
        let answer = try await breaker.ask { 2 }
        #expect(failed == nil && answer == 2)
    }

    @Test func callerWhoIsCancelledSaysNothingOfTheStore() async throws {
        let breaker = Self.breaker(rest: .seconds(600))
        await #expect(throws: CancellationError.self) {
            let _: Int? = try await breaker.ask { throw CancellationError() }
        }
        let answer = try await breaker.ask { 3 }
        #expect(answer == 3)
    }
}
