import Synchronization

/// What a fill can say about the value it makes.
public final class FillContext: Sendable {
    private struct Wishes {
        var timeToLive: TimeToLive?
        var isStored = true
    }

    private let wishes: Mutex<Wishes>
    let dependencies = FillDependencies()
    /// Late tags of single keys of a fill of several, by the keys' names.
    private let ownTags = Mutex<[String: [String]]>([:])
    private let take: @Sendable ([String]) async throws -> [TagMark]

    /// - Parameters:
    ///   - ttl: What the call said.
    ///   - take: Takes tags as they are now.
    init(ttl: TimeToLive?, take: @escaping @Sendable ([String]) async throws -> [TagMark]) {
        self.wishes = Mutex(Wishes(timeToLive: ttl))
        self.take = take
    }

    /// How long the value is to stay fresh; at first what the call to `fetch` said.
    ///
    /// A token that says when it expires sets it to the time it has left. `nil` means for ever, zero or less that the
    /// value is not stored.
    public var ttl: TimeToLive? {
        get { self.wishes.withLock { $0.timeToLive } }
        set { self.wishes.withLock { $0.timeToLive = newValue } }
    }

    /// Hands the value to those who wait for it, and stores nothing.
    public func doNotStore() {
        self.wishes.withLock { $0.isStored = false }
    }

    /// Puts the value under tags, before the data is read that they stand for.
    ///
    /// The order matters: a tag that is invalidated after this call, however shortly, takes the value with it. If the store
    /// cannot be asked, the fill goes on and its value is not stored.
    ///
    /// - Parameter tags: The tags.
    /// - Throws: ``CacheError`` with ``CacheError/Code/invalidTag``; `CancellationError`.
    public func depends(on tags: String...) async throws {
        try await self.depends(on: tags)
    }

    /// Puts the value under tags, before the data is read that they stand for.
    ///
    /// - Parameter tags: The tags.
    /// - Throws: As ``depends(on:)-(String...)``.
    public func depends(on tags: [String]) async throws {
        let names = try TagRules.checked(tags)
        guard !names.isEmpty else { return }
        do {
            self.dependencies.add(try await self.take(names))
        } catch let error as CacheError where error.code == .unavailable {
            self.dependencies.lose()
        }
    }

    /// Puts the value under tags that are known only now that the data has been read, such as the authors of a book.
    ///
    /// The value is stored only if none of these tags was invalidated since the fill began.
    ///
    /// - Parameter tags: The tags.
    /// - Throws: ``CacheError`` with ``CacheError/Code/invalidTag``.
    public func addTags(_ tags: [String]) throws {
        self.dependencies.addLate(try TagRules.checked(tags))
    }

    /// Puts the value of one key, of several that the fill makes, under tags that are known only now that the data has been read.
    ///
    /// - Parameters:
    ///   - tags: The tags.
    ///   - key: The key.
    /// - Throws: ``CacheError`` with ``CacheError/Code/invalidTag``.
    package func addTags<Value>(_ tags: [String], to key: CacheKey<Value>) throws {
        let names = try TagRules.checked(tags)
        self.ownTags.withLock { $0[key.name, default: []] += names }
    }

    /// What the value of a key depends on.
    func summary(of key: StoreKey) -> FillDependencies.Summary {
        var summary = self.dependencies.summary
        let own = self.ownTags.withLock { $0[key.name] }
        if let own { summary.late = TagRules.ascending(summary.late + own) }
        return summary
    }

    var isStored: Bool { self.wishes.withLock { $0.isStored } }
}
