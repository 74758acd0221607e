import Synchronization

/// The tags that entries had when this process last met them, so that a read brings the tags' generations along.
///
/// What it says decides how a key is read, never what is found: an entry with other tags than these is looked at again.
package final class RememberedTags: Sendable {
    private let tags = MemoryCache<StoreKey, [String]>(limit: .entries(50_000))

    /// Whether this process has met an entry with tags; until then nothing is remembered.
    private let isInUse = Atomic(false)

    /// The most tags that are remembered of an entry: enough for nearly all, and so few that all of it stays small.
    private static let most = 16

    /// Remembers nothing yet.
    package init() {}

    /// The tags that entries are likely to have.
    ///
    /// - Parameters:
    ///   - keys: The entries' keys.
    ///   - expected: What the reader expects.
    /// - Returns: The tags, each once; `nil` where nobody knows what one of the entries has.
    package func tags(of keys: [StoreKey], _ expected: [String]) -> [String]? {
        guard self.isInUse.load(ordering: .relaxed) else { return expected }
        if keys.count == 1, let remembered = self.tags.value(forKey: keys[0]) {
            return expected + remembered.filter { !expected.contains($0) }
        }
        var names = expected
        var seen = Set(expected)
        for key in keys {
            if let remembered = self.tags.value(forKey: key) {
                for name in remembered where seen.insert(name).inserted { names.append(name) }
            } else if expected.isEmpty {
                return nil
            }
        }
        return names
    }

    /// Remembers what an entry has.
    package func remember(_ names: [String], of key: StoreKey) {
        if !self.isInUse.load(ordering: .relaxed) {
            if names.isEmpty { return }
            self.isInUse.store(true, ordering: .relaxed)
        }
        if names.count > Self.most {
            self.tags.removeValue(forKey: key)
        } else if self.tags.value(forKey: key) != names {
            self.tags.insert(names, forKey: key)
        }
    }
}
