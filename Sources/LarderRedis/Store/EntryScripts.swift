import LarderRedisClient

/// The scripts of the store.
///
/// What belongs together happens in one of them, so nobody ever sees half of it.
///
/// `KEYS[1]` is always the namespace's stamp: eight bytes of generation, eight of fill epoch, eight of serial, all
/// little-endian. After it come, for each entry, its key and the key of its lease, which lies in the same slot.
/// `ARGV[1]` is sixteen random bytes: generation and epoch of a namespace that has none, and generation and freshness of
/// tags that have none. They come from the client, since what Redis draws can be the same after a restart. All tags
/// that one script makes have the same two, which is fine: generations are only ever compared within a tag.
///
/// Tags come as names, each behind a byte with its length, or as marks in the format of ``EntryHeader``.
///
/// The keys of tags follow from what is in an entry, so no client can name them beforehand: the scripts compute them. That
/// is fine on one server, which does not ask what `KEYS` says; a cluster would.
enum EntryScripts {
    static func script(_ source: String) -> RedisScript {
        RedisScript(prelude + source)
    }

    /// Shared by all scripts.
    ///
    /// - `state` tells whether an entry is fresh, as every verb has to see it, and hands out its header, its marks and the
    ///   tag that has made it dead or stale; an entry that is ours but of an old generation, of the namespace or of a tag,
    ///   is `dead`. It reads the beginning only, however large the value is. What is not ours, of another type than a
    ///   string or with a header that this version does not read, is `absent`.
    /// - `tag` is a tag's record: generation, freshness, and the namespace's serial when it was last invalidated or made.
    ///   One that is lost leaves its entries dead.
    /// - `keep` sees to it that a record outlives what is bound to it. It never shortens a time (`PEXPIRE … GT` would say
    ///   that, from Redis 7 on), and gives a minute more than it has to, so that many entries under one tag do not move
    ///   its end each time.
    /// - `stands` tells whether a lease is one: under the stamp and the generations of its tags as they are.
    /// - `end_lease` tells those who listen on the channel of that name.
    private static let prelude = """
        local tag_prefix = string.sub(KEYS[1], 1, -6) .. 'tag:'
        local records = {}
        local function text(key)
          local value = redis.pcall('GET', key)
          return type(value) == 'string' and value
        end
        local function found_stamp()
          local stamp = text(KEYS[1])
          return stamp and #stamp == 24 and stamp
        end
        local function current_stamp()
          local stamp = found_stamp()
          if not stamp then
            stamp = ARGV[1] .. struct.pack('<I8', 0)
            redis.call('SET', KEYS[1], stamp)
          end
          return stamp
        end
        local function tag(name)
          local record = records[name]
          if record == nil then
            record = text(tag_prefix .. name)
            record = record and #record == 24 and record
            records[name] = record
          end
          return record
        end
        local function span(milliseconds)
          return math.max(milliseconds, 540000) + 60000
        end
        local function keep(name, milliseconds)
          local needed = span(milliseconds)
          if redis.call('PTTL', tag_prefix .. name) < needed then
            redis.call('PEXPIRE', tag_prefix .. name, string.format('%.0f', needed + 60000))
          end
        end
        local function write_tag(name, record, milliseconds)
          redis.call('SET', tag_prefix .. name, record, 'PX', string.format('%.0f', span(milliseconds) + 60000))
          records[name] = record
        end
        local function take(name, stamp, milliseconds)
          if tag(name) then
            keep(name, milliseconds)
          else
            write_tag(name, ARGV[1] .. string.sub(stamp, 17), milliseconds)
          end
          return string.sub(tag(name), 1, 16) .. string.char(#name) .. name
        end
        local function names_in(packed)
          local names, at = {}, 1
          while at <= #packed do
            local size = string.byte(packed, at)
            names[#names + 1] = string.sub(packed, at + 1, at + size)
            at = at + 1 + size
          end
          return names
        end
        local function take_all(packed, stamp, milliseconds)
          if packed == '' then return '' end
          local marks = {}
          for _, name in ipairs(names_in(packed)) do marks[#marks + 1] = take(name, stamp, milliseconds) end
          return table.concat(marks)
        end
        local function marks_in(bytes, at)
          local marks = {}
          while at <= #bytes do
            local size = string.byte(bytes, at + 16)
            if not size or size == 0 or at + 16 + size > #bytes then return nil end
            marks[#marks + 1] = {
              name = string.sub(bytes, at + 17, at + 16 + size),
              generation = string.sub(bytes, at, at + 7), freshness = string.sub(bytes, at + 8, at + 15) }
            at = at + 17 + size
          end
          return marks
        end
        local function is_current(mark)
          local record = tag(mark.name)
          return record and string.sub(record, 1, 8) == mark.generation
        end
        local function state(key, stamp)
          local header = redis.pcall('GETRANGE', key, 0, 255)
          if type(header) ~= 'string' or #header < 40 or string.sub(header, 1, 2) ~= 'L\\1'
            or string.byte(header, 4) ~= 0 or string.byte(header, 5) > 1 then return 'absent' end
          local length = struct.unpack('<I2', header, 7)
          if length > 256 then header = redis.call('GETRANGE', key, 0, length - 1) end
          if length < 40 or #header < length then return 'absent' end
          header = string.sub(header, 1, length)
          local marks = marks_in(header, 41)
          if not marks then return 'absent' end
          if not stamp or string.sub(header, 33, 40) ~= string.sub(stamp, 1, 8) then
            return 'dead', header, marks
          end
          local expired
          for _, mark in ipairs(marks) do
            if not is_current(mark) then return 'dead', header, marks, mark.name end
            if string.sub(tag(mark.name), 9, 16) ~= mark.freshness then expired = expired or mark.name end
          end
          local fresh, grace = struct.unpack('<I8I8', header, 17)
          if expired or (fresh > 0 and grace > 0 and redis.call('PTTL', key) <= grace) then
            return 'stale', header, marks, expired
          end
          return 'fresh', header, marks
        end
        local function store(key, head, value, milliseconds, stamp, marks)
          redis.call('SET', key, string.sub(head, 1, 6) .. struct.pack('<I2', 40 + #marks) .. string.sub(head, 9)
            .. string.sub(stamp, 1, 8) .. marks .. value, 'PX', milliseconds)
        end
        local function stands(lease, stamp)
          if not lease or not stamp or #lease < 40
            or string.sub(lease, 17, 32) ~= string.sub(stamp, 1, 16) then return false end
          local marks = marks_in(lease, 41)
          if not marks then return false end
          for _, mark in ipairs(marks) do
            if not is_current(mark) then return false end
          end
          return true
        end
        local function end_lease(key)
          if redis.call('DEL', key) == 1 then redis.pcall('PUBLISH', key, '1') end
        end

        """
}

/// Looking at entries.
extension EntryScripts {
    /// Reads entries together with the check of their tags, whichever those are.
    ///
    /// Its keys are the stamp and the entries, without leases. Dead entries go.
    /// Returns for each entry nothing, or `{entry, milliseconds left, 1 if a tag was expired}`.
    static let read = script(
        """
        local stamp = found_stamp()
        local answers = {}
        for i = 2, #KEYS do
          local found, _, _, expired = state(KEYS[i], stamp)
          if found == 'dead' then redis.call('UNLINK', KEYS[i]) end
          answers[i - 1] = (found == 'fresh' or found == 'stale')
            and { redis.call('GET', KEYS[i]), redis.call('PTTL', KEYS[i]), expired and 1 or 0 }
        end
        return answers
        """
    )

    /// Says for each entry whether it is fresh; those that are dead go, and those for ever stay longer, with their tags.
    ///
    /// Whether an entry is for ever has to be asked here: the one that a reader saw may have been replaced by one that ends
    /// soon. `ARGV`: random, milliseconds for which an entry for ever is kept; 0 leaves it.
    static let survey = script(
        """
        local stamp = current_stamp()
        local answers = {}
        for i = 2, #KEYS, 2 do
          local found, header, marks = state(KEYS[i], stamp)
          if found == 'dead' then redis.call('UNLINK', KEYS[i]) end
          if found == 'fresh' and ARGV[2] ~= '0' and struct.unpack('<I8', header, 17) == 0 then
            redis.call('PEXPIRE', KEYS[i], ARGV[2])
            for _, mark in ipairs(marks) do keep(mark.name, tonumber(ARGV[2])) end
          end
          answers[#answers + 1] = found == 'fresh' and 1 or 0
        end
        return answers
        """
    )

    /// What there is of one entry and its lease; changes nothing.
    ///
    /// Returns the entry's state (`absent`, `unreadable`, `dead`, `stale`, `fresh`), the tag that made it dead or stale, or
    /// nothing, its header, its milliseconds left, its length, the token of the holder of its lease, or nothing, and the
    /// milliseconds which that has left.
    static let report = script(
        """
        local stamp = found_stamp()
        local found, header, _, culprit = state(KEYS[2], stamp)
        if found == 'absent' and redis.call('EXISTS', KEYS[2]) == 1 then found = 'unreadable' end
        local lease = text(KEYS[3])
        return { found, culprit or '', header or '', redis.call('PTTL', KEYS[2]),
          header and redis.call('STRLEN', KEYS[2]) or 0,
          stands(lease, stamp) and string.sub(lease, 1, 16) or '', redis.call('PTTL', KEYS[3]) }
        """
    )
}
