import Larder
import LarderMacros
import Synchronization
import Testing

/// Counts how often bodies run.
private final class Runs: Sendable {
    private let state = Mutex(0)

    var count: Int { self.state.withLock { $0 } }

    @discardableResult
    func add() -> Int {
        self.state.withLock { count in
            count += 1
            return count
        }
    }
}

private struct Book: Codable, Sendable, Equatable {
    var id: Int
    var run: Int
}

private struct Refusal: Error, Equatable {}

private struct Catalogue {
    let cache = Cache(.memory(entries: 100), namespace: "catalogue")
    let runs = Runs()
    var tenant = "a"

    @Cached(ttl: .minutes(30), tags: [#"shelf:\(shelf)"#], in: \Catalogue.cache)
    func top(shelf: String, limit: Int = 10) async throws -> [Book] {
        let run = runs.add()
        return (0..<limit).map { Book(id: $0, run: run) }
    }

    @Cached(in: \Catalogue.cache)
    func book(_ id: Int) async throws -> Book? {
        let run = self.runs.add()
        return id < 0 ? nil : Book(id: id, run: run)
    }

    @Cached(in: \Catalogue.cache)
    func book(_ id: String) async throws -> Book? {
        Book(id: Int(id) ?? 0, run: -self.runs.add())
    }

    @Cached(in: \Catalogue.cache, ignoring: ["request"], including: [#"\(self.tenant)"#])
    func page(_ number: Int, request: String) async throws -> String {
        "\(self.tenant) \(number) \(request) \(self.runs.add())"
    }

    @Cached(in: \Catalogue.cache, key: #"first:\(text)"#)
    func first<Text: StringProtocol & Codable & Sendable>(of text: Text) async -> Int {
        self.runs.add()
    }

    @Cached(tags: [##"on "\(shelf)"##], in: \Catalogue.cache, key: #""\(shelf)" \n"#, ignoring: ["request"])
    func quoted(_ shelf: String, request: String) async throws -> Int { self.runs.add() }

    @Cached(in: \Catalogue.cache)
    func described<Value: Codable & Sendable>(_ value: Value) async throws -> String {
        "\(Value.self) \(self.runs.add())"
    }

    @Cached(in: \Catalogue.cache)
    func refused(_ id: Int) async throws(Refusal) -> Int {
        self.runs.add()
        if id < 0 { throw Refusal() }
        return id
    }

    @Cached(ttl: .seconds(-1), in: \Catalogue.cache)
    func neverStored() async throws -> Int { self.runs.add() }
}

extension Catalogue {
    @Cached(in: \Catalogue.cache)
    func inExtension(_ id: Int) async throws -> Int { self.runs.add() }

    static let shared = Cache(.memory(entries: 100), namespace: "shared")
    static let sharedRuns = Runs()

    @Cached(in: Catalogue.shared)
    static func count() async throws -> Int { Self.sharedRuns.add() }
}

/// Functions of one name and the same arguments.
private struct Namesakes {
    static let cache = Cache(.memory(entries: 100), namespace: "namesakes")

    @Cached(in: Namesakes.cache)
    static func load(_ id: Int) async throws -> Int { 1 }

    @Cached(in: Namesakes.cache)
    func load(_ id: Int) async throws -> Int { 2 }

    @Cached(in: Namesakes.cache)
    func load(_ id: Int) async throws -> Int64 { 3 }

    @Cached(in: Namesakes.cache)
    func size(_ value: some Codable & Sendable) async throws -> String { "\(type(of: value))" }
}

private actor Counter {
    nonisolated let cache = Cache(.memory(entries: 100), namespace: "counter")
    private var value = 0

    @Cached(in: \Counter.cache)
    func next(_ name: String) async throws -> Int {
        value += 1
        return value
    }
}

@MainActor private final class Screen {
    let cache = Cache(.memory(entries: 100), namespace: "screen")
    private var drawn = 0

    @Cached(in: \Screen.cache)
    func draw() async throws -> Int {
        drawn += 1
        return drawn
    }
}

/// An actor whose name does not say that it is one.
@globalActor private actor Warehouse {
    static let shared = Warehouse()
}

private struct Stock {
    let cache = Cache(.memory(entries: 100), namespace: "stock")
    @Warehouse static var counted = 0

    #if DEBUG || !DEBUG
    @Warehouse
    #endif
    @discardableResult
    @Cached(in: \Stock.cache)
    func count() async throws -> Int {
        Self.counted += 1
        return Self.counted
    }

    @Warehouse @Cached(in: \Stock.cache)
    func name() async throws -> String { "\(Self.counted)" }
}

private protocol Named: Sendable {
    var cache: Cache { get }
    var name: String { get }
}

extension Named {
    @Cached(in: \(any Named).cache)
    func greeting() async throws -> String { "hello \(self.name)" }
}

@Cached private func free(_ id: Int) async throws -> Int { id * 2 }
@Cached(in: "books") private func inBooks(_ id: Int) async throws -> Int { id * 3 }
@Cached(in: "nowhere") private func withoutCache(_ id: Int) async -> Int { id * 4 }

private struct English: Named {
    let cache: Cache
    let name: String
}

private struct French: Named {
    let cache: Cache
    let name: String
}

@CacheKeys("shop:") private enum Keys {
    static func book(id: Int) -> CacheKey<Book>
    static func top(shelf: String, limit: Int) -> CacheKey<[Book]>
    static func all() -> CacheKey<[Book]>
    static func matching(_ ids: Set<Int>) throws -> CacheKey<[Book]>
    static func latest<Value>(_ type: Value.Type) -> CacheKey<Value>
    static func alike(_ value: some Codable) throws -> CacheKey<Int>
}

@Suite struct CachedFunctionTests {
    private let catalogue = Catalogue()

    @Test func bodyRunsOnceForEachListOfArguments() async throws {
        let first = try await self.catalogue.top(shelf: "fantasy", limit: 2)
        let again = try await self.catalogue.top(shelf: "fantasy", limit: 2)
        #expect(again == first)
        #expect(self.catalogue.runs.count == 1)
        let ten = try await self.catalogue.top(shelf: "fantasy")
        #expect(ten.count == 10)
        let other = try await self.catalogue.top(shelf: "fantas", limit: 2)
        #expect(other != first)
        #expect(self.catalogue.runs.count == 3)
    }

    @Test func tagsAreMadeOfArguments() async throws {
        let first = try await self.catalogue.top(shelf: "fantasy", limit: 1)
        try await self.catalogue.cache.invalidate(tags: ["shelf:poetry"])
        let kept = try await self.catalogue.top(shelf: "fantasy", limit: 1)
        #expect(kept == first)
        try await self.catalogue.cache.invalidate(tags: ["shelf:fantasy"])
        let fresh = try await self.catalogue.top(shelf: "fantasy", limit: 1)
        #expect(fresh != first)
    }

    @Test func functionsOfOneNameAreToldApartByTheirTypes() async throws {
        let byNumber = try await self.catalogue.book(7)
        let byText = try await self.catalogue.book("7")
        #expect(byNumber == Book(id: 7, run: 1))
        #expect(byText == Book(id: 7, run: -2))
        #expect(try await self.catalogue.book(7) == byNumber)
        #expect(try await self.catalogue.book("7") == byText)
    }

    @Test func functionsOfOneNameAreToldApartByTheirResultsAndTheirOwners() async throws {
        for _ in 0..<2 {
            let first: Int = try await Namesakes.load(1)
            let second: Int = try await Namesakes().load(1)
            let third: Int64 = try await Namesakes().load(1)
            #expect(first == 1)
            #expect(second == 2)
            #expect(third == 3)
        }
    }

    @Test func argumentsThatLookAlikeAreToldApartByTheirTypes() async throws {
        #expect(try await Namesakes().size(1) == "Int")
        #expect(try await Namesakes().size(Int8(1)) == "Int8")
        #expect(try await Namesakes().size(1) == "Int")
    }

    @Test func absenceIsRemembered() async throws {
        #expect(try await self.catalogue.book(-1) == nil)
        #expect(try await self.catalogue.book(-1) == nil)
        #expect(self.catalogue.runs.count == 1)
    }

    @Test func keyLeavesOutWhatIsIgnoredAndTakesInWhatIsIncluded() async throws {
        let first = try await self.catalogue.page(1, request: "x")
        #expect(first == "a 1 x 1")
        #expect(try await self.catalogue.page(1, request: "y") == first)
        var other = self.catalogue
        other.tenant = "b"
        #expect(try await other.page(1, request: "x") == "b 1 x 2")
    }

    @Test func givenKeyIsTheWholeKey() async throws {
        #expect(await self.catalogue.first(of: "ab") == 1)
        #expect(try await self.catalogue.cache.get(CacheKey<Int>("first:ab")) == 1)
    }

    @Test func givenKeyMayHoldQuotesAndBackslashes() async throws {
        #expect(try await self.catalogue.quoted("a", request: "x") == 1)
        #expect(try await self.catalogue.quoted("a", request: "y") == 1)
        #expect(try await self.catalogue.cache.get(CacheKey<Int>(#""a" \n"#)) == 1)
        try await self.catalogue.cache.invalidate(tags: [#"on "a"#])
        #expect(try await self.catalogue.quoted("a", request: "x") == 2)
    }

    @Test func genericFunctionsAreToldApartByTheirTypes() async throws {
        #expect(try await self.catalogue.described(1) == "Int 1")
        #expect(try await self.catalogue.described(Int8(1)) == "Int8 2")
        #expect(try await self.catalogue.described(1) == "Int 1")
    }

    @Test func errorOfOneTypeIsThrownAsItIs() async throws {
        await #expect(throws: Refusal()) { try await self.catalogue.refused(-1) }
        await #expect(throws: Refusal()) { try await self.catalogue.refused(-1) }
        #expect(self.catalogue.runs.count == 2)
        #expect(try await self.catalogue.refused(3) == 3)
        #expect(try await self.catalogue.refused(3) == 3)
        #expect(self.catalogue.runs.count == 3)
    }

    @Test func timeToLiveOfNothingStoresNothing() async throws {
        #expect(try await self.catalogue.neverStored() == 1)
        #expect(try await self.catalogue.neverStored() == 2)
    }

    @Test func methodsOfExtensionsAndStaticOnesAreCached() async throws {
        #expect(try await self.catalogue.inExtension(1) == 1)
        #expect(try await self.catalogue.inExtension(1) == 1)
        let count = try await Catalogue.count()
        #expect(try await Catalogue.count() == count)
    }

    @Test func manyCallersShareOneRun() async throws {
        let found = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<100 { group.addTask { try await self.catalogue.inExtension(5) } }
            var found: Set<Int> = []
            for try await value in group { found.insert(value) }
            return found
        }
        #expect(found == [1])
        #expect(self.catalogue.runs.count == 1)
    }

    @Test func bodiesKeepTheirIsolation() async throws {
        let counter = Counter()
        #expect(try await counter.next("a") == 1)
        #expect(try await counter.next("a") == 1)
        #expect(try await counter.next("b") == 2)
        let screen = Screen()
        #expect(try await screen.draw() == 1)
        #expect(try await screen.draw() == 1)
        let stock = Stock()
        let count = try await stock.count()
        #expect(try await stock.count() == count)
        #expect(try await stock.name() == "\(count)")
    }

    @Test func typesThatShareAProtocolsMethodAreToldApart() async throws {
        let cache = Cache(.memory(entries: 10))
        #expect(try await English(cache: cache, name: "Ann").greeting() == "hello Ann")
        #expect(try await French(cache: cache, name: "Anne").greeting() == "hello Anne")
        #expect(try await English(cache: cache, name: "Bob").greeting() == "hello Ann")
    }

    @Test func currentCachesAreUsedWhereNoneIsNamed() async throws {
        let caches = Caches([
            "default": Cache(.memory(entries: 10), namespace: "default"),
            "books": Cache(.memory(entries: 10), namespace: "books"),
        ])
        try await Caches.withCurrent(caches) {
            #expect(try await free(2) == 4)
            #expect(try await inBooks(2) == 6)
            try #expect(caches["default"].counters.fills == 1)
            try #expect(caches["books"].counters.fills == 1)
            #expect(try await free(2) == 4)
            try #expect(caches["default"].counters.hits == 1)
            #expect(await withoutCache(2) == 8)
            let replacement = Cache(.null)
            try await Caches.overriding("books", with: replacement) {
                try await #expect(inBooks(2) == 6)
            }
            try #expect(caches["books"].counters.hits == 0)
        }
        let error = await #expect(throws: CacheError.self) { try await free(2) }
        #expect(error?.code == .cacheNotFound)
    }

    @Test func familyHasReadableKeys() throws {
        #expect(Keys.book(id: 42).name == "shop:book:42")
        #expect(Keys.top(shelf: "fantasy", limit: 10).name == "shop:top:7:fantasy:10")
        #expect(Keys.all().name == "shop:all")
        #expect(Keys.latest(Int.self).name != Keys.latest(Int8.self).name)
        #expect(try Keys.alike(1).name != Keys.alike(Int8(1)).name)
        #expect(try Keys.matching([3, 1, 2]).name == "shop:matching:7:[1,2,3]")
    }
}
