import Larder

/// What a tag asks for.
struct FragmentRequest: Sendable {
    /// The cache that the fragment is kept in.
    let cache: Cache
    let key: CacheKey<String>
    /// The fragment's name, for errors.
    let name: String
    /// What it varies on, as text.
    let varyTexts: [String]
    /// How long it stays fresh; `nil`, for ever.
    let ttl: TimeToLive?
    /// What it depends on, beside what its rendering reads.
    let tags: [String]

    var id: FragmentID { FragmentID(cache: ObjectIdentifier(self.cache), key: self.key) }
}

/// Which fragment of which cache.
struct FragmentID: Hashable, Sendable {
    let cache: ObjectIdentifier
    let key: CacheKey<String>
}
