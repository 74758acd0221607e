import LarderRedisClient

/// What the scripts on collections have in common.
enum CollectionScripts {
    /// How a script may divide the arguments of a command.
    enum Group: String {
        /// Not at all.
        case whole = "0"
        /// By elements; what the command returns last is the result.
        case elementsLast = "1"
        /// By elements; the sum of what the command returns is the result.
        case elementsSum = "2"
    }

    /// `ARGV[1]` is the lifetime in milliseconds, 0 without one, and `ARGV[2]` 1 where each write begins it anew.
    ///
    /// `live` gives a key its end: where it has none yet, or with each write. What is not there gets none.
    static let prelude = """
        local function live(key)
          if ARGV[1] ~= '0' and (ARGV[2] == '1' or redis.call('PTTL', key) == -1) then
            redis.call('PEXPIRE', key, ARGV[1])
          end
        end

        """

    /// A script that writes to collections with a lifetime.
    ///
    /// - Parameter body: The body, which calls `live(key)` after it has written, and takes its own arguments from `ARGV[3]`
    ///   on.
    /// - Returns: The script.
    static func writing(_ body: String) -> RedisScript { RedisScript(Self.prelude + body) }

    /// Any command on one key.
    ///
    /// `ARGV[3]` is how its arguments may be divided (see `Group`), `ARGV[4]` its name.
    ///
    /// Lua takes 8,000 values at a time from a table; 4,000 is an even number, so that fields stay with their values.
    static let write = Self.writing(
        """
        local result
        if #ARGV <= 4004 or ARGV[3] == '0' then
          result = redis.call(ARGV[4], KEYS[1], unpack(ARGV, 5))
        else
          for i = 5, #ARGV, 4000 do
            local part = redis.call(ARGV[4], KEYS[1], unpack(ARGV, i, math.min(i + 3999, #ARGV)))
            result = ARGV[3] == '2' and (result or 0) + part or part
          end
        end
        live(KEYS[1])
        return result
        """
    )

    /// The longest time that any of the keys has left: -2 where there is none.
    static let timeLeft = RedisScript(
        """
        local longest = -2
        for _, key in ipairs(KEYS) do
          local left = redis.call('PTTL', key)
          if left == -1 then return -1 end
          if left > longest then longest = left end
        end
        return longest
        """
    )

    /// Moves the end of all keys: in `ARGV[1]` milliseconds, or never where it is empty.
    static let expire = RedisScript(
        """
        local found = 0
        for _, key in ipairs(KEYS) do
          if redis.call('EXISTS', key) == 1 then
            found = 1
            if ARGV[1] == '' then redis.call('PERSIST', key) else redis.call('PEXPIRE', key, ARGV[1]) end
          end
        end
        return found
        """
    )
}
