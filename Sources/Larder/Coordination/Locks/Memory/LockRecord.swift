/// Who holds one lock of a memory store, as a plain value.
struct LockRecord {
    private struct Holder {
        var owner: LockOwner
        var token: FencingToken
        var end: CacheInstant
    }

    private var holders: [Holder] = []

    /// Whether nobody holds it.
    ///
    /// Asked after ``drop(at:)``.
    var isFree: Bool { self.holders.isEmpty }

    var count: Int { self.holders.count }

    /// Forgets those whose lease has ended.
    mutating func drop(at now: CacheInstant) { self.holders.removeAll { $0.end <= now } }

    /// Grants a request if there is room.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - now: The time.
    ///   - token: The next token, for one that is granted anew.
    /// - Returns: The answer.
    mutating func acquire(_ request: LockRequest, at now: CacheInstant, token: FencingToken) -> LockAnswer {
        self.drop(at: now)
        let end = now.advanced(by: request.lease)
        if let index = self.holders.firstIndex(where: { $0.owner == request.owner }) {
            self.holders[index].end = end
            return .granted(self.holders[index].token)
        }
        if self.holders.count < request.permits {
            let holder = Holder(owner: request.owner, token: token, end: end)
            self.holders.append(holder)
            return .granted(holder.token)
        }
        let first = self.holders.lazy.map(\.end).min() ?? now
        return .held(now.duration(to: first))
    }

    /// - Returns: Whether the owner was a holder.
    mutating func renew(_ owner: LockOwner, for lease: Duration, at now: CacheInstant) -> Bool {
        self.drop(at: now)
        guard let index = self.holders.firstIndex(where: { $0.owner == owner }) else { return false }
        self.holders[index].end = now.advanced(by: lease)
        return true
    }

    /// - Returns: Whether the owner was a holder.
    mutating func release(_ owner: LockOwner, at now: CacheInstant) -> Bool {
        self.drop(at: now)
        guard let index = self.holders.firstIndex(where: { $0.owner == owner }) else { return false }
        self.holders.remove(at: index)
        return true
    }

    func state(at now: CacheInstant) -> LockState {
        LockState(
            holders: self.holders.filter { $0.end > now }.map {
                .init(token: $0.token, remaining: now.duration(to: $0.end))
            }
        )
    }
}
