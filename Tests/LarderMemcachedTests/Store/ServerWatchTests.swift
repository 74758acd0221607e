import Larder
import Testing

@testable import LarderMemcached

/// What a process does about servers that are lost, driven by hand.
@Suite struct ServerWatchTests {
    private static func watch(failover: Bool) -> ServerWatch {
        ServerWatch(.init(servers: [10, 11, 12], home: 0, failover: failover, pause: 1_000))
    }

    private func steps(
        _ watch: inout ServerWatch,
        before places: Set<Int> = [0, 1, 2],
        now: Int64 = 5_000,
        moment: Int64 = 0,
        answers: UInt64 = 0
    ) -> [ServerWatch.Step] {
        watch.steps(before: places, now: now, moment: MonotonicTime(nanoseconds: moment)) { _ in answers }
    }

    @Test func nothingIsToBeDoneWhereNothingWasLost() {
        var watch = Self.watch(failover: true)
        #expect(watch.isCalm)
        #expect(self.steps(&watch).isEmpty)
    }

    @Test func lostServerIsGivenAnotherEpochBeforeItIsReadAgain() {
        var watch = Self.watch(failover: false)
        watch.lose(1)
        #expect(!watch.isCalm)
        #expect(self.steps(&watch, before: [0, 2]).isEmpty)
        #expect(self.steps(&watch) == [.letIn(1, epoch: 0)])
        // As long as it has not been given one.
        #expect(self.steps(&watch) == [.letIn(1, epoch: 0)])
        var roster = ServerRoster()
        roster.letIn(11, epoch: 7)
        watch.take(roster)
        #expect(self.steps(&watch).isEmpty)
        watch.lose(1)
        #expect(self.steps(&watch) == [.letIn(1, epoch: 7)])
    }

    @Test func whatAnotherProcessHasSeenToIsDone() {
        var watch = Self.watch(failover: true)
        watch.lose(1)
        var roster = ServerRoster()
        roster.takeOut(11, epoch: 7, at: 4_900)
        watch.take(roster)
        #expect(watch.isOut(1))
        #expect(self.steps(&watch).isEmpty)
        // Nobody asks there any more, so what was on its way says nothing new.
        watch.lose(1)
        roster.letIn(11, epoch: 8)
        watch.take(roster)
        #expect(!watch.isOut(1))
        #expect(self.steps(&watch).isEmpty)
    }

    @Test func withFailoverALostServerIsTakenOutWhateverIsAskedFor() {
        var watch = Self.watch(failover: true)
        watch.lose(2)
        #expect(self.steps(&watch, before: [0]) == [.takeOut(2, epoch: 0)])
    }

    @Test func nobodyStandsInForTheServerOfTheGenerations() {
        var watch = Self.watch(failover: true)
        watch.lose(0)
        #expect(self.steps(&watch) == [.letIn(0, epoch: 0)])
    }

    @Test(arguments: [true, false]) func serverThatIsOutIsLetInWhenItAnswersAfterThePause(_ failover: Bool) {
        var watch = Self.watch(failover: failover)
        var roster = ServerRoster()
        roster.takeOut(11, epoch: 7, at: 4_900)
        watch.take(roster)
        // Not before the pause is over.
        #expect(self.steps(&watch, now: 5_899, answers: 4).isEmpty)
        // It is asked once in an interval, until it answers; answers from before do not count.
        #expect(self.steps(&watch, now: 5_900, moment: 1_000, answers: 5) == [.probe(1)])
        #expect(self.steps(&watch, now: 5_900, moment: 2_000, answers: 5).isEmpty)
        #expect(self.steps(&watch, now: 5_900, moment: 500_001_000, answers: 5) == [.probe(1)])
        #expect(self.steps(&watch, now: 5_900, moment: 500_001_100, answers: 6) == [.letIn(1, epoch: 7)])
        roster.letIn(11, epoch: 8)
        watch.take(roster)
        #expect(self.steps(&watch, now: 9_000, moment: 600_000_000, answers: 9).isEmpty)
        // The next time it is asked anew.
        roster.takeOut(11, epoch: 9, at: 9_000)
        watch.take(roster)
        #expect(self.steps(&watch, now: 10_000, moment: 700_000_000, answers: 9) == [.probe(1)])
    }

    @Test func clockThatIsBehindDelaysNoReturnForever() {
        var watch = Self.watch(failover: true)
        var roster = ServerRoster()
        roster.takeOut(11, epoch: 7, at: 1_000_000)
        watch.take(roster)
        #expect(self.steps(&watch, now: 5_000) == [.probe(1)])
    }

    @Test func unknownServersOfOtherConfigurationsAreLeftAlone() {
        var watch = Self.watch(failover: true)
        var roster = ServerRoster()
        roster.takeOut(99, epoch: 7, at: 0)
        watch.take(roster)
        watch.lose(-1)
        watch.lose(3)
        #expect(self.steps(&watch).isEmpty)
    }
}
