import Larder
import Testing

@testable import LarderRedis

@Suite struct ServerTimeTests {
    private static func at(_ duration: Duration) -> CacheInstant {
        CacheInstant(nanoseconds: 0).advanced(by: duration)
    }

    @Test func whatIsNotKnownIsAlwaysOver() {
        #expect(ServerTime().after(.seconds(1), from: Self.at(.seconds(100))) == 0)
    }

    @Test func theServersTimeGoesOnWithThisProcessesClock() {
        let time = ServerTime()
        time.note(1_700_000_000_000_000, received: Self.at(.seconds(100)))
        #expect(time.after(.zero, from: Self.at(.seconds(100))) == 1_700_000_000_000_000)
        #expect(time.after(.seconds(1), from: Self.at(.seconds(110))) == 1_700_000_011_000_000)
        // Set back: the last answer counts.
        time.note(1_600_000_000_000_000, received: Self.at(.seconds(200)))
        #expect(time.after(.zero, from: Self.at(.seconds(200))) == 1_600_000_000_000_000)
    }

    @Test(arguments: [Int64.min, -1, 0, .max]) func whateverAServerSaysDoesNoHarm(_ microseconds: Int64) {
        let time = ServerTime()
        time.note(microseconds, received: Self.at(.seconds(100)))
        let latest = time.after(.seconds(1), from: Self.at(.seconds(200)))
        #expect(latest >= 0 && latest < 1 << 54)
    }
}
