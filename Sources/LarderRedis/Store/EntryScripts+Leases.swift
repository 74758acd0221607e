/// The right to fill an entry.
///
/// A lease is a string: its token (16 bytes), the stamp as it was when it was granted (24 bytes, the serial among them), and
/// the marks of the tags that were named with it, as a header has them. One under another generation, epoch or
/// generation of a tag counts as absent.
extension EntryScripts {
    /// Reads entries and takes the leases of those that are absent.
    ///
    /// `ARGV`: random, token, milliseconds of the lease, `1` to take it even from an entry that could be read, names of
    /// the tags.
    /// Returns the stamp, the tags' marks (nothing where no lease is granted), then for each entry `{0}` (the lease
    /// is granted), `{1, entry, milliseconds left, 1 if a tag was expired}`, or `{2, token of the holder, milliseconds which
    /// that has left}`.
    static let lease = script(
        """
        local stamp = current_stamp()
        local marks
        local answers = { stamp, '' }
        for i = 2, #KEYS, 2 do
          local found, _, _, expired = state(KEYS[i], stamp)
          if (found == 'fresh' or found == 'stale') and ARGV[4] ~= '1' then
            answers[#answers + 1] =
              { 1, redis.call('GET', KEYS[i]), redis.call('PTTL', KEYS[i]), expired and 1 or 0 }
          else
            if found == 'dead' then redis.call('UNLINK', KEYS[i]) end
            local held = text(KEYS[i + 1])
            if stands(held, stamp) then
              answers[#answers + 1] = { 2, string.sub(held, 1, 16), redis.call('PTTL', KEYS[i + 1]) }
            else
              marks = marks or take_all(ARGV[5], stamp, tonumber(ARGV[3]))
              answers[2] = marks
              redis.call('SET', KEYS[i + 1], ARGV[2] .. stamp .. marks, 'PX', ARGV[3])
              answers[#answers + 1] = { 0 }
            end
          end
        end
        return answers
        """
    )

    /// Writes entries under their leases, where those and all that they were granted under still stand.
    ///
    /// `ARGV`: random, then for each entry token and stamp of its lease (32 bytes), marks, names of the late tags, head,
    /// value, milliseconds to live. Returns 1 or 0 for each. A lease of that token is over in any case.
    ///
    /// A tag may have several marks. All of them have to be of its generation; of their freshness the one is written that
    /// is not current, if there is one, so that the entry is stale from the beginning.
    ///
    /// A late tag was not marked before its data was read, so its record must be older than the lease. A record whose serial
    /// the namespace has not reached yet was made under an earlier stamp, whose serials counted from zero
    /// too: it is older than the lease, whose stamp is the current one. A tag without a record may have lost it since it was
    /// invalidated. It gets one even where the commit is refused, or no value under a tag that is only ever known late
    /// would be stored while others are invalidated all the time.
    static let commit = script(
        """
        local stamp = found_stamp()
        local function is_late_enough(name, granted)
          local serial = struct.unpack('<I8', stamp, 17)
          local record = tag(name)
          if not record then
            take(name, stamp, 0)
            return serial == granted
          end
          local taken = struct.unpack('<I8', record, 17)
          return taken <= granted or taken > serial
        end
        local function bound(lease, marks, late)
          marks = marks_in(string.sub(lease, 41) .. marks, 1)
          if not marks then return nil end
          local names, freshness, accepted = {}, {}, true
          for _, mark in ipairs(marks) do
            if not is_current(mark) then return nil end
            if not freshness[mark.name] then
              names[#names + 1] = mark.name
              freshness[mark.name] = mark.freshness
            elseif string.sub(tag(mark.name), 9, 16) ~= mark.freshness then
              freshness[mark.name] = mark.freshness
            end
          end
          local granted = struct.unpack('<I8', lease, 33)
          for _, name in ipairs(names_in(late)) do
            if not is_late_enough(name, granted) then accepted = false end
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
          return header, names
        end
        local answers = {}
        for i = 2, #KEYS, 2 do
          local a = 2 + (i - 2) / 2 * 6
          local lease = text(KEYS[i + 1])
          local is_own = lease and string.sub(lease, 1, 16) == string.sub(ARGV[a], 1, 16)
          local header, names
          if is_own and string.sub(lease, 17, 32) == string.sub(ARGV[a], 17) and stands(lease, stamp) then
            header, names = bound(lease, ARGV[a + 1], ARGV[a + 2])
          end
          if header then
            store(KEYS[i], ARGV[a + 3], ARGV[a + 4], ARGV[a + 5], stamp, header)
            for _, name in ipairs(names) do keep(name, tonumber(ARGV[a + 5])) end
          end
          if is_own then end_lease(KEYS[i + 1]) end
          answers[#answers + 1] = header and 1 or 0
        end
        return answers
        """
    )

    /// Gives leases back.
    ///
    /// `ARGV`: random (not used), then the token of each lease.
    static let release = script(
        """
        for i = 2, #KEYS, 2 do
          local lease = text(KEYS[i + 1])
          if lease and string.sub(lease, 1, 16) == ARGV[i / 2 + 1] then end_lease(KEYS[i + 1]) end
        end
        return 0
        """
    )

    /// Lets leases stand longer, and with them the records of their tags.
    ///
    /// `ARGV`: random (not used), milliseconds from now, then token and stamp (32 bytes) of each lease.
    /// Returns 1 or 0 for each.
    static let renew = script(
        """
        local stamp = found_stamp()
        local answers = {}
        for i = 2, #KEYS, 2 do
          local lease = text(KEYS[i + 1])
          local stood = stands(lease, stamp) and string.sub(lease, 1, 32) == ARGV[i / 2 + 2]
          if stood then
            redis.call('PEXPIRE', KEYS[i + 1], ARGV[2])
            for _, mark in ipairs(marks_in(lease, 41)) do keep(mark.name, tonumber(ARGV[2])) end
          end
          answers[#answers + 1] = stood and 1 or 0
        end
        return answers
        """
    )

    /// Gives the namespace a new fill epoch, which leaves every lease void.
    ///
    /// `ARGV`: random, whose second half is the epoch.
    static let raiseEpoch = script(
        """
        if string.sub(current_stamp(), 1, 16) ~= ARGV[1] then
          redis.call('SETRANGE', KEYS[1], 8, string.sub(ARGV[1], 9))
        end
        return 0
        """
    )
}
