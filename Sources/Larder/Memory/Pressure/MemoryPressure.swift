/// How scarce memory is.
public enum MemoryPressure: Sendable, Hashable, Comparable {
    /// It is running out: what can be made again should go.
    case warning
    /// The system is about to end processes.
    case critical

    /// The part of its entries that a cache keeps.
    var shareToKeep: Double {
        switch self {
        case .warning: 0.75
        case .critical: 0.25
        }
    }
}

extension MemoryCache {
    /// Drops what has expired and the least valuable entries: a quarter at a warning, three quarters when it is critical.
    ///
    /// What keys and values own is freed. The cache's own tables, some 60 bytes an entry, stay for the entries to come.
    /// `MemoryPressureMonitor` calls this when the system says so.
    ///
    /// - Parameter pressure: How scarce memory is.
    /// - Returns: How many entries left.
    /// - Complexity: O(*n*), in portions: nobody waits for all of it.
    @discardableResult
    public func relieve(_ pressure: MemoryPressure) -> Int {
        self.trim(toShare: pressure.shareToKeep)
    }
}
