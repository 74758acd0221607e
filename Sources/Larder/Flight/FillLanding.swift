/// What a flight of a `Cache` brings to those who wait for it.
enum FillLanding: Sendable {
    /// The value, what became of it, and what it depends on.
    case filled(EntryValue, FillInfo, FillTags)
    /// The fill, which was for several keys, had no value for this one; what it depends on all the same.
    case noValue(FillTags)
    /// There was no need to fill, or no lease: look into the store again.
    case lookAgain
}

/// The tags of a value that has just been filled.
struct FillTags: Sendable {
    /// Those that were taken before the data was read.
    var marks: [TagMark] = []
    /// Those that became known with the value.
    var late: [String] = []
    /// Whether these are all; a fill that uses the value and cannot know its tags is not stored.
    var areComplete = true
    /// Whether some of them are not in the lease, so that an invalidation of them did not part later callers from the
    /// flight.
    var exceedLease = false
    /// The namespace's serial before the fill began; `nil` where the store was not asked.
    var serial: UInt64?
    /// The server meeting before the fill began; `nil` where the store was not asked.
    var meeting: UInt64?

    /// Whether the fill may have begun before an invalidation that a caller has been told of.
    ///
    /// - Parameter serial: The namespace's serial when the caller asked for the key.
    /// - Returns: Whether the caller has to look again.
    func mayBeOutdated(forCallerAt serial: UInt64?) -> Bool {
        guard self.exceedLease, let before = self.serial, let serial else { return false }
        return serial != before
    }

    /// Whether the store met another server between the fill's beginning and a caller's question, so that the lease which it
    /// showed the caller proves nothing.
    ///
    /// - Parameter meeting: The server meeting under which the caller asked for the key.
    /// - Returns: Whether the caller has to look again.
    func isCutOff(fromCallerUnder meeting: UInt64?) -> Bool {
        guard let before = self.meeting, let meeting else { return false }
        return meeting != before
    }
}
