/// A time in which what servers acknowledge may be lost.
///
/// From when on: the last moment for which it is known that the server's successor has all that had been acknowledged by then. Until
/// when: the moment after which the old server answers nobody any more. Meanwhile one caller may ask the old one, and
/// another its successor.
public struct HistoryLoss: Sendable, Hashable, Codable {
    /// When it began.
    public var begin: Int64
    /// When it was over.
    public var end: Int64

    /// Describes a time.
    ///
    /// - Parameters:
    ///   - begin: When it began.
    ///   - end: When it was over.
    public init(begin: Int64, end: Int64) {
        self.begin = begin
        self.end = end
    }
}

/// A time in which the machine let nobody go on who wanted to.
public struct HistoryStall: Sendable, Hashable, Codable {
    /// When it began.
    public var begin: Int64
    /// When it was over.
    public var end: Int64

    /// Describes a time.
    ///
    /// - Parameters:
    ///   - begin: When it began.
    ///   - end: When it was over.
    public init(begin: Int64, end: Int64) {
        self.begin = begin
        self.end = end
    }
}

/// What has happened to the servers of a deployment while a history ran on it.
public struct HistoryIncident: Sendable, Hashable, Codable {
    /// What has happened.
    public var event: HistoryEvent
    /// When it began.
    public var begin: Int64
    /// When the deployment had its full strength again.
    public var end: Int64
    /// From when on another server may have been primary; `nil` where none took its place.
    public var succession: Int64?
    /// When all clients had met that server; `nil` where only the end is known.
    public var acquaintance: Int64?
    /// How long after the new primary's election the first write through the client had succeeded, in milliseconds; `nil` where
    /// there was no election.
    public var writableAfter: Double?

    /// Describes what has happened.
    ///
    /// - Parameters:
    ///   - event: What has happened.
    ///   - begin: When it began.
    ///   - end: When the deployment had its full strength again.
    ///   - succession: From when on another server may have been primary; `nil` where none took its place.
    ///   - acquaintance: When all clients had met that server; `nil` where only the end is known.
    ///   - writableAfter: How many milliseconds after the new primary's election a write had succeeded.
    public init(
        _ event: HistoryEvent,
        begin: Int64,
        end: Int64,
        succession: Int64? = nil,
        acquaintance: Int64? = nil,
        writableAfter: Double? = nil
    ) {
        self.event = event
        self.begin = begin
        self.end = end
        self.succession = succession
        self.acquaintance = acquaintance
        self.writableAfter = writableAfter
    }
}

/// What is done to the servers of a deployment.
public enum HistoryEvent: String, Sendable, Hashable, Codable, CaseIterable {
    /// A primary gives way to a replica, as somebody has ordered.
    case failover
    /// A primary is killed (SIGKILL), and comes back as a replica.
    case kill
    /// A primary is frozen (SIGSTOP) until it has a successor, and wakes up (SIGCONT) as what it was.
    case pause
    /// A replica takes the place of its primary, and asks nobody.
    case takeover
    /// Slots move to another shard with their keys, and back.
    case move
}
