import Hummingbird
import Larder
import LarderTesting
import Testing

@testable import LarderHummingbird

@Suite("LarderPersistDriver")
struct PersistDriverTests {
    @Test("Hummingbird's verbs, on every store", arguments: TestedStore.allCases)
    func verbs(_ store: TestedStore) async throws {
        try await store.withCaches(1) { caches in
            let driver: any PersistDriver = LarderPersistDriver(caches[0])
            let missing = try await driver.get(key: "k", as: String.self)
            #expect(missing == nil)
            try await driver.create(key: "k", value: "a", expires: .seconds(1_000))
            await #expect(throws: PersistError.duplicate) {
                try await driver.create(key: "k", value: "b", expires: nil)
            }
            let first = try await driver.getWithTTL(key: "k", as: String.self)
            #expect(first?.object == "a")
            #expect(try #require(first?.ttl) > .seconds(900))
            // Without a time it ends when it would have.
            try await driver.set(key: "k", value: "c", expires: nil)
            let second = try await driver.getWithTTL(key: "k", as: String.self)
            #expect(second?.object == "c")
            let left = try #require(second?.ttl)
            #expect(left > .seconds(900) && left <= .seconds(1_000))
            try await driver.set(key: "k", value: "d", expires: .seconds(2_000))
            let third = try await driver.getWithTTL(key: "k", as: String.self)
            #expect(try #require(third?.ttl) > .seconds(1_900))
            await #expect(throws: PersistError.invalidConversion) { _ = try await driver.get(key: "k", as: [Int].self) }
            try await driver.set(key: "forever", value: [1, 2], expires: nil)
            let forever = try await driver.getWithTTL(key: "forever", as: [Int].self)
            #expect(forever?.object == [1, 2] && forever?.ttl == nil)
            try await driver.remove(key: "k")
            let gone = try await driver.get(key: "k", as: String.self)
            #expect(gone == nil)
        }
    }

    @Test("While the store is away every call throws")
    func throwsInOutages() async throws {
        let store = FaultyStore(MemoryStore(limit: .entries(100)))
        let driver = LarderPersistDriver(Cache(store, namespace: "p", defaults: .init(circuitBreaker: nil)))
        store.fail()
        let calls: [() async throws -> Void] = [
            { _ = try await driver.get(key: "k", as: String.self) },
            { try await driver.set(key: "k", value: "v", expires: nil) },
            { try await driver.create(key: "k", value: "v", expires: nil) },
            { try await driver.remove(key: "k") },
        ]
        for call in calls { await #expect { try await call() } throws: { ($0 as? CacheError)?.code == .unavailable } }
    }
}
