import Testing

@testable import Larder

@Suite struct GhostTableTests {
    @Test func remembersTheLatestAndForgetsTheRest() {
        var ghosts = GhostTable()
        ghosts.remember(1_000)
        for hash in UInt32(0)..<10_000 { ghosts.insert(hash &* 0x9E37_79B9) }
        let latest = (UInt32(9_100)..<10_000).count { ghosts.take($0 &* 0x9E37_79B9) }
        let older = (UInt32(0)..<8_900).count { ghosts.take($0 &* 0x9E37_79B9) }
        // Groups of four overflow now and then; a stranger's fingerprint agrees now and then.
        #expect(latest > 750)
        #expect(older < 40)
    }

    @Test func forgetsWhatItWasAskedFor() {
        var ghosts = GhostTable()
        // Calls on a value that cannot be copied stay outside of the macro.
        let before = ghosts.take(7)
        ghosts.remember(10)
        ghosts.insert(7)
        let first = ghosts.take(7)
        let second = ghosts.take(7)
        #expect([before, first, second] == [false, true, false])
    }
}
