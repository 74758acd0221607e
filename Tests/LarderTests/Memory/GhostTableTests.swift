import LarderTesting
import Testing

@testable import Larder

@Suite struct GhostTableTests {
    @Test func remembersTheLatestAndForgetsTheRest() {
        var ghosts = GhostTable()
        ghosts.resize(to: 1_000)
        var random = SeededGenerator(seed: 3)
        let hashes = (0..<10_000).map { _ in UInt32(truncatingIfNeeded: random.next()) }
        for hash in hashes { ghosts.insert(hash) }
        let latest = hashes[9_100...].count { ghosts.take($0) }
        let older = hashes[..<8_900].count { ghosts.take($0) }
        // Two places overflow now and then; a stranger's fingerprint agrees now and then.
        #expect(latest > 750)
        #expect(older < 40)
    }

    @Test func forgetsWhatItWasAskedFor() {
        var ghosts = GhostTable()
        // Calls on a value that cannot be copied stay outside of the macro.
        let before = ghosts.take(7)
        ghosts.resize(to: 10)
        ghosts.insert(7)
        let first = ghosts.take(7)
        let second = ghosts.take(7)
        #expect([before, first, second] == [false, true, false])
    }
}
