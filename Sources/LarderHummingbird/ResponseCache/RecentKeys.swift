import HTTPTypes
import Larder
import LarderHTTP
import Synchronization

/// The keys of URIs that were asked for lately: to make one is more than a quarter of the cache's own work for a hit from memory.
///
/// A table of fixed size, in which the last of those that fall on one place stays.
final class RecentKeys: Sendable {
    /// What a page lies under.
    struct Keys: Sendable {
        var key: ResponseKey
        var cacheKey: CacheKey<StoredPage>
    }

    private struct Entry {
        var scheme: String?
        var authority: String?
        var path: String?
        var keys: Keys

        func isFor(_ head: HTTPRequest) -> Bool {
            Self.areSame(self.path, head.path) && Self.areSame(self.authority, head.authority)
                && Self.areSame(self.scheme, head.scheme)
        }

        /// Whether two texts have the same bytes; what only looks the same is another URI.
        private static func areSame(_ one: String?, _ other: String?) -> Bool {
            guard let one, let other else { return one == nil && other == nil }
            return one.utf8.count == other.utf8.count && one.utf8.elementsEqual(other.utf8)
        }
    }

    private final class Place: Sendable {
        let entry = Mutex<Entry?>(nil)
    }

    /// How many places there are; a power of two.
    private static let count = 512
    /// Longer paths are not remembered, in bytes.
    private static let longestPath = 1_024

    private let places = (0..<RecentKeys.count).map { _ in Place() }

    private func place(_ head: HTTPRequest) -> Place {
        var hasher = Hasher()
        hasher.combine(head.path)
        hasher.combine(head.authority)
        return self.places[hasher.finalize() & (Self.count - 1)]
    }

    /// The keys of a request's URI, if they are remembered.
    func keys(of head: HTTPRequest) -> Keys? {
        self.place(head).entry.withLock { entry in
            guard let entry, entry.isFor(head) else { return nil }
            return entry.keys
        }
    }

    /// Remembers the keys of a URI, which nothing else of the request is part of.
    func remember(_ head: HTTPRequest, _ key: ResponseKey, _ cacheKey: CacheKey<StoredPage>) {
        guard (head.path?.utf8.count ?? 0) <= Self.longestPath else { return }
        let entry = Entry(
            scheme: head.scheme,
            authority: head.authority,
            path: head.path,
            keys: Keys(key: key, cacheKey: cacheKey)
        )
        self.place(head).entry.withLock { $0 = entry }
    }
}
