/// Why an entry left a memory cache.
public enum RemovalCause: Sendable, Hashable, CaseIterable {
    /// Its room was needed for others.
    case evicted

    /// Its time was over.
    case expired

    /// Another value was stored under its key. Every `update` that leaves an entry behind stores its value anew.
    case replaced

    /// The program removed it: by `removeValue`, by an `update` that left `nil`, by `removeAll(where:)`, or by an
    /// `insert` without time to live.
    case removed

    /// `removeAll()` emptied the cache. Entries whose time was over and that were still in memory count too.
    case cleared

    /// The new value of its key was too heavy to be stored, so that this one was no longer true.
    case tooHeavy
}
