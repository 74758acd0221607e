import LarderRedisClient

/// The scripts of the store.
///
/// What belongs together happens in one of them, so nobody ever sees half of it. ``EntryScript`` says what their keys are, and
/// what `ARGV[1]` is: random bytes, or a view of the generations. The random ones come from the client, since what Redis
/// draws can be the same after a restart. All tags that one script makes have the same two generations, which is fine:
/// they are only ever compared within a tag.
///
/// Tags come as names, each behind a byte with its length, or as marks in the format of ``EntryHeader``.
///
/// On one server, the keys of tags follow from what is in an entry, so no client can name them beforehand: the scripts compute
/// them. Those of the home slot do that in a cluster too, where they stay in that slot.
enum EntryScripts {}

/// Looking at entries.
extension EntryScripts {
    /// Reads entries together with the check of their tags, whichever those are.
    ///
    /// For one server only: its keys are the stamp, the serial and the entries, without leases. Dead entries go.
    /// Returns for each entry nothing, or `{entry, milliseconds left, 1 if a tag was expired}`.
    static let read = EntryScript(
        judging: .entries,
        """
        local stamp = found_stamp()
        local answers = {}
        for i = first, #KEYS do
          local found, _, _, expired = state(KEYS[i], stamp)
          if found == 'dead' then redis.call('UNLINK', KEYS[i]) end
          answers[#answers + 1] = (found == 'fresh' or found == 'stale')
            and { redis.call('GET', KEYS[i]), redis.call('PTTL', KEYS[i]), expired and 1 or 0 }
        end
        return answers
        """
    ).together

    /// Says for each entry whether it is fresh; those that are dead go, and those for ever stay longer, with their tags.
    ///
    /// Whether an entry is for ever has to be asked here: the one that a reader saw may have been replaced by one that ends
    /// soon. `ARGV`: first, milliseconds for which an entry for ever is kept; 0 leaves it.
    static let survey = EntryScript(
        judging: .entries,
        """
        local stamp = current_stamp()
        local answers = {}
        for key in entries(1, 0) do
          local found, header, marks = state(key, stamp)
          if found == 'dead' then redis.call('UNLINK', key) end
          if found == 'fresh' and ARGV[2] ~= '0' and struct.unpack('<I8', header, 17) == 0 then
            redis.call('PEXPIRE', key, ARGV[2])
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
    static let report = EntryScript(
        judging: [.entries, .leases],
        """
        local stamp = found_stamp()
        local key, lease_key = entries(0, 0)()
        local found, header, _, culprit = state(key, stamp)
        if found == 'absent' and redis.call('EXISTS', key) == 1 then found = 'unreadable' end
        local lease = text(lease_key)
        return { found, culprit or '', header or '', redis.call('PTTL', key),
          header and redis.call('STRLEN', key) or 0,
          stands(lease, stamp) and string.sub(lease, 1, 16) or '', redis.call('PTTL', lease_key) }
        """
    )
}
