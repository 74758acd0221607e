import LarderRedisClient

/// The script that compares the servers of a namespace with those that answer.
enum LossScripts {
    /// Makes the namespace cold if one of the identities is not known to it, and knows them all from then on.
    ///
    /// `KEYS`: stamp, serial, the sorted set of identities by when they were last met. `ARGV`: 16 random bytes for a new stamp, the
    /// identities. Returns 1 if it was made cold.
    static let admit = RedisScript(
        """
        local is_known = true
        for i = 2, #ARGV do
          if not redis.call('ZSCORE', KEYS[3], ARGV[i]) then is_known = false end
        end
        if not is_known then
          redis.call('MSET', KEYS[1], ARGV[1], KEYS[2], string.rep(string.char(0), 8))
        end
        local now = redis.call('TIME')[1]
        for i = 2, #ARGV do redis.call('ZADD', KEYS[3], now, ARGV[i]) end
        redis.call('ZREMRANGEBYRANK', KEYS[3], 0, -1001)
        return is_known and 0 or 1
        """
    )
}
