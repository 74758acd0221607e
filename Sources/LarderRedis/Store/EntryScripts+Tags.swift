import LarderRedisClient

/// What belongs to the namespace as a whole; the keys are the stamp and the serial.
extension EntryScripts {
    /// The generations as they are; a namespace that has none gets some, and so do tags that are to be taken.
    ///
    /// `ARGV`: random, then any number of times milliseconds for which records are needed, names of tags to take, names of tags
    /// whose records are only kept if they are there, and last names of the tags that are wanted.
    /// Returns the stamp, then for each tag that is wanted its record, or nothing.
    static let generations = EntryScript.home(
        """
        local stamp = current_stamp()
        for a = 2, #ARGV - 1, 3 do
          local milliseconds = tonumber(ARGV[a])
          take_all(ARGV[a + 1], stamp, milliseconds)
          for _, name in ipairs(names_in(ARGV[a + 2])) do
            if tag(name) then keep(name, milliseconds) end
          end
        end
        local answers = { stamp }
        for _, name in ipairs(names_in(ARGV[#ARGV])) do answers[#answers + 1] = tag(name) or '' end
        return answers
        """
    )

    /// The tags as they are; those without a record get one.
    ///
    /// `ARGV`: random, milliseconds for which the records are needed, names of the tags. Returns the marks.
    static let marks = EntryScript.home(
        """
        return take_all(ARGV[3], current_stamp(), tonumber(ARGV[2]))
        """
    )

    /// Draws new generations for tags, however many entries have them.
    ///
    /// `ARGV`: random, `dead` or `stale`, names of the tags.
    ///
    /// A tag that is invalidated keeps its record for twenty minutes unless something needs it longer: what was bound to the
    /// one before is dead with it and without it. One that is only expired keeps its generation and its end, and stays
    /// without a record if it had none: then nothing under it is alive.
    ///
    /// Both raise the serials. To expire a tag would not have to for the sake of entries that are there, but a value
    /// under a late tag whose fill began before would be stored as fresh.
    static let invalidate = EntryScript.home(
        """
        local serial = struct.pack('<I8', struct.unpack('<I8', current_stamp(), 17) + 1)
        redis.call('SET', KEYS[2], serial)
        for _, name in ipairs(names_in(ARGV[3])) do
          if ARGV[2] == 'dead' then
            write_tag(name, ARGV[1] .. serial, 0)
          elseif tag(name) then
            redis.call('SETRANGE', tag_prefix .. name, 8, string.sub(ARGV[1], 9) .. serial)
          end
        end
        return 0
        """
    )

    /// Gives the namespace a new fill epoch, which leaves every lease void.
    ///
    /// `ARGV`: random, whose second half is the epoch.
    static let raiseEpoch = EntryScript.home(
        """
        if string.sub(current_stamp(), 1, 16) ~= ARGV[1] then
          redis.call('SETRANGE', KEYS[1], 8, string.sub(ARGV[1], 9))
        end
        return 0
        """
    )
}
