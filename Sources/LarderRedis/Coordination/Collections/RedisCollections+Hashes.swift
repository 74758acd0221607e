public import Larder
import LarderRedisClient

extension RedisCollections {
    /// The values of some fields.
    public func values(of fields: [[UInt8]], in key: CollectionKey) async throws -> [[UInt8]?] {
        var command = RedisCommand("HMGET", key.text)
        command.append(contentsOf: fields)
        return try await self.send(command, key, as: [[UInt8]?].self)
    }

    /// Sets fields.
    public func set(
        _ fields: [HashField],
        in key: CollectionKey,
        onlyAbsent: Bool,
        _ lifetime: CollectionLifetime
    ) async throws -> Int {
        let arguments = fields.flatMap { [ScriptArgument.bytes($0.field), .bytes($0.value)] }
        guard onlyAbsent else {
            return try await self.write("HSET", key, arguments, lifetime, .elementsSum, as: Int.self)
        }
        return try await self.run(
            CollectionScripts.setAbsentFields,
            [key.text],
            key,
            Self.lifetime(lifetime) + arguments,
            as: Int.self
        )
    }

    /// Removes fields.
    public func removeFields(
        _ fields: [[UInt8]],
        from key: CollectionKey,
        _ lifetime: CollectionLifetime
    ) async throws -> Int {
        try await self.write("HDEL", key, fields.map { .bytes($0) }, lifetime, .elementsSum, as: Int.self)
    }

    /// How many fields a hash has.
    public func count(ofHash key: CollectionKey) async throws -> Int {
        try await self.send(RedisCommand("HLEN", key.text), key, as: Int.self)
    }

    /// All fields.
    public func fields(of key: CollectionKey) async throws -> [[UInt8]] {
        try await self.send(RedisCommand("HKEYS", key.text), key, as: [[UInt8]].self)
    }

    /// All fields with their values.
    public func entries(of key: CollectionKey) async throws -> [HashField] {
        try Self.pairs(
            await self.send(RedisCommand("HGETALL", key.text), key, as: [[UInt8]].self),
            "HGETALL",
            key
        )
    }

    /// Adds to a field.
    public func add(
        _ delta: Int64,
        to field: [UInt8],
        of key: CollectionKey,
        within bounds: ClosedRange<Int64>,
        _ lifetime: CollectionLifetime
    ) async throws -> Int64 {
        let isUnbounded = bounds == .min ... .max
        if isUnbounded, lifetime.milliseconds == nil {
            return try await self.send(RedisCommand("HINCRBY", key.text, field, delta), key, as: Int64.self)
        }
        let limits: [ScriptArgument] =
            isUnbounded ? [] : [.integer(bounds.lowerBound), .integer(bounds.upperBound)]
        let reply = try await self.run(
            CollectionScripts.incrementField,
            [key.text],
            key,
            Self.lifetime(lifetime) + [.bytes(field), .integer(delta)] + limits,
            as: RESPValue.self
        )
        if case .simpleString = reply { throw CacheError.integerOverflow(key, bounds) }
        guard let sum = try? Int64(resp: reply) else { throw Self.unexpectedReply(to: "an addition", key) }
        return sum
    }

    /// A part of a hash.
    public func page(ofHash key: CollectionKey, after cursor: String?) async throws -> CollectionPage<HashField> {
        let page = try await self.page("HSCAN", key, after: cursor)
        return CollectionPage(items: try Self.pairs(page.items, "HSCAN", key), next: page.next)
    }

    private static func pairs(_ flat: [[UInt8]], _ command: String, _ key: CollectionKey) throws -> [HashField] {
        guard flat.count.isMultiple(of: 2) else { throw Self.unexpectedReply(to: command, key) }
        return stride(from: 0, to: flat.count, by: 2).map { HashField(field: flat[$0], value: flat[$0 + 1]) }
    }
}

extension CollectionScripts {
    /// Sets the fields from `ARGV[3]` on that are not there.
    static let setAbsentFields = Self.writing(
        """
        local new = 0
        for i = 3, #ARGV, 2 do new = new + redis.call('HSETNX', KEYS[1], ARGV[i], ARGV[i + 1]) end
        live(KEYS[1])
        return new
        """
    )

    /// Adds `ARGV[4]` to the field `ARGV[3]`; with `ARGV[5]` and `ARGV[6]`, the least and the greatest sum, it is taken back
    /// where that is left.
    static let incrementField = Self.writing(
        Self.comparison + """
            local before = ARGV[5] and redis.call('HGET', KEYS[1], ARGV[3])
            redis.call('HINCRBY', KEYS[1], ARGV[3], ARGV[4])
            local sum = redis.call('HGET', KEYS[1], ARGV[3])
            if ARGV[5] and (less(sum, ARGV[5]) or less(ARGV[6], sum)) then
              if before then
                redis.call('HSET', KEYS[1], ARGV[3], before)
              else
                redis.call('HDEL', KEYS[1], ARGV[3])
              end
              return redis.status_reply('BOUNDS')
            end
            live(KEYS[1])
            return sum
            """
    )
}
