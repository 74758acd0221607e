public import Larder
import LarderRedisClient

extension RedisCollections {
    /// How many elements one part of a walk looks at.
    static let walkStep = 500

    /// Puts elements into a set.
    public func insert(
        _ elements: [[UInt8]],
        into key: CollectionKey,
        _ lifetime: CollectionLifetime
    ) async throws -> Int {
        try await self.write("SADD", key, elements.map { .bytes($0) }, lifetime, .elementsSum, as: Int.self)
    }

    /// Removes elements from a set.
    public func remove(
        _ elements: [[UInt8]],
        fromSet key: CollectionKey,
        _ lifetime: CollectionLifetime
    ) async throws -> Int {
        try await self.write("SREM", key, elements.map { .bytes($0) }, lifetime, .elementsSum, as: Int.self)
    }

    /// Which of some elements are in a set.
    public func contains(_ elements: [[UInt8]], in key: CollectionKey) async throws -> [Bool] {
        var command = RedisCommand("SMISMEMBER", key.text)
        command.append(contentsOf: elements)
        return try await self.send(command, key, as: [Bool].self)
    }

    /// How many elements a set has.
    public func count(ofSet key: CollectionKey) async throws -> Int {
        try await self.send(RedisCommand("SCARD", key.text), key, as: Int.self)
    }

    /// All elements.
    public func members(of key: CollectionKey) async throws -> [[UInt8]] {
        try await self.send(RedisCommand("SMEMBERS", key.text), key, as: [[UInt8]].self)
    }

    /// Takes elements out of a set.
    public func popRandom(
        _ count: Int,
        from key: CollectionKey,
        _ lifetime: CollectionLifetime
    ) async throws -> [[UInt8]] {
        try await self.write("SPOP", key, [Self.count(count)], lifetime, as: [[UInt8]].self)
    }

    /// Different elements of a set.
    public func random(_ count: Int, from key: CollectionKey) async throws -> [[UInt8]] {
        try await self.send(RedisCommand("SRANDMEMBER", key.text, count), key, as: [[UInt8]].self)
    }

    /// What several sets make together: here where they lie apart, else on the server.
    public func combine(_ keys: [CollectionKey], _ combination: SetCombination) async throws -> [[UInt8]] {
        guard let key = keys.first else { return [] }
        let slot = RedisKeySlot.slot(of: key.text)
        if !self.spreadsKeys || keys.allSatisfy({ RedisKeySlot.slot(of: $0.text) == slot }) {
            let name =
                switch combination {
                case .union: "SUNION"
                case .intersection: "SINTER"
                case .difference: "SDIFF"
                }
            return try await self.send(RedisCommand(name, arguments: keys.map(\.text)), key, as: [[UInt8]].self)
        }
        let requests = keys.map { RedisRequest<[[UInt8]]>(RedisCommand("SMEMBERS", $0.text)) }
        let replies = try await self.translatingErrors(key) { try await self.client.pipeline(requests) }
        let sets = try zip(keys, replies).map { key, reply in
            try reply.mapError { Self.translated($0, key) }.get()
        }
        return combination.applied(to: sets)
    }

    /// A part of a set.
    public func page(ofSet key: CollectionKey, after cursor: String?) async throws -> CollectionPage<[UInt8]> {
        let page = try await self.page("SSCAN", key, after: cursor)
        return CollectionPage(items: page.items, next: page.next)
    }

    /// A part of what is walked over.
    func page(_ command: String, _ key: CollectionKey, after cursor: String?) async throws -> CollectionPage<[UInt8]> {
        let reply = try await self.send(
            RedisCommand(command, key.text, cursor ?? "0", "COUNT", Self.walkStep),
            key,
            as: RESPValue.self
        )
        guard case .array(let parts) = reply, parts.count == 2, let next = try? String(resp: parts[0]),
            let items = try? [[UInt8]](resp: parts[1])
        else { throw Self.unexpectedReply(to: command, key) }
        return CollectionPage(items: items, next: next == "0" ? nil : next)
    }
}
