import LarderHTTP
import Testing

/// Rules, section 7: after a failed refresh the next one waits, longer each time.
@Suite struct RefreshBackoffTests {
    @Test func pausesGrowUpToABound() {
        var backoff = RefreshBackoff()
        #expect(backoff.allows(at: noon))
        for pause in [1, 2, 4, 8, 16, 30, 30] as [Int64] {
            backoff.failed(at: noon)
            #expect(!backoff.allows(at: noon.advanced(by: .milliseconds(pause * 1_000 - 1))))
            #expect(backoff.allows(at: noon.advanced(by: .seconds(pause))))
        }
        backoff.succeeded()
        #expect(backoff == RefreshBackoff())
    }

    @Test func extremesDoNotTrap() {
        var backoff = RefreshBackoff()
        for _ in 0..<2_000 {
            backoff.failed(
                at: HTTPTime(millisecondsSince1970: .max),
                first: .seconds(Int64.max),
                longest: .seconds(Int64.max)
            )
        }
        backoff.failed(at: noon, first: .seconds(-1), longest: .seconds(-1))
        #expect(backoff.allows(at: noon))
    }
}
