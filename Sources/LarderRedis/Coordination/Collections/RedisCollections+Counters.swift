public import Larder
import LarderRedisClient

extension RedisCollections {
    /// What a counter shows.
    public func value(of key: CollectionKey) async throws -> Int64? {
        guard let text = try await self.send(RedisCommand("GET", key.text), key, as: [UInt8]?.self) else { return nil }
        return try Self.integer(text, key)
    }

    /// Adds to counters: each by a command or script of its own, all sent in one go.
    public func add(_ increments: [CounterIncrement]) async throws -> [Result<Int64, CacheError>] {
        let requests = increments.map { Self.request(for: $0) }
        guard let first = increments.first else { return [] }
        // One that is alone shares the connection's writes with those of other tasks.
        if increments.count == 1 {
            do {
                return [Self.sum(try await self.client.send(requests[0]), first)]
            } catch let error as RedisError {
                return [.failure(Self.translated(error, first.key))]
            }
        }
        do {
            let replies = try await self.client.pipeline(requests)
            return zip(increments, replies).map { increment, reply in
                switch reply {
                case .success(let reply): Self.sum(reply, increment)
                case .failure(let error): .failure(Self.translated(error, increment.key))
                }
            }
        } catch let error as RedisError {
            return increments.map { .failure(Self.translated(error, $0.key)) }
        }
    }

    private static func request(for increment: CounterIncrement) -> RedisRequest<RESPValue> {
        let isUnbounded = increment.bounds == .min ... .max
        if isUnbounded, increment.lifetime.milliseconds == nil {
            return RedisRequest(RedisCommand("INCRBY", increment.key.text, increment.delta))
        }
        let bounds: [ScriptArgument] =
            isUnbounded ? [] : [.integer(increment.bounds.lowerBound), .integer(increment.bounds.upperBound)]
        return CollectionScripts.increment.request(
            keys: [increment.key.text],
            arguments: Self.lifetime(increment.lifetime) + [.integer(increment.delta)] + bounds,
            as: RESPValue.self
        )
    }

    private static func sum(_ reply: RESPValue, _ increment: CounterIncrement) -> Result<Int64, CacheError> {
        if case .simpleString = reply { return .failure(.integerOverflow(increment.key, increment.bounds)) }
        if case .error(let error) = reply { return .failure(Self.translated(RedisError(error), increment.key)) }
        guard let sum = try? Int64(resp: reply) else {
            return .failure(Self.unexpectedReply(to: "an addition", increment.key))
        }
        return .success(sum)
    }

    /// Sets a counter.
    public func set(_ key: CollectionKey, to value: Int64, _ lifetime: CollectionLifetime) async throws -> Int64? {
        let before = try await self.run(
            CollectionScripts.setCounter,
            [key.text],
            key,
            Self.lifetime(lifetime) + [.integer(value)],
            as: [UInt8]?.self
        )
        return try before.map { try Self.integer($0, key) }
    }

    private static func integer(_ digits: [UInt8], _ key: CollectionKey) throws -> Int64 {
        guard let text = String(validating: digits, as: UTF8.self), let integer = Int64(text) else {
            throw CacheError.notAnInteger(key)
        }
        return integer
    }
}

extension CollectionScripts {
    /// Compares integers of 64 bits by their digits: Lua's own numbers are exact to 2^53 only.
    static let comparison = """
        local function less(a, b)
          local a_negative, b_negative = string.sub(a, 1, 1) == '-', string.sub(b, 1, 1) == '-'
          if a_negative ~= b_negative then return a_negative end
          if a_negative then a, b = string.sub(b, 2), string.sub(a, 2) end
          if #a ~= #b then return #a < #b end
          return a < b
        end

        """

    /// Adds `ARGV[3]`; with `ARGV[4]` and `ARGV[5]`, the least and the greatest sum, it is taken back where that is left.
    static let increment = Self.writing(
        Self.comparison + """
            local before = ARGV[4] and redis.call('GET', KEYS[1])
            redis.call('INCRBY', KEYS[1], ARGV[3])
            local sum = redis.call('GET', KEYS[1])
            if ARGV[4] and (less(sum, ARGV[4]) or less(ARGV[5], sum)) then
              if before then
                redis.call('SET', KEYS[1], before, 'KEEPTTL')
              else
                redis.call('DEL', KEYS[1])
              end
              return redis.status_reply('BOUNDS')
            end
            live(KEYS[1])
            return sum
            """
    )

    /// Sets a counter to `ARGV[3]`.
    static let setCounter = Self.writing(
        """
        local before = redis.call('GET', KEYS[1])
        if before and not string.find(before, '^-?%d+$') then
          return redis.error_reply('ERR value is not an integer')
        end
        redis.call('SET', KEYS[1], ARGV[3], 'KEEPTTL')
        live(KEYS[1])
        return before
        """
    )
}
