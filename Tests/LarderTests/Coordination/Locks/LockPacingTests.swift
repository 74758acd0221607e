import Testing

@testable import Larder

@Suite struct LockPacingTests {
    @Test func whoCannotBeToldAsksAndTriesToListenFromTimeToTime() {
        var pacing = LockPacing()
        var attempts: [Int] = []
        for round in 0..<100 {
            if pacing.shouldListen { attempts.append(round) }
            let pause = pacing.isDeaf()
            #expect(pause > .zero && pause <= .milliseconds(50))
            if round > 10 { #expect(pause >= .milliseconds(25)) }
        }
        #expect(attempts == [0, 32, 64, 96])
    }

    @Test func pausesGrowDuringAnOutageAndBeginAnewAfterIt() {
        var pacing = LockPacing()
        for _ in 0..<2 {
            #expect(pacing.failed() <= .milliseconds(2))
            for _ in 0..<20 { _ = pacing.failed() }
            let pause = pacing.failed()
            #expect(pause >= .milliseconds(125) && pause <= .milliseconds(250))
            pacing.heard()
        }
    }

    @Test func afterAnOutageItIsTriedAtOnceToListen() {
        var pacing = LockPacing()
        for _ in 0..<5 { _ = pacing.isDeaf() }
        #expect(!pacing.shouldListen)
        // An answer without an outage before it changes nothing.
        pacing.heard()
        #expect(!pacing.shouldListen)
        for _ in 0..<7 { _ = pacing.failed() }
        pacing.heard()
        #expect(pacing.shouldListen)
    }
}
