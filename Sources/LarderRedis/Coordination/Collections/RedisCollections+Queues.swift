public import Larder
import LarderRedisClient
import Logging

extension RedisCollections {
    /// Puts elements to the end of a queue.
    public func enqueue(
        _ elements: [[UInt8]],
        to key: CollectionKey,
        limit: QueueLimit?,
        _ lifetime: CollectionLifetime
    ) async throws -> Int {
        let count = try await self.run(
            QueueScripts.enqueue,
            self.names(of: key),
            key,
            Self.lifetime(lifetime) + [
                Self.count(limit?.count ?? 0), .integer(limit?.dropsOldest ?? false ? 1 : 0),
            ] + elements.map { .bytes($0) },
            as: Int.self
        )
        if count < 0, let limit { throw CacheError.queueFull(key, limit) }
        return count
    }

    /// Takes elements from the front of a queue.
    public func dequeue(
        _ count: Int,
        from key: CollectionKey,
        reservingFor milliseconds: Int64?,
        _ lifetime: CollectionLifetime
    ) async throws -> [QueueItem] {
        let items = try await self.run(
            QueueScripts.dequeue,
            self.names(of: key),
            key,
            Self.lifetime(lifetime) + [
                Self.count(count), milliseconds.map { .integer($0) } ?? .text(""), .random,
            ],
            as: [[UInt8]].self
        )
        guard milliseconds != nil else { return items.map { QueueItem(element: $0) } }
        return try items.map { item in
            guard item.count >= QueueScripts.markLength else { throw Self.unexpectedReply(to: "a reservation", key) }
            return QueueItem(
                element: Array(item[QueueScripts.markLength...]),
                reservation: Array(item[..<QueueScripts.markLength])
            )
        }
    }

    /// Puts elements back to the front of a queue.
    public func putBack(
        _ items: [QueueItem],
        to key: CollectionKey,
        _ lifetime: CollectionLifetime
    ) async throws -> Int {
        let arguments = items.flatMap { item in
            [ScriptArgument.integer(item.reservation.isEmpty ? 0 : 1), .bytes(item.reservation + item.element)]
        }
        return try await self.run(
            QueueScripts.putBack,
            self.names(of: key),
            key,
            Self.lifetime(lifetime) + arguments,
            as: Int.self
        )
    }

    /// Ends a reservation.
    public func acknowledge(
        _ item: QueueItem,
        of key: CollectionKey,
        _ lifetime: CollectionLifetime
    ) async throws -> Bool {
        try await self.run(
            QueueScripts.acknowledge,
            self.names(of: key),
            key,
            Self.lifetime(lifetime) + [.bytes(item.reservation + item.element)],
            as: Bool.self
        )
    }

    /// Lets a reservation last longer.
    public func renew(
        _ item: QueueItem,
        of key: CollectionKey,
        for milliseconds: Int64,
        _ lifetime: CollectionLifetime
    ) async throws -> Bool {
        try await self.run(
            QueueScripts.renew,
            self.names(of: key),
            key,
            Self.lifetime(lifetime) + [.bytes(item.reservation + item.element), .integer(milliseconds)],
            as: Bool.self
        )
    }

    /// How many elements wait, and how many are reserved.
    public func counts(of key: CollectionKey) async throws -> (waiting: Int, reserved: Int) {
        let counts = try await self.run(QueueScripts.counts, self.names(of: key), key, [], as: [Int].self)
        guard counts.count == 2 else { throw Self.unexpectedReply(to: "a count", key) }
        return (counts[0], counts[1])
    }

    /// The elements that wait.
    public func peek(_ key: CollectionKey, atMost count: Int) async throws -> [[UInt8]] {
        try await self.run(QueueScripts.peek, self.names(of: key), key, [Self.count(count)], as: [[UInt8]].self)
    }

    /// Begins to listen for elements, on the channel that is named like the queue.
    ///
    /// All listeners of a client share one connection.
    public func listen(to key: CollectionKey) async throws -> (any CollectionSignal)? {
        guard let client = self.client as? any RedisSubscriber else { return nil }
        let wake = LeaseWakeUp()
        do {
            let subscription = try await client.listen(to: key.text) { wake.heard($0) }
            return RedisCollectionSignal(wake: wake, subscription: subscription)
        } catch let error as RedisError {
            self.logger.debug("Nobody can listen for elements", metadata: ["larder.error": "\(error)"])
            return nil
        }
    }

    /// This machine's clock: a wait is no part of what the server keeps.
    public var waitClock: CacheClock { .system }
}

/// A queue that is listened for.
private struct RedisCollectionSignal: CollectionSignal {
    let wake: LeaseWakeUp
    let subscription: Subscription

    func wait(atMost duration: Duration) async throws { try await self.wake.wait(atMost: duration) }

    func cancel() { self.subscription.cancel() }
}

/// What queues do in Redis.
///
/// `KEYS[1]` is a list of what waits, the oldest first, and `KEYS[2]` a sorted set of what is reserved, by the end of the
/// reservation on the server's clock in milliseconds; its members are the elements behind 16 bytes that tell one reservation
/// from others.
///
/// Both have one lifetime. Whichever goes when it is empty takes its end along, so who makes it again gets that of the other:
/// `settle`, which a write tells that it is one: only then a sliding lifetime begins anew, and only then what has no end gets
/// one.
///
/// The channel named like the queue hears of elements only where there were none: whoever waits has looked and found none,
/// and looks again whenever it hears something. A queue that has elements has told everybody already.
enum QueueScripts {
    static let markLength = 16

    private static let common = """
        local function now()
          local time = redis.call('TIME')
          return time[1] * 1000 + math.floor(time[2] / 1000)
        end

        """

    private static let prelude =
        Self.common + """
            local left, was = -2, redis.call('LLEN', KEYS[1])
            for _, key in ipairs(KEYS) do
              local time = redis.call('PTTL', key)
              if time == -1 then
                left = -1
                break
              end
              left = math.max(left, time)
            end
            local function settle(is_write)
              local lives = is_write and ARGV[1] ~= '0'
              for _, key in ipairs(KEYS) do
                if lives and ARGV[2] == '1' then
                  redis.call('PEXPIRE', key, ARGV[1])
                elseif redis.call('PTTL', key) == -1 then
                  if left > 0 then
                    redis.call('PEXPIRE', key, left)
                  elseif lives then
                    redis.call('PEXPIRE', key, ARGV[1])
                  end
                end
              end
              if was == 0 and redis.call('EXISTS', KEYS[1]) == 1 then redis.pcall('PUBLISH', KEYS[1], '1') end
            end
            local function reclaim()
              if redis.call('EXISTS', KEYS[2]) == 0 then return false end
              local due = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now(), 'LIMIT', 0, 1000)
              for i = #due, 1, -1 do
                redis.call('LPUSH', KEYS[1], string.sub(due[i], 17))
                redis.call('ZREM', KEYS[2], due[i])
              end
              return #due > 0
            end

            """

    /// `ARGV[3]` is how many elements may wait, 0 for any number, `ARGV[4]` 1 where the oldest leave.
    static let enqueue = RedisScript(
        Self.prelude + """
            local limit, count = tonumber(ARGV[3]), #ARGV - 4
            if limit > 0 and ARGV[4] == '0' and was + count > limit then return -1 end
            for i = 5, #ARGV, 4000 do
              redis.call('RPUSH', KEYS[1], unpack(ARGV, i, math.min(i + 3999, #ARGV)))
            end
            if limit > 0 then redis.call('LTRIM', KEYS[1], -limit, -1) end
            settle(true)
            return redis.call('LLEN', KEYS[1])
            """
    )

    /// `ARGV[3]` is how many elements to take, `ARGV[4]` for how many milliseconds, empty for good, `ARGV[5]` random bytes.
    static let dequeue = RedisScript(
        Self.prelude + """
            local changed = reclaim()
            local taken = redis.call('LPOP', KEYS[1], ARGV[3]) or {}
            if #taken > 0 and ARGV[4] ~= '' then
              local till = string.format('%.0f', now() + ARGV[4])
              for i, element in ipairs(taken) do
                taken[i] = string.sub(ARGV[5], 1, 12) .. struct.pack('>I4', i) .. element
                redis.call('ZADD', KEYS[2], till, taken[i])
              end
            end
            if changed or #taken > 0 then settle(#taken > 0) end
            return taken
            """
    )

    /// From `ARGV[3]` on, for each element whether it is reserved, and the element, behind its mark if it is.
    static let putBack = RedisScript(
        Self.prelude + """
            local changed, count = reclaim(), 0
            for i = #ARGV - 1, 3, -2 do
              local element = ARGV[i + 1]
              if ARGV[i] == '0' then
                redis.call('LPUSH', KEYS[1], element)
                count = count + 1
              elseif redis.call('ZREM', KEYS[2], element) == 1 then
                redis.call('LPUSH', KEYS[1], string.sub(element, 17))
                count = count + 1
              end
            end
            if changed or count > 0 then settle(count > 0) end
            return count
            """
    )

    private static let standing =
        Self.prelude + """
            local till = redis.call('ZSCORE', KEYS[2], ARGV[3])
            if not till or tonumber(till) <= now() then return 0 end

            """

    /// Ends the reservation `ARGV[3]`.
    static let acknowledge = RedisScript(
        Self.standing + """
            redis.call('ZREM', KEYS[2], ARGV[3])
            settle(true)
            return 1
            """
    )

    /// Lets the reservation `ARGV[3]` last `ARGV[4]` milliseconds from now.
    static let renew = RedisScript(
        Self.standing + """
            redis.call('ZADD', KEYS[2], 'XX', string.format('%.0f', now() + ARGV[4]), ARGV[3])
            settle(true)
            return 1
            """
    )

    /// How many elements wait, those included whose reservation is over, and how many are reserved.
    static let counts = RedisScript(
        Self.common + """
            local waiting, due, all = redis.call('LLEN', KEYS[1]), 0, redis.call('ZCARD', KEYS[2])
            if all > 0 then due = redis.call('ZCOUNT', KEYS[2], '-inf', now()) end
            return { waiting + due, all - due }
            """
    )

    /// The first `ARGV[1]` elements.
    static let peek = RedisScript(
        Self.common + """
            local found = {}
            if redis.call('EXISTS', KEYS[2]) == 1 then
              for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now(), 'LIMIT', 0, ARGV[1])) do
                found[#found + 1] = string.sub(member, 17)
              end
            end
            local rest = tonumber(ARGV[1]) - #found
            if rest > 0 then
              for _, element in ipairs(redis.call('LRANGE', KEYS[1], 0, rest - 1)) do found[#found + 1] = element end
            end
            return found
            """
    )
}
