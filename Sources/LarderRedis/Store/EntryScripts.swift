import LarderRedisClient

/// The scripts of the store.
///
/// What belongs together happens in one of them, so nobody ever sees half of it.
///
/// `KEYS[1]` is always the namespace's stamp: eight bytes of generation, eight of fill epoch. After it come, for each entry,
/// its key and the key of its lease, which lies in the same slot. `ARGV[1]` is a new stamp for a namespace that has none.
enum EntryScripts {
    /// Shared by all scripts.
    ///
    /// `state` tells whether an entry is fresh, as every verb has to see it, and hands out its header; an entry that is
    /// ours but of an old generation is `dead`. It reads the header only, however large the value is. What is not ours, of
    /// another type than a string or with a header that this version does not read, is `absent`.
    private static let prelude = """
        local function text(key)
          local value = redis.pcall('GET', key)
          return type(value) == 'string' and value
        end
        local function current_stamp()
          local stamp = text(KEYS[1])
          if not stamp or #stamp ~= 16 then
            stamp = ARGV[1]
            redis.call('SET', KEYS[1], stamp)
          end
          return stamp
        end
        local function state(key, stamp)
          local header = redis.pcall('GETRANGE', key, 0, 39)
          if type(header) ~= 'string' or #header < 40 or string.sub(header, 1, 2) ~= 'L\\1'
            or string.byte(header, 4) ~= 0 or string.byte(header, 5) > 1
            or struct.unpack('<I2', header, 7) ~= 40 then return 'absent' end
          if string.sub(header, 33, 40) ~= string.sub(stamp, 1, 8) then return 'dead' end
          local fresh, grace = struct.unpack('<I8I8', header, 17)
          if fresh > 0 and grace > 0 and redis.call('PTTL', key) <= grace then return 'stale' end
          return 'fresh', header, fresh
        end
        local function store(key, head, rest, milliseconds, stamp)
          redis.call('SET', key, head .. string.sub(stamp, 1, 8) .. rest, 'PX', milliseconds)
        end

        """

    private static func script(_ source: String) -> RedisScript {
        RedisScript(prelude + source)
    }

    /// Reads entries and takes the leases of those that are absent.
    ///
    /// `ARGV`: new stamp, token, milliseconds of the lease, `1` to take it even from a fresh entry.
    /// Returns the stamp, then for each entry `{0}` (the lease is granted), `{1, entry, milliseconds left}`, or
    /// `{2, token of the holder}`.
    static let lease = script(
        """
        local stamp = current_stamp()
        local answers = { stamp }
        for i = 2, #KEYS, 2 do
          local found = state(KEYS[i], stamp)
          if (found == 'fresh' or found == 'stale') and ARGV[4] ~= '1' then
            answers[#answers + 1] = { 1, redis.call('GET', KEYS[i]), redis.call('PTTL', KEYS[i]) }
          else
            if found == 'dead' then redis.call('UNLINK', KEYS[i]) end
            local held = text(KEYS[i + 1])
            if held and #held == 32 and string.sub(held, 17) == stamp then
              answers[#answers + 1] = { 2, string.sub(held, 1, 16) }
            else
              redis.call('SET', KEYS[i + 1], ARGV[2] .. stamp, 'PX', ARGV[3])
              answers[#answers + 1] = { 0 }
            end
          end
        end
        return answers
        """
    )

    /// Writes entries under their leases, where those and the stamps they were granted under still stand.
    ///
    /// `ARGV`: new stamp (not used), then for each entry token and stamp of its lease, head, rest, milliseconds to live.
    /// Returns 1 or 0 for each.
    static let commit = script(
        """
        local stamp = text(KEYS[1])
        local answers = {}
        for i = 2, #KEYS, 2 do
          local a = 2 + (i - 2) / 2 * 4
          local lease = text(KEYS[i + 1])
          if stamp and lease and lease == ARGV[a] and string.sub(lease, 17) == stamp then
            store(KEYS[i], ARGV[a + 1], ARGV[a + 2], ARGV[a + 3], stamp)
            redis.call('DEL', KEYS[i + 1])
            answers[#answers + 1] = 1
          else
            answers[#answers + 1] = 0
          end
        end
        return answers
        """
    )

    /// Gives leases back.
    ///
    /// `ARGV`: new stamp (not used), then the token of each lease.
    static let release = script(
        """
        for i = 2, #KEYS, 2 do
          local lease = text(KEYS[i + 1])
          if lease and string.sub(lease, 1, 16) == ARGV[i / 2 + 1] then redis.call('DEL', KEYS[i + 1]) end
        end
        return 0
        """
    )

    /// Writes entries and ends their leases.
    ///
    /// `ARGV`: new stamp, condition (`always`, `absent`, `present`), then for each entry head, rest, milliseconds to live.
    /// Returns 1 or 0 for each.
    static let write = script(
        """
        local stamp = current_stamp()
        local answers = {}
        for i = 2, #KEYS, 2 do
          local a = 3 + (i - 2) / 2 * 3
          local allowed = true
          if ARGV[2] ~= 'always' then
            allowed = (state(KEYS[i], stamp) == 'fresh') == (ARGV[2] == 'present')
          end
          if allowed then
            store(KEYS[i], ARGV[a], ARGV[a + 1], ARGV[a + 2], stamp)
            redis.call('DEL', KEYS[i + 1])
          end
          answers[#answers + 1] = allowed and 1 or 0
        end
        return answers
        """
    )

    /// Removes entries and ends their leases.
    ///
    /// Returns for each whether it was fresh.
    static let remove = script(
        """
        local stamp = current_stamp()
        local answers = {}
        for i = 2, #KEYS, 2 do
          answers[#answers + 1] = state(KEYS[i], stamp) == 'fresh' and 1 or 0
          redis.call('UNLINK', KEYS[i], KEYS[i + 1])
        end
        return answers
        """
    )

    /// Says for each entry whether it is fresh; those that are dead go, and those for ever stay longer.
    ///
    /// Whether an entry is for ever has to be asked here: the one that a reader saw may have been replaced by one that ends
    /// soon. `ARGV`: new stamp, milliseconds for which an entry for ever is kept; 0 leaves it.
    static let survey = script(
        """
        local stamp = current_stamp()
        local answers = {}
        for i = 2, #KEYS, 2 do
          local found, _, lifetime = state(KEYS[i], stamp)
          if found == 'dead' then redis.call('UNLINK', KEYS[i]) end
          if found == 'fresh' and lifetime == 0 and ARGV[2] ~= '0' then
            redis.call('PEXPIRE', KEYS[i], ARGV[2])
          end
          answers[#answers + 1] = found == 'fresh' and 1 or 0
        end
        return answers
        """
    )

    /// Adds to an integer, which stands behind the header with its most significant byte first.
    ///
    /// Lua's numbers are doubles and cannot add 64 bits; `BITFIELD` can, in place, and refuses to overflow.
    /// `ARGV`: new stamp, what to add, smallest and largest sum (eight bytes each, with the sign bit turned over, so that
    /// they compare as bytes), and to make an entry where there is none, head, rest, milliseconds to live.
    /// Returns `{0, the sum's eight bytes}`, `{1}` (absent), `{2}` (not an integer), `{3}` (out of bounds).
    static let increment = script(
        """
        local function below(left, right)
          for i = 1, 8 do
            local l, r = string.byte(left, i), string.byte(right, i)
            if l ~= r then return l < r end
          end
          return false
        end
        local stamp = current_stamp()
        local key = KEYS[2]
        local found, header = state(key, stamp)
        local created = found ~= 'fresh'
        if created then
          if #ARGV < 7 then return { 1 } end
          store(key, ARGV[5], ARGV[6], ARGV[7], stamp)
          header = redis.call('GETRANGE', key, 0, 39)
        end
        local offset = struct.unpack('<I2', header, 7)
        if string.byte(header, 3) ~= 2 or string.byte(header, 5) ~= 0
          or redis.call('STRLEN', key) ~= offset + 8 then return { 2 } end
        local before = redis.call('GETRANGE', key, offset, offset + 7)
        local sum = redis.call('BITFIELD', key, 'OVERFLOW', 'FAIL', 'INCRBY', 'i64', offset * 8, ARGV[2])[1]
        local after = redis.call('GETRANGE', key, offset, offset + 7)
        local flipped = string.char((string.byte(after, 1) + 128) % 256) .. string.sub(after, 2)
        if not sum or below(flipped, ARGV[3]) or below(ARGV[4], flipped) then
          if created then redis.call('DEL', key) else redis.call('SETRANGE', key, offset, before) end
          return { 3 }
        end
        redis.call('DEL', KEYS[3])
        return { 0, after }
        """
    )

    /// Adds to the end of a value.
    ///
    /// `ARGV`: new stamp, codec as a number, what to add, and to make an entry where there is none, head, rest,
    /// milliseconds to live. Returns the value's length, or -1 where the entry is of another kind.
    static let append = script(
        """
        local stamp = current_stamp()
        local key = KEYS[2]
        local found, header = state(key, stamp)
        local length
        if found == 'fresh' then
          if string.byte(header, 3) ~= tonumber(ARGV[2]) or string.byte(header, 5) ~= 0 then return -1 end
          length = redis.call('APPEND', key, ARGV[3]) - struct.unpack('<I2', header, 7)
        else
          store(key, ARGV[4], ARGV[5], ARGV[6], stamp)
          length = #ARGV[3]
        end
        redis.call('DEL', KEYS[3])
        return length
        """
    )

    /// Gives a fresh entry another lifetime.
    ///
    /// `ARGV`: new stamp, the header's 16 bytes of durations, milliseconds to live.
    static let touch = script(
        """
        local stamp = current_stamp()
        if state(KEYS[2], stamp) ~= 'fresh' then return 0 end
        redis.call('SETRANGE', KEYS[2], 16, ARGV[2])
        redis.call('PEXPIRE', KEYS[2], ARGV[3])
        return 1
        """
    )

    /// Gives the namespace a new fill epoch, which leaves every lease void.
    ///
    /// `ARGV`: new stamp.
    static let raiseEpoch = script(
        """
        if current_stamp() ~= ARGV[1] then redis.call('SETRANGE', KEYS[1], 8, string.sub(ARGV[1], 9)) end
        return 0
        """
    )
}
