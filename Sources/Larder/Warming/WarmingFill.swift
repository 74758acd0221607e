/// A part of what a ``Warmer`` brings into caches: one key, a list of keys, or calls that cache by themselves.
public struct WarmingFill: Sendable {
    /// One thing to be warmed.
    struct Item: Sendable {
        /// Its name within the fill.
        var name: String
        /// Warms it; says whether it had to be filled.
        var warm: @Sendable () async throws -> Bool
    }

    /// The fill's name, in progress and logs.
    public let name: String

    /// What is to be warmed, as of now.
    let items: @Sendable () async throws -> [Item]

    /// One key.
    ///
    /// It is filled where it is missing, and where the policy would have it refreshed: past
    /// ``FetchPolicy/refreshAfter``, by chance before its end with ``FetchPolicy/earlyRefresh``, or stale. The warmer waits for
    /// that fill, which a `fetch` would leave behind.
    ///
    /// - Parameters:
    ///   - key: The key, which is also the fill's name.
    ///   - cache: The cache.
    ///   - ttl: How long the value stays fresh. Left out, the policy's; `nil`, for ever.
    ///   - tags: What the value depends on.
    ///   - policy: How fresh the value has to be; `nil` takes the cache's. Let it be what the program's own fetches use.
    ///   - fill: Makes the value.
    /// - Returns: The fill.
    public static func key<Value: Codable & Sendable>(
        _ key: CacheKey<Value>,
        in cache: Cache,
        ttl: TimeToLive? = .default,
        tags: [String] = [],
        policy: FetchPolicy? = nil,
        _ fill: @escaping @Sendable () async throws -> Value
    ) -> WarmingFill {
        let item = Item(name: key.name) { try await cache.warm(key, ttl, tags, policy, fill) }
        return WarmingFill(name: key.name) { [item] }
    }

    /// The keys of a list, each filled as ``key(_:in:ttl:tags:policy:_:)`` fills one.
    ///
    /// - Parameters:
    ///   - name: The fill's name.
    ///   - cache: The cache.
    ///   - ttl: How long values stay fresh.
    ///   - policy: How fresh values have to be; `nil` takes the cache's.
    ///   - list: Makes the list, anew for every pass. An order that stays lets an interrupted pass go on where it was.
    ///   - tags: What the value of a key depends on.
    ///   - fill: Makes the value of a key.
    /// - Returns: The fill.
    public static func keys<Value: Codable & Sendable>(
        _ name: String,
        in cache: Cache,
        ttl: TimeToLive? = .default,
        policy: FetchPolicy? = nil,
        _ list: @escaping @Sendable () async throws -> [CacheKey<Value>],
        tags: @escaping @Sendable (CacheKey<Value>) -> [String] = { _ in [] },
        fill: @escaping @Sendable (CacheKey<Value>) async throws -> Value
    ) -> WarmingFill {
        WarmingFill(name: name) {
            try await list().map { key in
                Item(name: key.name) { try await cache.warm(key, ttl, tags(key), policy) { try await fill(key) } }
            }
        }
    }

    /// Calls that cache what they return by themselves, one for each element of a list.
    ///
    /// The warmer does not see whether they filled anything, and counts them as filled.
    ///
    /// - Parameters:
    ///   - name: The fill's name.
    ///   - list: Makes the list, anew for every pass; the elements' descriptions tell them apart.
    ///   - call: Makes the call for an element.
    /// - Returns: The fill.
    public static func calls<Element: Sendable>(
        _ name: String,
        _ list: @escaping @Sendable () async throws -> [Element],
        call: @escaping @Sendable (Element) async throws -> Void
    ) -> WarmingFill {
        WarmingFill(name: name) {
            try await list().map { element in
                Item(name: String(describing: element)) {
                    try await call(element)
                    return true
                }
            }
        }
    }
}

extension Cache {
    /// Fills a key that is missing, or that the policy would have refreshed, and waits for it.
    ///
    /// - Returns: Whether it was filled.
    /// - Throws: What the fill throws, even where a value is there that could stand in; ``CacheError`` where the store is
    ///   unavailable, because nothing would be stored.
    func warm<Value: Codable & Sendable>(
        _ key: CacheKey<Value>,
        _ ttl: TimeToLive?,
        _ tags: [String],
        _ policy: FetchPolicy?,
        _ fill: @escaping @Sendable () async throws -> Value
    ) async throws -> Bool {
        let storeKey = try self.storeKey(key)
        var call: FetchCall<Value> = try self.call(tags, policy, ttl, nil, .throwing) { _, _ in
            [storeKey: try await fill()]
        }
        call.isWarming = true
        if try await self.firstRead(storeKey, &call, wantsTimes: false) != nil { return false }
        switch try await self.resolve([storeKey], call)[storeKey]?.outcome {
        case .filled, .joined: return true
        default: return false
        }
    }
}
