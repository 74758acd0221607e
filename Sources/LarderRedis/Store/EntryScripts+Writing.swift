import LarderRedisClient

/// Writing and removing entries, whoever holds their leases.
extension EntryScripts {
    /// Writes entries and ends their leases.
    ///
    /// `ARGV`: first, condition (`always`, `absent`, `present`), then for each entry head, value, milliseconds to live,
    /// names of its tags. Returns 1 or 0 for each.
    static let write = EntryScript(
        judging: .entries,
        """
        local stamp = current_stamp()
        local answers = {}
        for key, lease_key, a in entries(1, 4) do
          local allowed = true
          if ARGV[2] ~= 'always' then
            allowed = (state(key, stamp) == 'fresh') == (ARGV[2] == 'present')
          end
          if allowed then
            local marks = take_all(ARGV[a + 3], stamp, tonumber(ARGV[a + 2]))
            store(key, ARGV[a], ARGV[a + 1], ARGV[a + 2], stamp, marks)
            end_lease(lease_key)
          end
          answers[#answers + 1] = allowed and 1 or 0
        end
        return answers
        """
    )

    /// Removes entries and ends their leases.
    ///
    /// Returns for each whether it was fresh.
    static let remove = EntryScript(
        judging: .entries,
        """
        local stamp = current_stamp()
        local answers = {}
        for key, lease_key in entries(0, 0) do
          answers[#answers + 1] = state(key, stamp) == 'fresh' and 1 or 0
          redis.call('UNLINK', key)
          end_lease(lease_key)
        end
        return answers
        """
    )

    /// Adds to an integer, which stands behind the header with its most significant byte first.
    ///
    /// Lua's numbers are doubles and cannot add 64 bits; `BITFIELD` can, in place, and refuses to overflow.
    /// `ARGV`: first, what to add, smallest and largest sum (eight bytes each, with the sign bit turned over, so that
    /// they compare as bytes), and to make an entry where there is none, head, value, milliseconds to live, names of its
    /// tags, 1 if the sum is within bounds then.
    /// Returns `{0, the sum's eight bytes}`, `{1}` (absent), `{2}` (not an integer), `{3}` (out of bounds).
    static let increment = EntryScript(
        judging: .entries,
        """
        local function below(left, right)
          for i = 1, 8 do
            local l, r = string.byte(left, i), string.byte(right, i)
            if l ~= r then return l < r end
          end
          return false
        end
        local stamp = current_stamp()
        local key, lease_key = entries(0, 0)()
        local found, header = state(key, stamp)
        local created = found ~= 'fresh'
        if created then
          if #ARGV < 9 then return { 1 } end
          if ARGV[9] ~= '1' then return { 3 } end
          store(key, ARGV[5], ARGV[6], ARGV[7], stamp, take_all(ARGV[8], stamp, tonumber(ARGV[7])))
          header = redis.call('GETRANGE', key, 0, 39)
        end
        local offset = struct.unpack('<I2', header, 7)
        if string.sub(header, 3, 6) ~= '\\2\\0\\0\\0' or redis.call('STRLEN', key) ~= offset + 8 then return { 2 } end
        local before = redis.call('GETRANGE', key, offset, offset + 7)
        local sum = redis.call('BITFIELD', key, 'OVERFLOW', 'FAIL', 'INCRBY', 'i64', offset * 8, ARGV[2])[1]
        local after = redis.call('GETRANGE', key, offset, offset + 7)
        local flipped = string.char((string.byte(after, 1) + 128) % 256) .. string.sub(after, 2)
        if not sum or below(flipped, ARGV[3]) or below(ARGV[4], flipped) then
          redis.call('SETRANGE', key, offset, before)
          return { 3 }
        end
        end_lease(lease_key)
        return { 0, after }
        """
    )

    /// Adds to the end of a value.
    ///
    /// `ARGV`: first, codec as a number, what to add, and to make an entry where there is none, head, value,
    /// milliseconds to live, names of its tags. Returns the value's length, or -1 where the entry is of another kind.
    static let append = EntryScript(
        judging: .entries,
        """
        local stamp = current_stamp()
        local key, lease_key = entries(0, 0)()
        local found, header = state(key, stamp)
        local length
        if found == 'fresh' then
          if string.sub(header, 3, 6) ~= string.char(ARGV[2]) .. '\\0\\0\\0' then return -1 end
          length = redis.call('APPEND', key, ARGV[3]) - #header
        else
          store(key, ARGV[4], ARGV[5], ARGV[6], stamp, take_all(ARGV[7], stamp, tonumber(ARGV[6])))
          length = #ARGV[3]
        end
        end_lease(lease_key)
        return length
        """
    )

    /// Gives a fresh entry another lifetime, and its tags a longer one where it needs that.
    ///
    /// `ARGV`: first, the header's 16 bytes of durations, milliseconds to live.
    static let touch = EntryScript(
        judging: .entries,
        """
        local stamp = current_stamp()
        local key = entries(2, 0)()
        local found, _, marks = state(key, stamp)
        if found ~= 'fresh' then return 0 end
        redis.call('SETRANGE', key, 16, ARGV[2])
        redis.call('PEXPIRE', key, ARGV[3])
        for _, mark in ipairs(marks) do keep(mark.name, tonumber(ARGV[3])) end
        return 1
        """
    )
}
