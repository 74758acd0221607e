import Testing

/// Each misuse is one error, at the place where it stands, with a repair where there is one.
@Suite struct CachedMisuseTests {
    struct Misuse: CustomTestStringConvertible {
        var source: String
        var message: String
        var line = 1
        var column: Int
        var repaired: String?

        var testDescription: String { self.source }
    }

    static let misuses: [Misuse] = [
        Misuse(
            source: "@Cached func f(id: Int) throws -> Int { 1 }",
            message: "a cached function has to be async, for its callers may wait for the cache",
            column: 14,
            repaired: "@Cached func f(id: Int) async throws -> Int { 1 }"
        ),
        Misuse(
            source: "@Cached func f(id: Int) -> Int { 1 }",
            message: "a cached function has to be async, for its callers may wait for the cache",
            column: 14,
            repaired: "@Cached func f(id: Int) async -> Int { 1 }"
        ),
        Misuse(
            source: "@Cached func f(_ x: Int) async rethrows -> Int { 1 }",
            message: "a cached function cannot rethrow: the error may be that of another caller's body",
            column: 32,
            repaired: "@Cached func f(_ x: Int) async throws -> Int { 1 }"
        ),
        Misuse(
            source: "@Cached func f(id: inout Int) async throws -> Int { 1 }",
            message: "a cached function cannot have a parameter that is inout: its body may not run at all",
            column: 20,
            repaired: "@Cached func f(id: Int) async throws -> Int { 1 }"
        ),
        Misuse(
            source: "@Cached func f(id: Int...) async throws -> Int { 1 }",
            message: "a cached function cannot take any number of arguments: they cannot be passed on",
            column: 16,
            repaired: "@Cached func f(id: [Int]) async throws -> Int { 1 }"
        ),
        Misuse(
            source: "@Cached(ttl: nil) func f(then: @escaping @Sendable () -> Int) async throws -> Int { 1 }",
            message: "a function cannot be part of a key; if it has no influence on the result, ignore it",
            column: 26,
            repaired:
                "@Cached(ttl: nil, ignoring: [\"then\"]) func f(then: @escaping @Sendable () -> Int) async throws -> Int { 1 }"
        ),
        Misuse(
            source: "@Cached func f(id: Int) async throws { }",
            message: "a cached function has to return something; this one returns nothing",
            column: 14,
            repaired: "func f(id: Int) async throws { }"
        ),
        Misuse(
            source: "@Cached func f(id: Int) async throws -> (Int, Int) { (1, 1) }",
            message: "a cached function has to return something Codable and Sendable, which a tuple is not",
            column: 41,
            repaired: "func f(id: Int) async throws -> (Int, Int) { (1, 1) }"
        ),
        Misuse(
            source: "@Cached func f(id: Int) async throws -> some Codable { 1 }",
            message: "a cached function has to return something Codable and Sendable, which an opaque type is not",
            column: 41,
            repaired: "func f(id: Int) async throws -> some Codable { 1 }"
        ),
        Misuse(
            source: "@Cached func f(id: Int) async throws -> any Codable { 1 }",
            message: "a cached function has to return something Codable and Sendable, which an existential is not",
            column: 41,
            repaired: "func f(id: Int) async throws -> any Codable { 1 }"
        ),
        Misuse(
            source: "@Cached func f(id: Int) async throws -> @Sendable () -> Int { { 1 } }",
            message: "a cached function has to return something Codable and Sendable, which a function is not",
            column: 41,
            repaired: "func f(id: Int) async throws -> @Sendable () -> Int { { 1 } }"
        ),
        Misuse(
            source: "struct S { @Cached mutating func f(id: Int) async throws -> Int { 1 } }",
            message: "a cached function cannot be mutating: its body may not run at all",
            column: 20,
            repaired: "struct S { @Cached func f(id: Int) async throws -> Int { 1 } }"
        ),
        Misuse(
            source: "@inlinable @Cached public func f(id: Int) async throws -> Int { 1 }",
            message: "a cached function cannot be @inlinable: what it calls is private to its file",
            column: 1,
            repaired: "@Cached public func f(id: Int) async throws -> Int { 1 }"
        ),
        Misuse(
            source: "@Cached(ignoring: [\"trace\"]) func f(id: Int) async throws -> Int { 1 }",
            message: "the function has no parameter \"trace\"; there are id",
            column: 20
        ),
        Misuse(
            source: "@Cached(key: \"k\", ignoring: [\"id\"]) func f(id: Int) async throws -> Int { 1 }",
            message: "with a key of its own, the function needs no 'ignoring': the key says it all",
            column: 29
        ),
        Misuse(
            source: "@Cached(in: \\Catalogue.cache) func f(id: Int) async throws -> Int { 1 }",
            message: "a function that belongs to no type has no self to begin a path at",
            column: 13
        ),
    ]

    @Test(arguments: misuses) func misuseIsOneErrorWithARepair(_ misuse: Misuse) {
        let expected = Expansion.Report(
            message: misuse.message,
            line: misuse.line,
            column: misuse.column,
            repaired: misuse.repaired
        )
        let reports = Expansion.reports(of: misuse.source)
        #expect(reports == [expected])
    }

    static let misusedFamilies: [Misuse] = [
        Misuse(
            source: "@CacheKeys enum Keys { func book(id: Int) -> CacheKey<Int> }",
            message: "a key belongs to its family as a whole",
            column: 29
        ),
        Misuse(
            source: "@CacheKeys enum Keys { static func book(id: Int) -> String }",
            message: "a key has to be a CacheKey of the type of its value, such as CacheKey<Book>",
            column: 50
        ),
        Misuse(
            source: "@CacheKeys enum Keys { static func book(id: Int) async -> CacheKey<Int> }",
            message: "a key is made at once; its function must not be async",
            column: 50
        ),
        Misuse(
            source: "@CacheKeys(Shop.prefix) enum Keys { static func book(id: Int) -> CacheKey<Int> }",
            message: "the prefix has to be a plain string, such as \"shop:\": its value is needed at compile time",
            column: 13
        ),
    ]

    @Test(arguments: misusedFamilies) func misusedFamilyIsAnError(_ misuse: Misuse) {
        let messages = Expansion.reports(of: misuse.source).map(\.message)
        #expect(messages == [misuse.message])
    }

    @Test func namesakesInAFamilyAreRefused() {
        let source = """
            @CacheKeys enum Keys {
                static func book(id: Int) -> CacheKey<Int>
                static func book(isbn: String) -> CacheKey<Int>
            }
            """
        let messages = Set(Expansion.reports(of: source).map(\.message))
        #expect(messages == ["another key of the family is called book, too; their entries could not be told apart"])
    }
}
