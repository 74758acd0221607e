package import NIOCore

/// What a feed tells of changes, and of how well it hears.
package enum FeedEvent: Sendable {
    /// Every primary tells of every change from now on; what was changed before may have gone unheard.
    case covered
    /// Keys were changed, removed, evicted, or have expired.
    case changed([ByteBuffer])
    /// A primary has lost all its keys.
    case flushed
    /// A primary has kept quiet for a while: what was changed since may not have been told yet.
    case doubtful
    /// It answers again; nothing has gone unheard.
    case resumed
    /// Changes go unheard from now on, for the reason given, until `covered` comes.
    case lost(RedisError)
    /// A primary cannot be reached, or does not tell of changes (`.trackingUnavailable`); more attempts follow.
    case unreachable(RedisError)
}

/// Which primaries are heard, and what follows from that for all of them together.
///
/// A plain value on the feed's event loop.
struct InvalidationCoverage {
    private enum Hearing {
        case deaf
        case live
        case silent
    }

    private enum Phase {
        case deaf
        case covered
        case doubtful
    }

    private var primaries: [String: Hearing] = [:]
    private var phase = Phase.deaf

    /// Takes what came from one primary.
    ///
    /// - Parameters:
    ///   - event: What came.
    ///   - name: The primary's name; one that is none any more is not listened to.
    /// - Returns: What to tell, in order.
    mutating func take(_ event: InvalidationEvent, from name: String) -> [FeedEvent] {
        guard self.primaries[name] != nil else { return [] }
        switch event {
        case .live:
            self.primaries[name] = .live
            return self.settle()
        case .silent:
            self.primaries[name] = .silent
            guard case .covered = self.phase else { return [] }
            self.phase = .doubtful
            return [.doubtful]
        case .resumed:
            self.primaries[name] = .live
            return self.settle()
        case .lost(let error):
            self.primaries[name] = .deaf
            return self.lose(error)
        case .unreachable(let error):
            return [.unreachable(error)]
        // As long as nothing is kept there is nothing to forget.
        case .changed(let names):
            if case .deaf = self.phase { return [] }
            return [.changed(names)]
        case .flushed:
            if case .deaf = self.phase { return [] }
            return [.flushed]
        }
    }

    /// There are other primaries.
    ///
    /// Keys may have moved between them, so what was heard of each does not make a whole any more.
    ///
    /// - Parameter names: The primaries of now.
    /// - Returns: Those that are new, those that are none any more, and what to tell first.
    mutating func replace(
        with names: Set<String>
    ) -> (added: Set<String>, removed: Set<String>, events: [FeedEvent]) {
        let known = Set(self.primaries.keys)
        if names == known { return ([], [], []) }
        for name in known.subtracting(names) { self.primaries[name] = nil }
        for name in names.subtracting(known) { self.primaries[name] = .deaf }
        let events = self.lose(RedisError(.connectionClosed, message: "other servers are the primaries now"))
        return (names.subtracting(known), known.subtracting(names), events + self.settle())
    }

    private mutating func lose(_ error: RedisError) -> [FeedEvent] {
        if case .deaf = self.phase { return [] }
        self.phase = .deaf
        return [.lost(error)]
    }

    /// Begins to trust what is heard, if every primary is.
    private mutating func settle() -> [FeedEvent] {
        guard !self.primaries.isEmpty, self.primaries.values.allSatisfy({ $0 == .live }) else { return [] }
        switch self.phase {
        case .covered: return []
        case .doubtful:
            self.phase = .covered
            return [.resumed]
        case .deaf:
            self.phase = .covered
            return [.covered]
        }
    }
}
