/// What a flight of a `Cache` brings to those who wait for it.
enum FillLanding: Sendable {
    /// The value, what became of it, and what it depends on.
    case filled(EntryValue, FillInfo, FillTags)
    /// The fill, which was for several keys, had no value for this one.
    case noValue
    /// There was no need to fill, or no lease: look into the store again.
    case lookAgain
}

/// The tags of a value that has just been filled.
struct FillTags: Sendable {
    /// Those that were taken before the data was read.
    var marks: [TagMark] = []
    /// Those that became known with the value.
    var late: [String] = []
    /// Whether some of them are not in the lease, so that an invalidation of them did not part later callers from the
    /// flight.
    var exceedLease = false
    /// Whether these are all; not where the store could not be asked for some.
    var isComplete = true
    /// The serial of the lease; `nil` without one.
    var leaseSerial: UInt64?

    /// Whether the fill may have begun before an invalidation that a caller has been told of.
    ///
    /// - Parameter serial: The namespace's serial when the caller asked for the key.
    func mayBeOutdated(forCallerAt serial: UInt64?) -> Bool {
        guard self.exceedLease, let leaseSerial, let serial else { return false }
        return serial != leaseSerial
    }
}
