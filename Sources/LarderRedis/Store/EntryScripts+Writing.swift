/// Writing and removing entries, whoever holds their leases.
extension EntryScripts {
    /// Writes entries and ends their leases.
    ///
    /// `ARGV`: random, condition (`always`, `absent`, `present`), then for each entry head, value, milliseconds to live,
    /// names of its tags. Returns 1 or 0 for each.
    static let write = script(
        """
        local stamp = current_stamp()
        local answers = {}
        for i = 2, #KEYS, 2 do
          local a = 3 + (i - 2) / 2 * 4
          local allowed = true
          if ARGV[2] ~= 'always' then
            allowed = (state(KEYS[i], stamp) == 'fresh') == (ARGV[2] == 'present')
          end
          if allowed then
            local marks = take_all(ARGV[a + 3], stamp, tonumber(ARGV[a + 2]))
            store(KEYS[i], ARGV[a], ARGV[a + 1], ARGV[a + 2], stamp, marks)
            end_lease(KEYS[i + 1])
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
          redis.call('UNLINK', KEYS[i])
          end_lease(KEYS[i + 1])
        end
        return answers
        """
    )

    /// Adds to an integer, which stands behind the header with its most significant byte first.
    ///
    /// Lua's numbers are doubles and cannot add 64 bits; `BITFIELD` can, in place, and refuses to overflow.
    /// `ARGV`: random, what to add, smallest and largest sum (eight bytes each, with the sign bit turned over, so that
    /// they compare as bytes), and to make an entry where there is none, head, value, milliseconds to live, names of its
    /// tags.
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
          if #ARGV < 8 then return { 1 } end
          store(key, ARGV[5], ARGV[6], ARGV[7], stamp, take_all(ARGV[8], stamp, tonumber(ARGV[7])))
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
        end_lease(KEYS[3])
        return { 0, after }
        """
    )

    /// Adds to the end of a value.
    ///
    /// `ARGV`: random, codec as a number, what to add, and to make an entry where there is none, head, value,
    /// milliseconds to live, names of its tags. Returns the value's length, or -1 where the entry is of another kind.
    static let append = script(
        """
        local stamp = current_stamp()
        local key = KEYS[2]
        local found, header = state(key, stamp)
        local length
        if found == 'fresh' then
          if string.byte(header, 3) ~= tonumber(ARGV[2]) or string.byte(header, 5) ~= 0 then return -1 end
          length = redis.call('APPEND', key, ARGV[3]) - #header
        else
          store(key, ARGV[4], ARGV[5], ARGV[6], stamp, take_all(ARGV[7], stamp, tonumber(ARGV[6])))
          length = #ARGV[3]
        end
        end_lease(KEYS[3])
        return length
        """
    )

    /// Gives a fresh entry another lifetime, and its tags a longer one where it needs that.
    ///
    /// `ARGV`: random, the header's 16 bytes of durations, milliseconds to live.
    static let touch = script(
        """
        local stamp = current_stamp()
        local found, _, marks = state(KEYS[2], stamp)
        if found ~= 'fresh' then return 0 end
        redis.call('SETRANGE', KEYS[2], 16, ARGV[2])
        redis.call('PEXPIRE', KEYS[2], ARGV[3])
        for _, mark in ipairs(marks) do keep(mark.name, tonumber(ARGV[3])) end
        return 1
        """
    )
}
