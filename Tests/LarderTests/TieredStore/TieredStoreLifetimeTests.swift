import LarderTesting
import Testing

@testable import Larder

/// How long copies live, and what they say of their entry's times.
@Suite struct TieredStoreLifetimeTests {
    @Test func copyAgesAsItsEntryAndEndsWithIt() async throws {
        let tiers = TiersUnderTest()
        var write = TiersUnderTest.entry(.integer(1))
        write.fillCost = .milliseconds(250)
        _ = try await tiers.space.write([write], .always)
        tiers.clock.advance(by: .seconds(20))
        let below = try #require(try await tiers.read(wantsTimes: true))
        tiers.lower.fail()
        for left in [40, 25, 10] {
            let above = try #require(try await tiers.read(wantsTimes: true))
            #expect(above.timeLeft == .remaining(.seconds(left)))
            #expect(above.info.age == .seconds(60 - left))
            #expect(above.freshFor == below.freshFor)
            #expect(above.fillCost == .milliseconds(250))
            tiers.clock.advance(by: .seconds(15))
        }
        #expect(!tiers.hasCopy())
        await expectError(.unavailable) { try await tiers.read() }
    }

    @Test func copyIsThereUntilTheLastMillisecond() async throws {
        let tiers = TiersUnderTest()
        try await tiers.write(1)
        tiers.clock.advance(by: .microseconds(500))
        #expect(try await tiers.integer() == 1)
        tiers.clock.advance(by: .seconds(60) - .milliseconds(2))
        #expect(tiers.copy() == 1)
        tiers.clock.advance(by: .milliseconds(2) - .microseconds(500))
        #expect(!tiers.hasCopy())
        #expect(try await tiers.read() == nil)
    }

    @Test func lastInstantOfAnEntryIsNotStretchedToAMillisecond() async throws {
        let tiers = TiersUnderTest()
        try await tiers.write(1)
        tiers.clock.advance(by: .seconds(60) - .microseconds(100))
        #expect(try await tiers.integer() == 1)
        tiers.clock.advance(by: .microseconds(100))
        #expect(!tiers.hasCopy())
    }

    @Test func slowAnswerDoesNotLengthenACopy() async throws {
        let tiers = TiersUnderTest()
        try await tiers.write(1)
        tiers.once(.read, .after) { tiers.clock.advance(by: .seconds(5)) }
        #expect(try await tiers.integer() == 1)
        let above = try #require(try await tiers.read(wantsTimes: true))
        #expect(above.timeLeft == .remaining(.seconds(55)))
        tiers.clock.advance(by: .seconds(55))
        #expect(!tiers.hasCopy())
    }

    @Test func answerThatCameTooLateIsNotCopied() async throws {
        let tiers = TiersUnderTest()
        try await tiers.write(1, "k", EntryLifetime(freshFor: .seconds(5)))
        tiers.once(.read, .after) { tiers.clock.advance(by: .seconds(5)) }
        #expect(try await tiers.integer() == 1)
        #expect(tiers.upper.count == 0)
        tiers.expectNoLeases()
    }

    @Test func upperTimeToLiveEndsACopyBeforeItsEntry() async throws {
        let tiers = TiersUnderTest(upperTTL: .seconds(10))
        let other = tiers.lower.open("ns")
        try await tiers.write(1)
        #expect(try await tiers.integer() == 1)
        _ = try await other.write([TiersUnderTest.entry(.integer(2))], .always)
        tiers.clock.advance(by: .seconds(10) - .milliseconds(1))
        let above = try #require(try await tiers.read(wantsTimes: true))
        #expect(above.timeLeft == .remaining(.seconds(50) + .milliseconds(1)), "the entry's, not the copy's")
        #expect(tiers.copy() == 1)
        tiers.clock.advance(by: .milliseconds(1))
        #expect(!tiers.hasCopy())
        #expect(try await tiers.integer() == 2)
    }

    @Test(arguments: [nil, .seconds(60), .seconds(7_200)] as [Duration?])
    func copyOfAnEntryForEverEnds(_ upperTTL: Duration?) async throws {
        let tiers = TiersUnderTest(upperTTL: upperTTL)
        try await tiers.write(1, "k", EntryLifetime(freshFor: nil))
        #expect(try await tiers.integer() == 1)
        tiers.clock.advance(by: (upperTTL ?? .seconds(3_600)) - .milliseconds(1))
        #expect(tiers.copy() == 1)
        let above = try #require(try await tiers.read(wantsTimes: true))
        #expect(above.timeLeft == .forever)
        #expect(above.freshFor == nil)
        tiers.clock.advance(by: .milliseconds(1))
        #expect(!tiers.hasCopy())
        #expect(try await tiers.integer() == 1)
    }

    @Test func upperTimeToLiveOfZeroCopiesNothing() async throws {
        let tiers = TiersUnderTest(upperTTL: .zero)
        try await tiers.write(1)
        tiers.once(.read, .after) { #expect(tiers.upper.leases.standing == 0) }
        #expect(try await tiers.integer() == 1)
        #expect(tiers.upper.count == 0)
    }

    @Test func copyEndsWhereTheGraceOfItsEntryBegins() async throws {
        let tiers = TiersUnderTest()
        try await tiers.write(1, "k", EntryLifetime(freshFor: .seconds(60), grace: .seconds(60)))
        let below = try #require(try await tiers.read(wantsTimes: true))
        let above = try #require(try await tiers.read(wantsTimes: true))
        #expect(above.grace == below.grace)
        #expect(tiers.copy() == 1)
        tiers.clock.advance(by: .seconds(60))
        #expect(!tiers.hasCopy())
        let stale = try #require(try await tiers.read())
        #expect(stale.isStale)
        #expect(!tiers.hasCopy(), "stale entries are not copied")
        tiers.clock.advance(by: .seconds(60))
        #expect(try await tiers.read() == nil)
        tiers.expectNoLeases()
    }
}
