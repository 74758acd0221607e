import LarderTesting
import Logging
import ServiceLifecycle
import Synchronization
import Testing

@testable import Larder

@Suite(.timeLimit(.minutes(10))) struct CachesTests {
    private static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private static func caches(_ definitions: CacheDefinition...) throws -> Caches {
        try Caches(definitions, logger: Self.quiet)
    }

    @Test func cachesAreFoundByTheirNames() async throws {
        let caches = try Self.caches(
            CacheDefinition("pages", url: "memory://?entries=10", defaults: .init(ttl: .hours(1))),
            CacheDefinition("sessions", url: "memory://?bytes=1MiB", namespace: "who", version: 3)
        )
        #expect(caches.names == ["pages", "sessions"])
        let pages = try caches["pages"]
        #expect(pages.namespace == "pages")
        #expect(pages.defaults.ttl == .hours(1))
        let sessions = try caches["sessions"]
        #expect(sessions.namespace == "who")
        #expect(sessions.version == 3)
        try await sessions.set("k", to: "value")
        let value = try await sessions.get(CacheKey<String>("k"))
        #expect(value == "value")
        await caches.shutdown()
    }

    @Test func unknownNameIsAnErrorThatListsTheNames() throws {
        let caches = try Self.caches(.init("b", url: "null://"), .init("a", url: "null://"))
        let error = #expect(throws: CacheError.self) { _ = try caches["c"] }
        #expect(error?.code == .cacheNotFound)
        #expect(error?.message == "there is no cache named \"c\"; there are a and b")
        let none = #expect(throws: CacheError.self) { _ = try Caches([:])["c"] }
        #expect(none?.message.hasSuffix("there is none at all") == true)
    }

    @Test func storeOfACacheIsTheOneThatWasMadeForIt() async throws {
        let caches = try Self.caches(
            .init("a", url: "memory://"),
            .init("b", url: "memory://", namespace: "other"),
            .init("c", url: "null://")
        )
        #expect(caches.store(of: "a")?.kind == "memory" && caches.store(of: "b")?.kind == "memory")
        #expect(caches.store(of: "c")?.kind == "null")
        #expect(caches.store(of: "d") == nil)
        // Those of ready-made caches are not known.
        #expect(Caches(["a": try caches["a"]]).store(of: "a") == nil)
        await caches.shutdown()
    }

    @Test func defaultIsTheOneOfThatNameOrTheOnlyOne() throws {
        let one = try Self.caches(.init("only", url: "null://"))
        #expect(try one.default === one["only"])
        let two = try Self.caches(.init("other", url: "null://"), .init("default", url: "null://"))
        #expect(try two.default === two["default"])
        let without = try Self.caches(.init("a", url: "null://"), .init("b", url: "null://"))
        #expect(throws: CacheError.self) { _ = try without.default }
    }

    @Test func equalURLsShareAStoreAndNamesKeepThemApart() async throws {
        let caches = try Self.caches(
            .init("a", url: "memory://?entries=100", namespace: "same"),
            .init("b", url: "memory://?entries=100", namespace: "same"),
            .init("beside", url: "memory://", options: ["entries": "100"], namespace: "same"),
            .init("other", url: "memory://other?entries=100", namespace: "same"),
            .init("larger", url: "memory://?entries=200", namespace: "same")
        )
        try await caches["a"].set("k", to: 1)
        var found: [String: Int] = [:]
        for name in caches.names { found[name] = try await caches[name].get("k") }
        #expect(found == ["a": 1, "b": 1, "beside": 1])
        await caches.shutdown()
    }

    @Test(
        arguments: [
            (CacheDefinition("1st", url: "null://"), "letters, digits, - and _"),
            (CacheDefinition("a", url: "redis://localhost"), "memory:// or null://"),
            (CacheDefinition("a", url: "memory://?entrys=1"), "one of entries, bytes in memory://"),
            (CacheDefinition("a", url: "memory://?entries=-1"), "a whole number from 1 on"),
            (CacheDefinition("a", url: "memory://?bytes=lots"), "64MiB"),
            (CacheDefinition("a", url: "memory://?bytes=1&entries=1"), "not both"),
            (CacheDefinition("a", url: "memory://?entries=1", options: ["entries": "2"]), "one of them"),
            (CacheDefinition("a", url: "memory://me:geheim@"), "memory://?entries=10000"),
            (CacheDefinition("a", url: "memory:///path"), "memory://?entries=10000"),
            (CacheDefinition("a", url: "null://?entries=1"), "no option in null://"),
            (CacheDefinition("a", url: "null://host"), "null://"),
        ] as [(CacheDefinition, String)]
    )
    func wrongDefinitionsAreRefusedInOneLine(_ definition: CacheDefinition, _ accepted: String) {
        let error = #expect(throws: CacheError.self) { _ = try Self.caches(definition) }
        #expect(error?.code == .invalidConfiguration)
        let message = error?.message ?? ""
        #expect(message.contains("the cache \(definition.name.debugDescription)"))
        #expect(message.contains(accepted), "\(message)")
        #expect(!message.contains("geheim") && !message.contains("\n"))
    }

    @Test func aNameCannotBeThereTwice() {
        let error = #expect(throws: CacheError.self) {
            _ = try Self.caches(.init("a", url: "null://"), .init("a", url: "null://"))
        }
        #expect(error?.message == "the cache \"a\" is there twice")
    }

    // MARK: Task-local caches

    @Test func currentIsTheTasksOwnOrAnError() async throws {
        let caches = try Self.caches(.init("a", url: "null://"))
        let found = try await Caches.withCurrent(caches) { try Caches.current === caches }
        #expect(found)
    }

    @Test func overridingReplacesACacheInTheTaskOnly() async throws {
        let caches = try Self.caches(.init("a", url: "null://"), .init("b", url: "null://"))
        let replacement = Cache(.null)
        let other = Cache(.null)
        let (a, b) = (try caches["a"], try caches["b"])
        try await Caches.overriding("a", with: replacement) {
            try #expect(caches["a"] === replacement)
            try #expect(caches["b"] === b)
            await Caches.overriding("nobody", with: other) {
                let found = await Task { try? (caches["a"], caches["nobody"]) }.value
                #expect(found?.0 === replacement)
                #expect(found?.1 === other)
            }
        }
        #expect(try caches["a"] === a)
        #expect(throws: CacheError.self) { _ = try caches["nobody"] }
    }

    // MARK: Running

    /// A store that notes when it runs and when it ends.
    private final class NotingStore: CacheStore {
        let notes = Mutex<[String]>([])
        let base = MemoryStore(limit: .entries(10))
        var kind: String { "noting" }

        func open(_ namespace: CacheNamespace) -> any NamespaceStore { self.base.open(namespace) }
        func run() async throws { self.notes.withLock { $0.append("run") } }
        func shutdown() async { self.notes.withLock { $0.append("shutdown") } }
    }

    private struct NotingFactory: StoreFactory {
        let store: NotingStore
        var schemes: [String] { ["noting"] }
        var options: [StoreOption] { [] }

        func makeStore(for url: StoreURL, _ options: StoreOptions, in context: StoreContext) -> any CacheStore {
            self.store
        }
    }

    @Test func runningRunsTheStoresAndEndsFillsBeforeThem() async throws {
        let store = NotingStore()
        let caches = try Caches(
            [.init("a", url: "noting://"), .init("b", url: "noting://")],
            stores: [NotingFactory(store: store)],
            logger: Self.quiet
        )
        let group = ServiceGroup(services: [caches], logger: Self.quiet)
        let running = Task { try await group.run() }
        try await eventually("the store runs") { store.notes.withLock { $0 } == ["run"] }
        let gate = Gate()
        let cache = try caches["a"]
        let call = Task {
            try await cache.fetch("k") { () -> Int in
                try await gate.pass()
                return 1
            }
        }
        try await eventually("the fill has begun") { gate.arrivals == 1 }
        await group.triggerGracefulShutdown()
        try await running.value
        let error = await #expect(throws: CacheError.self) { _ = try await call.value }
        #expect(error?.code == .shutDown)
        #expect(store.notes.withLock { $0.first } == "run")
        #expect(store.notes.withLock { $0.dropFirst().allSatisfy { $0 == "shutdown" } })
        #expect(store.notes.withLock { $0.count } >= 2)
    }

    @Test func shutdownEndsTheStoresOfOwnCachesOnly() async throws {
        let store = NotingStore()
        let caches = try Caches(
            [.init("a", url: "noting://")],
            stores: [NotingFactory(store: store)],
            logger: Self.quiet
        )
        let handedOver = Caches(["a": try caches["a"]])
        await handedOver.shutdown()
        #expect(store.notes.withLock { $0.isEmpty })
        await caches.shutdown()
        await caches.shutdown()
        #expect(store.notes.withLock { $0 } == ["shutdown"])
    }
}
