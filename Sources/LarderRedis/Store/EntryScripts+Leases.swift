import LarderRedisClient

/// The right to fill an entry.
///
/// A lease is a string: its token (16 bytes), the stamp and the serial as they were when it was granted (24 bytes), the
/// greatest serial that somebody has been shown together with it (8 bytes; kept where generations lie apart), and
/// the marks of the tags that were named with it, as a header has them. One under another generation, epoch or
/// generation of a tag counts as absent.
extension EntryScripts {
    /// Reads entries and takes the leases of those that are absent.
    ///
    /// `ARGV`: first, token, milliseconds of the lease, `1` to take it even from an entry that could be read, names of
    /// the tags.
    /// Returns the stamp, the tags' marks (nothing where no lease is granted), then for each entry `{0}` (the lease
    /// is granted), `{1, entry, milliseconds left, 1 if a tag was expired}`, or `{2, token of the holder, milliseconds which
    /// that has left}`.
    static let lease = EntryScript(
        judging: [.entries, .leases],
        """
        local stamp = current_stamp()
        local marks
        local answers = { stamp, '' }
        for key, lease_key in entries(4, 0) do
          local found, _, _, expired = state(key, stamp)
          if (found == 'fresh' or found == 'stale') and ARGV[4] ~= '1' then
            answers[#answers + 1] = { 1, redis.call('GET', key), redis.call('PTTL', key), expired and 1 or 0 }
          else
            if found == 'dead' then redis.call('UNLINK', key) end
            local held = text(lease_key)
            if stands(held, stamp) then
              show(lease_key, held, stamp)
              answers[#answers + 1] = { 2, string.sub(held, 1, 16), redis.call('PTTL', lease_key) }
            else
              marks = marks or take_all(ARGV[5], stamp, tonumber(ARGV[3]))
              answers[2] = marks
              redis.call('SET', lease_key, ARGV[2] .. stamp .. string.sub(stamp, 17) .. marks, 'PX', ARGV[3])
              answers[#answers + 1] = { 0 }
            end
          end
        end
        return answers
        """
    )

    /// What a commit's tags make of it, where the tags' records are.
    ///
    /// A tag may have several marks. All of them have to be of its generation; of their freshness the one is written that
    /// is not current, if there is one, so that the entry is stale from the beginning.
    ///
    /// A late tag was not marked before its data was read, so its record must be older than the lease. A record whose serial
    /// the namespace has not reached yet was made under an earlier stamp, whose serials counted from zero
    /// too: it is older than the lease, whose stamp is the current one. A tag without a record may have lost it since it was
    /// invalidated. It gets one even where the commit is refused, or no value under a tag that is only ever known late
    /// would be stored while others are invalidated all the time.
    ///
    /// `bound` returns the tags of the entry's header, whose records it has kept, or nothing where the commit is refused.
    private static let binding = """
        local function is_late_enough(name, stamp, granted)
          local serial = struct.unpack('<I8', stamp, 17)
          local record = tag(name)
          if not record then
            take(name, stamp, 0)
            return serial == granted
          end
          local taken = struct.unpack('<I8', record, 17)
          return taken <= granted or taken > serial
        end
        local function bound(bytes, late, granted, stamp, milliseconds)
          local marks = marks_in(bytes, 1)
          if not marks then return nil end
          local names, freshness, accepted = {}, {}, true
          for _, mark in ipairs(marks) do
            local record = tag(mark.name)
            if not record or string.sub(record, 1, 8) ~= mark.generation then return nil end
            if not freshness[mark.name] then
              names[#names + 1] = mark.name
              freshness[mark.name] = mark.freshness
            elseif string.sub(record, 9, 16) ~= mark.freshness then
              freshness[mark.name] = mark.freshness
            end
          end
          for _, name in ipairs(names_in(late)) do
            if not is_late_enough(name, stamp, granted) then accepted = false end
            if not freshness[name] then
              names[#names + 1] = name
              freshness[name] = string.sub(tag(name), 9, 16)
            end
          end
          local header = {}
          for i, name in ipairs(names) do
            header[i] = string.sub(tag(name), 1, 8) .. freshness[name] .. string.char(#name) .. name
          end
          header = table.concat(header)
          if not accepted or 40 + #header > 65535 then return nil end
          for _, name in ipairs(names) do keep(name, milliseconds) end
          return header
        end

        """

    /// Writes entries under their leases, where those and all that they were granted under still stand.
    ///
    /// `ARGV`: first, then for each entry token and stamp of its lease (32 bytes), marks, names of the late tags, head,
    /// value, milliseconds to live. Returns 1 or 0 for each. A lease of that token is over in any case.
    ///
    /// Apart, the marks are what ``bind`` has made of them and of the late tags, and in place of those stands `1` where
    /// it has accepted them, with its serial in the view. Somebody who was shown a later one together with the lease may know
    /// of an invalidation that ``bind`` did not see, and may have joined the fill: then it is unclear.
    static let commit = EntryScript(
        judging: [],
        together: Self.binding + """
            local function header_for(lease, a)
              local stamp = found_stamp()
              return stands(lease, stamp) and bound(string.sub(lease, 49) .. ARGV[a + 1], ARGV[a + 2],
                struct.unpack('<I8', lease, 33), stamp, tonumber(ARGV[a + 5]))
            end
            """,
        apart: """
            local function header_for(lease, a)
              local header = ARGV[a + 2] == '1' and #lease >= 48 and ARGV[a + 1]
              return header, header and header ~= ''
                and struct.unpack('<I8', lease, 41) > struct.unpack('<I8', found_stamp(), 17)
            end
            """,
        """
        local answers = {}
        for key, lease_key, a in entries(0, 6) do
          local lease = text(lease_key)
          local is_own = lease and string.sub(lease, 1, 16) == string.sub(ARGV[a], 1, 16)
          local header, is_unclear
          if is_own and string.sub(lease, 17, 32) == string.sub(ARGV[a], 17) then
            header, is_unclear = header_for(lease, a)
          end
          if is_unclear then return { redis.status_reply('UNCLEAR'), '' } end
          if header then
            store(key, ARGV[a + 3], ARGV[a + 4], ARGV[a + 5], string.sub(ARGV[a], 17), header)
          end
          if is_own then end_lease(lease_key) end
          answers[#answers + 1] = header and 1 or 0
        end
        return answers
        """
    )

    /// The part of commits that is done where the generations are, if those lie apart.
    ///
    /// `ARGV`: random (not used where nothing is missing), then for each commit stamp and serial of its lease (24 bytes),
    /// marks, names of the late tags, milliseconds to live. Returns the stamp, then for each `{tags of the header}`, or
    /// nothing where it is refused; nothing at all without a stamp.
    static let bind = EntryScript.home(
        Self.binding + """
            local stamp = found_stamp()
            if not stamp then return false end
            local answers = { stamp }
            for a = 2, #ARGV, 4 do
              local header = string.sub(ARGV[a], 1, 16) == string.sub(stamp, 1, 16)
                and bound(ARGV[a + 1], ARGV[a + 2], struct.unpack('<I8', ARGV[a], 17), stamp, tonumber(ARGV[a + 3]))
              answers[#answers + 1] = header and { header } or {}
            end
            return answers
            """
    )

    /// Gives leases back.
    ///
    /// `ARGV`: first (not used), then the token of each lease. Returns 1 or 0 for each.
    static let release = EntryScript(
        judging: [],
        """
        local answers = {}
        for _, lease_key, a in entries(0, 1) do
          local lease = text(lease_key)
          local is_own = lease and string.sub(lease, 1, 16) == ARGV[a]
          if is_own then end_lease(lease_key) end
          answers[#answers + 1] = is_own and 1 or 0
        end
        return answers
        """
    )

    /// Ends leases, whosever they are.
    ///
    /// Returns 1 for each.
    static let void = EntryScript(
        judging: [],
        """
        local answers = {}
        for _, lease_key in entries(0, 0) do
          end_lease(lease_key)
          answers[#answers + 1] = 1
        end
        return answers
        """
    )

    /// Lets leases stand longer, and with them the records of their tags.
    ///
    /// `ARGV`: first, milliseconds from now, then token and stamp (32 bytes) of each lease.
    /// Returns 1 or 0 for each.
    static let renew = EntryScript(
        judging: .leases,
        """
        local stamp = found_stamp()
        local answers = {}
        for _, lease_key, a in entries(1, 1) do
          local lease = text(lease_key)
          local stood = stands(lease, stamp) and string.sub(lease, 1, 32) == ARGV[a]
          if stood then
            redis.call('PEXPIRE', lease_key, ARGV[2])
            for _, mark in ipairs(marks_in(lease, 49)) do keep(mark.name, tonumber(ARGV[2])) end
          end
          answers[#answers + 1] = stood and 1 or 0
        end
        return answers
        """
    )
}
