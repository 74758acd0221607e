import LarderTesting
import Testing

@testable import Larder

/// Copies and changes that pass each other between the tiers, each interleaving driven by hand.
@Suite struct TieredStoreFencingTests {
    private let tiers = TiersUnderTest()

    @Test(arguments: TierChange.all)
    func changeDropsTheCopy(_ change: TierChange) async throws {
        try await self.tiers.write(1, tags: change.tags)
        #expect(try await self.tiers.integer() == 1)
        #expect(self.tiers.copy() == 1)
        try await change.body(self.tiers.space)
        #expect(!self.tiers.hasCopy())
        #expect(try await self.tiers.integer() == change.result)
        self.tiers.expectNoLeases()
    }

    @Test(arguments: TierChange.all)
    func copyOfWhatWasReadBeforeAChangeIsRefusedAfterIt(_ change: TierChange) async throws {
        try await self.tiers.write(1, tags: change.tags)
        self.tiers.once(.read, .after) { [tiers] in try await change.body(tiers.space) }
        #expect(try await self.tiers.integer() == 1, "it asked before the change")
        #expect(!self.tiers.hasCopy())
        #expect(try await self.tiers.integer() == change.result)
        self.tiers.expectNoLeases()
    }

    @Test(arguments: TierChange.all)
    func copyMadeWhileTheLowerTierIsAboutToChangeIsDropped(_ change: TierChange) async throws {
        try await self.tiers.write(1, tags: change.tags)
        self.tiers.once(change.operation, .before) { [tiers] in
            let read = try await tiers.integer()
            #expect(read == 1)
            #expect(tiers.copy() == 1)
        }
        try await change.body(self.tiers.space)
        #expect(!self.tiers.hasCopy())
        #expect(try await self.tiers.integer() == change.result)
    }

    @Test(arguments: TierChange.all)
    func copyMadeBetweenTheTwoPartsOfAChangeIsTrueOrGone(_ change: TierChange) async throws {
        try await self.tiers.write(1, tags: change.tags)
        #expect(try await self.tiers.integer() == 1)
        self.tiers.once(change.operation, .after) { [tiers] in
            // The old copy is there yet; the call that changes it has not returned.
            #expect(tiers.copy() == 1)
            // Somebody drops it for another reason, and it is copied anew.
            tiers.store.upperTier(of: "ns").forget([TiersUnderTest.key("k")])
            try await #expect(tiers.integer() == change.result)
        }
        try await change.body(self.tiers.space)
        #expect(!self.tiers.hasCopy())
        #expect(try await self.tiers.integer() == change.result)
    }

    @Test(arguments: TierChange.all)
    func readThatBeganBeforeAChangeCopiesNothing(_ change: TierChange) async throws {
        try await self.tiers.write(1, tags: change.tags)
        // The lease above is taken already.
        self.tiers.once(.read, .before) { [tiers] in try await change.body(tiers.space) }
        #expect(try await self.tiers.integer() == change.result)
        #expect(!self.tiers.hasCopy())
        self.tiers.expectNoLeases()
    }

    @Test(arguments: TierChange.all)
    func readBetweenTheTwoPartsOfAChangeCopiesNothingAfterTheSecond(_ change: TierChange) async throws {
        try await self.tiers.write(1, tags: change.tags)
        let changedBelow = Gate()
        let changing = Box<Task<Void, any Error>>()
        self.tiers.lower.intercept { [tiers] operation, moment in
            switch (operation, moment) {
            case (.read, .before):
                changing.value = Task { try await change.body(tiers.space) }
                try await eventually("the lower tier has changed") { changedBelow.arrivals == 1 }
            case (change.operation, .after):
                try await changedBelow.pass()
            case (.read, .after):
                changedBelow.open()
                try await changing.value?.value
            default:
                break
            }
        }
        #expect(try await self.tiers.integer() == change.result)
        self.tiers.lower.intercept(nil)
        #expect(!self.tiers.hasCopy())
        #expect(try await self.tiers.integer() == change.result)
        self.tiers.expectNoLeases()
    }

    @Test func writersWhoPassEachOtherLeaveNoValueAbove() async throws {
        self.tiers.once(.write, .after) { [tiers] in
            try await tiers.write(2)
            #expect(try await tiers.integer() == 2)
        }
        try await self.tiers.write(1)
        #expect(!self.tiers.hasCopy())
        #expect(try await self.tiers.integer() == 2)
        #expect(self.tiers.copy() == 2)
    }

    @Test func slowCopierDoesNotOverwriteTheCopyOfANewerValue() async throws {
        try await self.tiers.write(1)
        self.tiers.once(.read, .after) { [tiers] in
            try await tiers.write(2)
            #expect(try await tiers.integer() == 2)
            #expect(tiers.copy() == 2)
        }
        #expect(try await self.tiers.integer() == 1)
        #expect(self.tiers.copy() == 2)
        self.tiers.expectNoLeases()
    }

    @Test func onlyOneOfSeveralReadersCopies() async throws {
        try await self.tiers.write(1)
        self.tiers.once(.read, .after) { [tiers] in
            let read = try await tiers.integer()
            #expect(read == 1)
            #expect(!tiers.hasCopy(), "another has the lease")
        }
        #expect(try await self.tiers.integer() == 1)
        #expect(self.tiers.copy() == 1)
        self.tiers.expectNoLeases()
    }

    @Test func readThatOutlivesItsLeaseCopiesNothing() async throws {
        try await self.tiers.write(1)
        self.tiers.once(.read, .after) { [tiers] in tiers.clock.advance(by: .seconds(11)) }
        #expect(try await self.tiers.integer() == 1)
        #expect(!self.tiers.hasCopy())
        #expect(try await self.tiers.integer() == 1)
        #expect(self.tiers.copy() == 1)
    }

    @Test(arguments: [true, false])
    func commitDropsTheCopyOfWhatItReplaces(_ lowerThrows: Bool) async throws {
        try await self.tiers.write(1)
        #expect(try await self.tiers.integer() == 1)
        let lease = try await self.tiers.take(replacesEntry: true)
        #expect(self.tiers.copy() == 1, "the entry stays until the commit")
        if lowerThrows {
            self.tiers.once(.commit, .after) { throw Failure() }
            await #expect(throws: Failure()) { try await self.tiers.commit(2, under: lease) }
        } else {
            #expect(try await self.tiers.commit(2, under: lease))
        }
        #expect(!self.tiers.hasCopy())
        #expect(try await self.tiers.integer() == 2)
    }

    @Test func refusedCommitDropsTheCopyToo() async throws {
        let lease = try await self.tiers.take()
        // Another process: it comes past this one's upper tier.
        let other = self.tiers.lower.open("ns")
        _ = try await other.write([TiersUnderTest.entry(.integer(5))], .always)
        #expect(try await self.tiers.integer() == 5)
        _ = try await other.write([TiersUnderTest.entry(.integer(6))], .always)
        #expect(try await self.tiers.integer() == 5, "nobody has told this process")
        #expect(try await !self.tiers.commit(7, under: lease))
        #expect(try await self.tiers.integer() == 6)
    }

    @Test func copierWhoReadBeforeACommitIsRefused() async throws {
        try await self.tiers.write(1)
        let lease = try await self.tiers.take(replacesEntry: true)
        self.tiers.once(.read, .after) { [tiers] in
            let isCommitted = try await tiers.commit(2, under: lease)
            #expect(isCommitted)
        }
        #expect(try await self.tiers.integer() == 1)
        #expect(!self.tiers.hasCopy())
        #expect(try await self.tiers.integer() == 2)
    }

    @Test(arguments: TierChange.all, [FaultyStore.Moment.before, .after])
    func copyIsDroppedThoughTheLowerTierThrows(_ change: TierChange, _ moment: FaultyStore.Moment) async throws {
        try await self.tiers.write(1, tags: change.tags)
        #expect(try await self.tiers.integer() == 1)
        self.tiers.once(change.operation, moment) { throw Failure(number: 7) }
        await #expect(throws: Failure(number: 7)) { try await change.body(self.tiers.space) }
        #expect(!self.tiers.hasCopy())
        #expect(try await self.tiers.integer() == (moment == .before ? 1 : change.result))
    }

    // MARK: What other processes change

    @Test func whoeverHearsOfAChangeElsewhereDropsCopiesAndKeepsOldReadsOut() async throws {
        let heard = self.tiers.store.upperTier(of: "ns")
        let other = self.tiers.lower.open("ns")
        try await self.tiers.write(1)
        try await self.tiers.write(1, "other")
        #expect(try await self.tiers.integer() == 1)
        #expect(try await self.tiers.integer("other") == 1)
        _ = try await other.write([TiersUnderTest.entry(.integer(2))], .always)
        heard.forget([TiersUnderTest.key("k")])
        #expect(self.tiers.copy("other") == 1)
        #expect(try await self.tiers.integer() == 2)
        heard.forgetAll()
        #expect(!self.tiers.hasCopy())
        #expect(!self.tiers.hasCopy("other"))
        // The change and the word of it come while a reader has the old entry in its hands.
        self.tiers.once(.read, .after) {
            _ = try await other.write([TiersUnderTest.entry(.integer(3))], .always)
            heard.forget([TiersUnderTest.key("k")])
        }
        #expect(try await self.tiers.integer() == 2)
        #expect(try await self.tiers.integer() == 3)
        self.tiers.once(.read, .after) { heard.forgetAll() }
        #expect(try await self.tiers.integer("other") == 1)
        #expect(!self.tiers.hasCopy("other"))
        self.tiers.expectNoLeases()
    }
}
