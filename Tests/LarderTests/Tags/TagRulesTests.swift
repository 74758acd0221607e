import Testing

@testable import Larder

/// What a list of tags may hold, and in which form it is used.
@Suite struct TagRulesTests {
    @Test(arguments: [
        ([], []),
        (["shop"], ["shop"]),
        (["shop", "author:7", "book:42"], ["author:7", "book:42", "shop"]),
        (["b", "a", "b", "a", "b"], ["a", "b"]),
    ])
    func tagsComeSortedAndEachOnce(_ names: [String], _ expected: [String]) throws {
        #expect(try TagRules.checked(names) == expected)
    }

    @Test func aTagThatIsNamedTooOftenCountsOnce() throws {
        let names = Array(repeating: "shop", count: TagRules.mostTags + 1)
        #expect(try TagRules.checked(names) == ["shop"])
    }

    @Test func anEntryCanHaveSoManyTagsAndNotOneMore() throws {
        let names = (0..<TagRules.mostTags).map { "tag:\($0)" }
        #expect(try TagRules.checked(names).count == TagRules.mostTags)
        let error = #expect(throws: CacheError.self) { try TagRules.checked(names + ["one:more"]) }
        #expect(error?.code == .invalidTag)
    }
}
