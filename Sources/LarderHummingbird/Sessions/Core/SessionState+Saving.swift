/// What becomes of a session that was stored while its request goes on.
extension SessionState {
    /// This session after it was stored, with what was done to it meanwhile.
    ///
    /// Runs changes that are the application's code.
    ///
    /// - Parameters:
    ///   - snapshot: What was stored.
    ///   - saved: The session as it is stored now; `nil` where it is not.
    ///   - fresh: A new session.
    /// - Returns: The session; and what a change has thrown that was made meanwhile and cannot be made of what was stored.
    func settled(
        _ snapshot: SessionState,
        as saved: Origin?,
        or fresh: SessionState
    ) -> (state: SessionState, failure: (any Error)?) {
        // Another task has saved it as well, and left what is right.
        guard self.course.saves == snapshot.course.saves else { return (self, nil) }
        var failure: (any Error)?
        var next: SessionState
        if self.course.flushes == snapshot.course.flushes {
            next = saved.map { SessionState($0) } ?? fresh
            for change in self.changes.dropFirst(snapshot.changes.count) {
                do {
                    try change.apply(to: &next.values)
                    next.changes.append(change)
                } catch {
                    failure = failure ?? error
                }
            }
            next.takeOwner(of: self, since: snapshot)
            if self.isExpirySet, !snapshot.isExpirySet || self.expiry != snapshot.expiry {
                (next.expiry, next.isExpirySet) = (self.expiry, true)
            }
        } else {
            // It was ended meanwhile: what is to be ended is what was stored, and what was done since is another session's.
            next = self
            next.abandoned = saved
        }
        next.failure = self.failure
        next.course = self.course
        next.course.saves += 1
        next.course.hasNewExpiry = self.course.hasNewExpiry || snapshot.isExpirySet
        return (next, failure)
    }

    /// Takes over who has signed in since a snapshot was taken, and that another id was asked for.
    private mutating func takeOwner(of other: SessionState, since snapshot: SessionState) {
        if other.wantsNewID, !snapshot.wantsNewID { self.wantsNewID = true }
        guard other.user != snapshot.user || other.signedIn != snapshot.signedIn else { return }
        self.user = other.user
        self.signedIn = other.signedIn
        self.wantsNewID = true
    }
}
