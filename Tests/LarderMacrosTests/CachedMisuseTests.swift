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
            source: #"@Cached(in: \Catalogue.cache) func f(id: Int) async throws -> Int { 1 }"#,
            message: "a function that belongs to no type has no self to begin a path at",
            column: 13
        ),
        Misuse(
            source: #"struct S { @Cached(in: \S.cache) static func f(id: Int) async throws -> Int { 1 } }"#,
            message: "a static function has no value to begin a path at; name a cache that is static",
            column: 24
        ),
        Misuse(
            source: "protocol P { @Cached func f(id: Int) async throws -> Int }",
            message: "a protocol's requirement has no body to cache; cache the functions that fulfil it",
            column: 27,
            repaired: "protocol P { func f(id: Int) async throws -> Int }"
        ),
        Misuse(
            source: "@Cached func f(id: Int) async throws -> Int",
            message: "the function has no body to cache",
            column: 14,
            repaired: "func f(id: Int) async throws -> Int"
        ),
        Misuse(
            source: "func g() { @Cached func f(id: Int) async throws -> Int { 1 } }",
            message: "a local function cannot be cached: callers in other places would have to find its results",
            column: 25,
            repaired: "func g() { func f(id: Int) async throws -> Int { 1 } }"
        ),
        Misuse(
            source: "@Cached func f(_: Int) async throws -> Int { 1 }",
            message: "a parameter needs a name to be part of a key",
            column: 16,
            repaired: "@Cached func f(_ value: Int) async throws -> Int { 1 }"
        ),
        Misuse(
            source: "@Cached func f(_: Int, value: Int, _ value2: Int) async throws -> Int { 1 }",
            message: "a parameter needs a name to be part of a key",
            column: 16,
            repaired: "@Cached func f(_ value3: Int, value: Int, _ value2: Int) async throws -> Int { 1 }"
        ),
        Misuse(
            source: "@Cached func f(id _: Int) async throws -> Int { 1 }",
            message: "a parameter needs a name to be part of a key",
            column: 16,
            repaired: "@Cached func f(id: Int) async throws -> Int { 1 }"
        ),
        Misuse(
            source: "@Cached func f(at: (x: Int, y: Int)) async throws -> Int { 1 }",
            message: "a tuple cannot be part of a key; if it has no influence on the result, ignore it",
            column: 16,
            repaired: #"@Cached(ignoring: ["at"]) func f(at: (x: Int, y: Int)) async throws -> Int { 1 }"#
        ),
        Misuse(
            source: "@Cached func f(at: [(Int, Int)]?) async throws -> Int { 1 }",
            message: "a tuple cannot be part of a key; if it has no influence on the result, ignore it",
            column: 16,
            repaired: #"@Cached(ignoring: ["at"]) func f(at: [(Int, Int)]?) async throws -> Int { 1 }"#
        ),
        Misuse(
            source: "@Cached func f(then: (@Sendable () -> Int)?) async throws -> Int { 1 }",
            message: "a function cannot be part of a key; if it has no influence on the result, ignore it",
            column: 16,
            repaired: #"@Cached(ignoring: ["then"]) func f(then: (@Sendable () -> Int)?) async throws -> Int { 1 }"#
        ),
        Misuse(
            source: "@Cached func f(then: Optional<() -> Int>) async throws -> Int { 1 }",
            message: "a function cannot be part of a key; if it has no influence on the result, ignore it",
            column: 16,
            repaired: #"@Cached(ignoring: ["then"]) func f(then: Optional<() -> Int>) async throws -> Int { 1 }"#
        ),
        Misuse(
            source: "@Cached func f<each T: Codable & Sendable>(id: repeat each T) async throws -> Int { 1 }",
            message: "a parameter pack cannot be part of a key",
            column: 16
        ),
        Misuse(
            source: "@Cached(ignoring: Self.names) func f(id: Int) async throws -> Int { 1 }",
            message:
                #"what the key ignores has to be an array of plain strings, such as ["request"]: it is needed at compile time"#,
            column: 19
        ),
        Misuse(
            source: #"@Cached(ignoring: ["id", Self.name]) func f(id: Int) async throws -> Int { 1 }"#,
            message:
                #"what the key ignores has to be an array of plain strings, such as ["request"]: it is needed at compile time"#,
            column: 26
        ),
        Misuse(
            source: #"@Cached(key: "k") func f(id: Int, limit: Int) async throws -> Int { 1 }"#,
            message: "the key is the same for all arguments; make them part of it, or ignore them",
            column: 14,
            repaired: ##"@Cached(key: #"k:\(id):\(limit)"#) func f(id: Int, limit: Int) async throws -> Int { 1 }"##
        ),
        Misuse(
            source: "@Cached(key: Keys.top) func f(id: Int) async throws -> Int { 1 }",
            message: "the key is the same for all arguments; make them part of it, or ignore them",
            column: 14,
            repaired: #"@Cached(key: Keys.top, ignoring: ["id"]) func f(id: Int) async throws -> Int { 1 }"#
        ),
        Misuse(
            source: #"@Cached(key: "k", policy: nil) func f(then: @escaping () -> Int) async throws -> Int { 1 }"#,
            message: "the key is the same for all arguments; make them part of it, or ignore them",
            column: 14,
            repaired:
                #"@Cached(key: "k", ignoring: ["then"], policy: nil) func f(then: @escaping () -> Int) async throws -> Int { 1 }"#
        ),
        Misuse(
            source: ##"@Cached(key: #"\(id)"#, ignoring: ["id"]) func f(id: Int) async throws -> Int { 1 }"##,
            message: #"the key has "id" in it, which is to be ignored"#,
            column: 36
        ),
        Misuse(
            source: ##"@Cached(key: #"\(id)"#, including: [Shop.name]) func f(id: Int) async throws -> Int { 1 }"##,
            message: "with a key of its own, the function needs no 'including': the key says it all",
            column: 36
        ),
        Misuse(
            source: ##"@Cached(tags: [#"shelf:\(id"#]) func f(id: Int) async throws -> Int { 1 }"##,
            message: "what is interpolated does not end, or is no expression",
            column: 16
        ),
    ]

    @Test func textOfSeveralLinesIsJoinedWhereOnlyOneHasText() {
        let function = "func f(id: Int) async throws -> Int { 1 }"
        let one = "@Cached(tags: [#\"\"\"\n    a:\\(id)\n    \"\"\"#])\n\(function)"
        let expected = Expansion.Report(
            message: "a key or a tag is one line of text",
            line: 1,
            column: 16,
            repaired: "@Cached(tags: [#\"a:\\(id)\"#])\n\(function)"
        )
        #expect(Expansion.reports(of: one) == [expected])
        let two = "@Cached(tags: [\"\"\"\n    a\n    b\n    \"\"\"])\n\(function)"
        let unrepaired = Expansion.Report(message: expected.message, line: 1, column: 16)
        #expect(Expansion.reports(of: two) == [unrepaired])
    }

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
        Misuse(
            source: "@CacheKeys enum Keys { static func book(_: Int) -> CacheKey<Int> }",
            message: "a parameter needs a name to be part of a key",
            column: 41
        ),
        Misuse(
            source: "@CacheKeys enum Keys { static func book(at: (Int, Int)) -> CacheKey<Int> }",
            message: "a tuple cannot be part of a key",
            column: 26
        ),
        Misuse(
            source: "@CacheKeys enum Keys { static func book(then: [() -> Int]) -> CacheKey<Int> }",
            message: "a function cannot be part of a key",
            column: 41
        ),
        Misuse(
            source: "@CacheKeys enum Keys { static func book<each T>(_ ids: repeat each T) -> CacheKey<Int> }",
            message: "a parameter pack cannot be part of a key",
            column: 41
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
