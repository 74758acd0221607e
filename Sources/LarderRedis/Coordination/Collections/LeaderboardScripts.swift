import LarderRedisClient

/// What happens to a sorted set in one step.
enum LeaderboardScripts {
    /// `keep` removes all but the best `count`, of which the highest are the best where `order` is `1`.
    private static let keeping = """
        local function keep(count, order)
          if count == '0' then return end
          if order == '1' then
            redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -count - 1)
          else
            redis.call('ZREMRANGEBYRANK', KEYS[1], count, -1)
          end
        end

        """

    /// Gives members scores.
    ///
    /// `ARGV[3]` is the condition as `ZADD` has it, or empty; `ARGV[4]` and `ARGV[5]` are what is
    /// kept; then come scores and members.
    static let set = CollectionScripts.writing(
        Self.keeping + """
            local changed = 0
            for i = 6, #ARGV, 4000 do
              local last = math.min(i + 3999, #ARGV)
              if ARGV[3] == '' then
                changed = changed + redis.call('ZADD', KEYS[1], 'CH', unpack(ARGV, i, last))
              else
                changed = changed + redis.call('ZADD', KEYS[1], ARGV[3], 'CH', unpack(ARGV, i, last))
              end
            end
            keep(ARGV[4], ARGV[5])
            live(KEYS[1])
            return changed
            """
    )

    /// Adds `ARGV[5]` to the score of `ARGV[6]`; `ARGV[3]` and `ARGV[4]` are what is kept.
    ///
    /// Answers `nan` where the sum would be no number.
    static let increment = CollectionScripts.writing(
        Self.keeping + """
            local score = redis.pcall('ZINCRBY', KEYS[1], ARGV[5], ARGV[6])
            if type(score) == 'table' then
              if score.err and string.find(score.err, 'not a number (NaN)', 1, true) then return 'nan' end
              return score
            end
            keep(ARGV[3], ARGV[4])
            live(KEYS[1])
            return score
            """
    )

    /// The rank of the first and the members around `ARGV[2]`, by `ARGV[3]` on each side; ranks as `ARGV[1]` has them, which
    /// is `ZRANK` or `ZREVRANK`.
    static let around = RedisScript(
        """
        local rank = redis.call(ARGV[1], KEYS[1], ARGV[2])
        if not rank then return { 0, {} } end
        local first = math.max(0, rank - ARGV[3])
        local range = ARGV[1] == 'ZRANK' and 'ZRANGE' or 'ZREVRANGE'
        return { first, redis.call(range, KEYS[1], first, rank + ARGV[3], 'WITHSCORES') }
        """
    )

    /// The rank of the first and the members with scores from `ARGV[2]` to `ARGV[3]` in the order of ranks, `ARGV[5]` of them
    /// behind `ARGV[4]`.
    static let byScore = RedisScript(
        """
        local range = ARGV[1] == 'ZRANK' and 'ZRANGEBYSCORE' or 'ZREVRANGEBYSCORE'
        local found = redis.call(range, KEYS[1], ARGV[2], ARGV[3], 'WITHSCORES', 'LIMIT', ARGV[4], ARGV[5])
        if #found == 0 then return { 0, {} } end
        return { redis.call(ARGV[1], KEYS[1], found[1]), found }
        """
    )

    /// Puts the union of all keys but the first in the first, whose end stays.
    ///
    /// `ARGV[3]` is what becomes of scores,
    /// `ARGV[4]` and `ARGV[5]` are what is kept.
    static let storeUnion = CollectionScripts.writing(
        Self.keeping + """
            redis.call('ZCARD', KEYS[1])
            local left = redis.call('PTTL', KEYS[1])
            local command = { 'ZUNIONSTORE', KEYS[1], #KEYS - 1 }
            for i = 2, #KEYS do command[i + 2] = KEYS[i] end
            command[#command + 1] = 'AGGREGATE'
            command[#command + 1] = ARGV[3]
            redis.call(unpack(command))
            keep(ARGV[4], ARGV[5])
            if left > 0 then redis.call('PEXPIRE', KEYS[1], left) end
            live(KEYS[1])
            return redis.call('ZCARD', KEYS[1])
            """
    )
}
