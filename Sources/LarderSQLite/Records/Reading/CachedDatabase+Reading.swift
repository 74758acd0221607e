import GRDB
import Larder

extension CachedDatabase {
    /// What one call wants.
    struct Call: Sendable {
        var ttl: TimeToLive? = .default
        var policy: FetchPolicy?
    }

    /// Begins a read: looks for writes of other connections, where each read has to.
    ///
    /// - Returns: Whether the cache may be asked.
    func beginRead() async throws -> Bool {
        guard !self.isBypassed else { return false }
        if self.options.foreignWrites == .everyRead { try await self.lookForForeignWrites() }
        return true
    }

    /// The value of a key, from the cache or from the database.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - watch: What the value depends on.
    ///   - call: What the caller wants.
    ///   - read: Reads the value.
    /// - Returns: A value that the database has held at some moment since the call began.
    /// - Throws: What `read` throws, and what `Cache.fetch` throws.
    func value<Value: Codable & Sendable>(
        _ key: String,
        _ watch: Watch,
        _ call: Call,
        _ read: @escaping @Sendable (Database) throws -> Reading<Value>
    ) async throws -> Value {
        if case .impossible = watch { return try await self.unwatched(key, read) }
        guard try await self.beginRead() else { return try await self.pastTheCache(key, read) }
        var tags = [self.tags.everything]
        if case .tags(let known, _) = watch { tags += known }
        let slots = tags.slots
        // Once more, where the store was told of a change while it was asked.
        for _ in 0..<2 {
            let serial = self.settlement.serial
            guard self.settlement.verdict(on: slots, since: serial) == .clear else { break }
            let reader = UInt64.random(in: 1 ... .max)
            let found: WatchedValue<Value> = try await self.cache.fetch(
                CacheKey(key),
                ttl: call.ttl,
                tags: tags,
                policy: call.policy
            ) { [tags] context in
                try await self.fill(tags, watch, call, reader, context, read)
            }
            // Its own reading began after the call did.
            if found.reader == reader { return found.value }
            switch self.settlement.verdict(on: found.slots, since: serial) {
            case .clear:
                self.counters.add(to: .hit)
                return found.value
            case .lifted:
                continue
            case .standing:
                break
            }
            break
        }
        self.counters.add(to: .passedBy)
        return try await self.pastTheCache(key, read)
    }

    /// Reads the database itself.
    ///
    /// What a fill makes of it is not stored: no tag tells it when this changes.
    func pastTheCache<Value: Sendable>(
        _ key: String,
        _ read: @escaping @Sendable (Database) throws -> Reading<Value>
    ) async throws -> Value {
        self.cache.loseCurrentFill()
        FetchReport.noteReadPastTheCache(key)
        return try await self.writer.read(read).value
    }

    private func unwatched<Value: Sendable>(
        _ key: String,
        _ read: @escaping @Sendable (Database) throws -> Reading<Value>
    ) async throws -> Value {
        self.counters.add(to: .unwatched)
        return try await self.pastTheCache(key, read)
    }

    /// Reads a value for the cache, which has taken `tags` before.
    private func fill<Value: Codable & Sendable>(
        _ tags: [String],
        _ watch: Watch,
        _ call: Call,
        _ reader: UInt64,
        _ context: FillContext,
        _ read: @escaping @Sendable (Database) throws -> Reading<Value>
    ) async throws -> WatchedValue<Value> {
        var tags: [String]? = tags
        if case .region(let region) = watch {
            let found = try await self.writer.read(region)
            // Before the data is read: a change in between takes the value with it.
            if let found { try await context.depends(on: found) }
            tags = found.map { (tags ?? []) + $0 }
        }
        // Now that the lease is taken: what was planned by an older schema may read other tables under the new one.
        if case .tags(_, let schema) = watch, schema != self.observer.schema.generation { tags = nil }
        let reading = try await self.writer.read(read)
        if let late = reading.tags {
            try context.addTags(late)
            tags = tags.map { $0 + late }
        } else {
            tags = nil
        }
        self.counters.add(to: tags == nil ? .unwatched : .fill)
        if tags == nil {
            context.doNotStore()
            self.cache.loseCurrentFill()
        }
        if reading.isAbsence, let negativeTTL = (call.policy ?? self.cache.defaults.fetchPolicy).negativeTTL {
            context.ttl = .duration(negativeTTL)
        }
        return WatchedValue(reading.value, slots: tags?.slots ?? [], reader: reader)
    }
}
