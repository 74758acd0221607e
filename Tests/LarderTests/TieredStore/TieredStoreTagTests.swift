import LarderTesting
import Testing

@testable import Larder

/// Tags: whose marks readers get, and what ends copies that have one.
@Suite struct TieredStoreTagTests {
    private let tiers = TiersUnderTest()

    private var below: any NamespaceStore { self.tiers.lower.open("ns") }

    @Test func marksAreTheLowerTiers() async throws {
        try await self.tiers.write(1, tags: ["s", "t"])
        let truth = try await self.below.marks(of: ["s", "t"], for: .seconds(60))
        let first = try #require(try await self.tiers.read())
        #expect(Set(first.marks) == Set(truth))
        #expect(self.tiers.copy() == 1)
        let second = try #require(try await self.tiers.read())
        #expect(Set(second.marks) == Set(truth))
        guard case .tagged(.integer(1), let now) = self.tiers.space.readNow(TiersUnderTest.key("k")) else {
            Issue.record("the copy is not answered at once with its tags")
            return
        }
        #expect(Set(now) == Set(truth))
        #expect(try await self.tiers.space.marks(of: ["s", "t"], for: .seconds(60)) == truth)
    }

    @Test(arguments: [false, true])
    func fillBoundToACopyIsRefusedOnceItsTagIsInvalidated(_ isInvalidated: Bool) async throws {
        try await self.tiers.write(1, tags: ["t"])
        _ = try await self.tiers.read()
        let lease = try await self.tiers.take("outer")
        // What a nested fetch hands up comes from the copy.
        let marks = try #require(try await self.tiers.read()).marks
        if isInvalidated { try await self.tiers.space.invalidate(["t"], .dead) }
        let commit = EntryCommit(write: TiersUnderTest.entry(.integer(2), "outer"), lease: lease, marks: marks)
        #expect(try await self.tiers.space.commit([commit]) == [!isInvalidated])
        #expect(try await self.tiers.integer("outer") == (isInvalidated ? nil : 2))
    }

    @Test func invalidationsEndCopiesUnderTheTagAndNoOthers() async throws {
        try await self.tiers.write(1, "a", tags: ["s", "t"])
        try await self.tiers.write(2, "b", tags: ["s"])
        try await self.tiers.write(3, "c")
        for name in ["a", "b", "c"] { _ = try await self.tiers.read(name) }
        try await self.tiers.space.invalidate(["t", "never"], .dead)
        #expect(!self.tiers.hasCopy("a"))
        #expect(self.tiers.copy("b") == 2)
        #expect(self.tiers.copy("c") == 3)
        try await self.tiers.space.invalidate(["s"], .stale)
        #expect(!self.tiers.hasCopy("b"))
        #expect(self.tiers.copy("c") == 3)
        #expect(try await self.tiers.read("a") == nil)
        let stale = try #require(try await self.tiers.read("b"))
        #expect(stale.isExpiredByTag)
        #expect(!self.tiers.hasCopy("b"), "stale entries are not copied")
        self.tiers.expectNoLeases()
    }

    @Test func entryWrittenAfterAnInvalidationIsCopied() async throws {
        for round in 1...3 {
            try await self.tiers.write(Int64(round), tags: ["t"])
            #expect(try await self.tiers.integer() == Int64(round))
            #expect(self.tiers.copy() == Int64(round))
            try await self.tiers.space.invalidate(["t"], .dead)
            #expect(!self.tiers.hasCopy())
        }
    }

    @Test func lateTagsOfAFillBindItsCopy() async throws {
        let lease = try await self.tiers.take(tags: ["s"])
        #expect(lease.marks.map(\.name) == ["s"])
        let write = TiersUnderTest.entry(.integer(1))
        let commit = EntryCommit(write: write, lease: lease, lateTags: ["late"])
        #expect(try await self.tiers.space.commit([commit]) == [true])
        #expect(try await self.tiers.integer() == 1)
        #expect(self.tiers.copy() == 1)
        try await self.tiers.space.invalidate(["late"], .dead)
        #expect(!self.tiers.hasCopy())
        #expect(try await self.tiers.read() == nil)
    }

    @Test func whoeverHearsOfAnInvalidationElsewhereDropsCopiesAndKeepsOldReadsOut() async throws {
        let heard = self.tiers.store.upperTier(of: "ns")
        try await self.tiers.write(1, tags: ["t"])
        #expect(try await self.tiers.integer() == 1)
        try await self.below.invalidate(["t"], .dead)
        #expect(self.tiers.copy() == 1, "nobody has told this process")
        heard.forget(tags: ["t"])
        #expect(!self.tiers.hasCopy())
        #expect(try await self.tiers.read() == nil)
        try await self.tiers.write(2, tags: ["t"])
        self.tiers.once(.read, .after) { [tiers] in
            try await tiers.lower.open("ns").invalidate(["t"], .dead)
            heard.forget(tags: ["t"])
        }
        #expect(try await self.tiers.integer() == 2)
        #expect(!self.tiers.hasCopy())
        #expect(try await self.tiers.read() == nil)
    }

    @Test func reportsNameEachTier() async throws {
        try await self.tiers.write(1, tags: ["t"])
        #expect(try await self.tiers.space.report(on: TiersUnderTest.key("k")).map(\.state) == [.absent, .fresh])
        _ = try await self.tiers.read()
        let reports = try await self.tiers.space.report(on: TiersUnderTest.key("k"))
        #expect(reports.map(\.tier) == ["memory", "memory"])
        #expect(reports.map(\.state) == [.fresh, .fresh])
        #expect(reports.map(\.tags) == [["t"], ["t"]])
        try await self.tiers.space.invalidate(["t"], .dead)
        let dead = try await self.tiers.space.report(on: TiersUnderTest.key("k"))
        #expect(dead.map(\.state) == [.deadByTag("t"), .deadByTag("t")])
    }

    @Test func leasesAreRenewedAndListenedToBelow() async throws {
        let lease = try await self.tiers.take()
        #expect(try await self.tiers.space.renew([lease], for: .seconds(30)) == [true])
        let listening = try await self.tiers.space.listen(for: lease.key)
        let signal = try #require(listening)
        #expect(self.tiers.lower.calls[.renew] == 1)
        #expect(self.tiers.lower.calls[.listen] == 1)
        _ = try await self.tiers.space.remove([lease.key])
        // The clock stands still: this only returns because the end was told.
        try await signal.wait(atMost: .seconds(10))
        signal.cancel()
        #expect(try await self.tiers.space.renew([lease], for: .seconds(30)) == [false])
    }
}
