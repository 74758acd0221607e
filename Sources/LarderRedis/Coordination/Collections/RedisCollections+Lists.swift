public import Larder
import LarderRedisClient

extension RedisCollections {
    /// Puts elements to an end.
    public func push(
        _ elements: [[UInt8]],
        to end: ListEnd,
        of key: CollectionKey,
        limit: Int?,
        _ lifetime: CollectionLifetime
    ) async throws -> Int {
        let command = end == .first ? "LPUSH" : "RPUSH"
        let arguments = elements.map { ScriptArgument.bytes($0) }
        guard let limit else {
            return try await self.write(command, key, arguments, lifetime, .elementsLast, as: Int.self)
        }
        return try await self.run(
            CollectionScripts.pushLimited,
            [key.text],
            key,
            Self.lifetime(lifetime) + [.text(command), Self.count(limit)] + arguments,
            as: Int.self
        )
    }

    /// Takes elements from an end.
    public func pop(
        _ count: Int,
        from end: ListEnd,
        of key: CollectionKey,
        _ lifetime: CollectionLifetime
    ) async throws -> [[UInt8]] {
        let command = end == .first ? "LPOP" : "RPOP"
        return try await self.write(command, key, [Self.count(count)], lifetime, as: [[UInt8]]?.self) ?? []
    }

    /// How many elements a list has.
    public func count(ofList key: CollectionKey) async throws -> Int {
        try await self.send(RedisCommand("LLEN", key.text), key, as: Int.self)
    }

    /// The elements from one position to another.
    public func elements(of key: CollectionKey, from first: Int, through last: Int) async throws -> [[UInt8]] {
        try await self.send(RedisCommand("LRANGE", key.text, first, last), key, as: [[UInt8]].self)
    }

    /// The element at a position.
    public func element(of key: CollectionKey, at index: Int) async throws -> [UInt8]? {
        try await self.send(RedisCommand("LINDEX", key.text, index), key, as: [UInt8]?.self)
    }

    /// Replaces the element at a position.
    public func replaceElement(
        of key: CollectionKey,
        at index: Int,
        with element: [UInt8],
        _ lifetime: CollectionLifetime
    ) async throws -> Bool {
        try await self.run(
            CollectionScripts.replaceElement,
            [key.text],
            key,
            Self.lifetime(lifetime) + [.integer(Int64(index)), .bytes(element)],
            as: Bool.self
        )
    }

    /// Keeps only the elements from one position to another.
    public func trim(
        _ key: CollectionKey,
        from first: Int,
        through last: Int,
        _ lifetime: CollectionLifetime
    ) async throws {
        _ = try await self.write(
            "LTRIM",
            key,
            [.integer(Int64(first)), .integer(Int64(last))],
            lifetime,
            as: RESPValue.self
        )
    }

    /// Removes elements that have these bytes.
    public func remove(
        _ element: [UInt8],
        from key: CollectionKey,
        count: Int,
        _ lifetime: CollectionLifetime
    ) async throws -> Int {
        try await self.write("LREM", key, [.integer(Int64(count)), .bytes(element)], lifetime, as: Int.self)
    }

    /// Moves the element at one list's end to another's.
    public func move(
        from source: CollectionKey,
        _ sourceEnd: ListEnd,
        to destination: CollectionKey,
        _ destinationEnd: ListEnd,
        limit: Int?,
        _ lifetime: CollectionLifetime
    ) async throws -> [UInt8]? {
        try self.checkOneSlot(source, destination)
        return try await self.run(
            CollectionScripts.move,
            [source.text, destination.text],
            source,
            Self.lifetime(lifetime) + [
                .text(sourceEnd == .first ? "LPOP" : "RPOP"),
                .text(destinationEnd == .first ? "LPUSH" : "RPUSH"),
                Self.count(limit ?? 0),
            ],
            as: [UInt8]?.self
        )
    }
}

extension CollectionScripts {
    /// `ARGV[3]` pushes, `ARGV[4]` is how many elements are kept.
    static let pushLimited = Self.writing(
        """
        for i = 5, #ARGV, 4000 do
          redis.call(ARGV[3], KEYS[1], unpack(ARGV, i, math.min(i + 3999, #ARGV)))
        end
        if ARGV[3] == 'LPUSH' then
          redis.call('LTRIM', KEYS[1], 0, ARGV[4] - 1)
        else
          redis.call('LTRIM', KEYS[1], -ARGV[4], -1)
        end
        live(KEYS[1])
        return redis.call('LLEN', KEYS[1])
        """
    )

    /// Puts `ARGV[4]` to the position `ARGV[3]`, if there is an element.
    static let replaceElement = Self.writing(
        """
        if not redis.call('LINDEX', KEYS[1], ARGV[3]) then return 0 end
        redis.call('LSET', KEYS[1], ARGV[3], ARGV[4])
        live(KEYS[1])
        return 1
        """
    )

    /// `ARGV[3]` pops, `ARGV[4]` pushes, `ARGV[5]` is how many elements the second list keeps.
    ///
    /// The type of the second is asked before anything is taken from the first: a script that fails undoes nothing.
    static let move = Self.writing(
        """
        redis.call('LLEN', KEYS[2])
        local element = redis.call(ARGV[3], KEYS[1])
        if not element then return false end
        redis.call(ARGV[4], KEYS[2], element)
        if ARGV[5] ~= '0' then
          if ARGV[4] == 'LPUSH' then
            redis.call('LTRIM', KEYS[2], 0, ARGV[5] - 1)
          else
            redis.call('LTRIM', KEYS[2], -ARGV[5], -1)
          end
        end
        live(KEYS[2])
        return element
        """
    )
}
