/// Tags.
extension EntryScripts {
    /// The tags as they are; those without a record get one.
    ///
    /// `ARGV`: random, milliseconds for which the records are needed, names of the tags. Returns the marks.
    static let marks = script(
        """
        return take_all(ARGV[3], current_stamp(), tonumber(ARGV[2]))
        """
    )

    /// Draws new generations for tags, however many entries have them.
    ///
    /// `ARGV`: random, `dead` or `stale`, names of the tags.
    ///
    /// A tag that is invalidated keeps its record for ten minutes unless something needs it longer: what was bound to the
    /// one before is dead with it and without it. One that is only expired keeps its generation and its end, and stays
    /// without a record if it had none: then nothing under it is alive.
    ///
    /// Both raise the serials. To expire a tag would not have to for the sake of entries that are there, but a value
    /// under a late tag whose fill began before would be stored as fresh.
    static let invalidate = script(
        """
        local serial = struct.pack('<I8', struct.unpack('<I8', current_stamp(), 17) + 1)
        redis.call('SETRANGE', KEYS[1], 16, serial)
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
}
