import Testing

@testable import Larder

/// Names of locks, limits and collections, which no two objects may share.
@Suite struct CoordinationNameTests {
    @Test func usualNamespacesStandInNamesAsTheyAre() {
        let names: [(CacheNamespace, String)] = [
            ("bookshop", "@bookshop"), ("", "@"), ("bookshop:staging", "@bookshop:staging"), ("list", "@list"),
            ("a:lists", "@a:lists"), ("a::b", "@a::b"),
        ]
        for (namespace, name) in names { #expect(namespace.coordinationName == name) }
    }

    @Test func partThatReadsLikeAKindIsMarked() {
        let kinds = [
            "lock", "permits", "fenced", "limit", "counter", "list", "queue", "set", "hash", "leaderboard", "distinct",
            "stream",
        ]
        for kind in kinds {
            #expect(CacheNamespace(stringLiteral: "a:\(kind)").coordinationName == "@a:@\(kind)")
            #expect(CacheNamespace(stringLiteral: ":\(kind):b").coordinationName == "@:@\(kind):b")
        }
        #expect(CacheNamespace("list:set:x").coordinationName == "@list:@set:x")
    }

    @Test func noTwoCollectionsHaveOneName() {
        let keys = [
            CollectionKey("a", .list, "set:x"), CollectionKey("a:list", .set, "x"), CollectionKey("a", .set, "list:x"),
            CollectionKey("a:set", .list, "x"), CollectionKey("a:list:b", .set, "x"),
            CollectionKey("a", .list, "b:set:x"),
            CollectionKey("a", .list, "@set:x"), CollectionKey("a", .list, ":set:x"),
            CollectionKey("a:list:", .set, "x"),
        ]
        #expect(Set(keys.map(\.text)).count == keys.count)
    }
}
