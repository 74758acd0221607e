import LarderTesting
import Testing

@testable import Larder

/// What a fill reads from the cache while the store cannot be asked has tags that nobody could take.
@Suite(.timeLimit(.minutes(10))) struct DependencyOutageTests {
    private static let page = CacheKey<Int>("page")
    private static let row = CacheKey<Int>("row")

    enum Tagging: CaseIterable, Sendable {
        /// The inner call names the tag.
        case named
        /// The inner fill depends on the tag.
        case taken
        /// An inner fill within the inner one.
        case deeper
        /// There is no tag.
        case none
    }

    /// Fills the page with the row, which is filled while the store is away.
    private static func fillPage(_ cache: Cache, _ store: FaultyStore, _ tagging: Tagging) async throws {
        _ = try await cache.fetch(Self.page) { () -> Int in
            store.fail()
            defer { store.recover() }
            switch tagging {
            case .named:
                return try await cache.fetch(Self.row, tags: ["row"]) { 1 }
            case .taken:
                return try await cache.fetch(Self.row) { context in
                    try await context.depends(on: "row")
                    return 1
                }
            case .deeper:
                return try await cache.fetch(Self.row) {
                    try await cache.fetch("cell", tags: ["row"]) { 1 }
                }
            case .none:
                return try await cache.fetch(Self.row) { 1 }
            }
        }
    }

    @Test(arguments: Tagging.allCases)
    func pageWithARowOfUnknownTagsIsNotStored(_ tagging: Tagging) async throws {
        try await withCache { subject in
            let cache = subject.cache
            try await Self.fillPage(cache, subject.faults, tagging)
            // Without tags there is nothing by which it could have to go.
            try await #expect(cache.get(Self.page) == (tagging == .none ? 1 : nil))
            try await cache.invalidate(tags: ["row"])
            try await #expect(cache.get(Self.page) == (tagging == .none ? 1 : nil))
        }
    }

    @Test func pageIsStoredAgainOnceTheStoreIsBack() async throws {
        try await withCache { subject in
            let cache = subject.cache
            try await Self.fillPage(cache, subject.faults, .named)
            let value = try await cache.fetch(Self.page) {
                try await cache.fetch(Self.row, tags: ["row"]) { 2 }
            }
            #expect(value == 2)
            try await #expect(cache.get(Self.page) == 2)
            try await cache.invalidate(tags: ["row"])
            try await #expect(cache.get(Self.page) == nil)
        }
    }
}
