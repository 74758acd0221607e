import Larder
import LarderRedisClient

/// What a namespace does about servers that forget.
struct LossSafety: Sendable {
    var policy = RedisLossPolicy.keep
    /// What invalidations are sent with; `nil`, with what all is sent with.
    var acknowledging: AcknowledgedSender?

    /// What the namespace sends with.
    func sender(over client: any RedisCommandSender, _ keys: EntryKeys) -> any RedisCommandSender {
        guard self.policy == .coldAfterLoss, let base = client as? any RedisMeetings else { return client }
        return LossGate(base, keys: keys)
    }
}

extension RedisNamespace {
    /// The number of the last meeting with a server that had taken the place of another; 0 where nobody counts.
    var lastServerChange: UInt64 { self.meetings?.lastServerChange ?? 0 }

    /// What no later server executes than those met by now, if none has taken the place of another since `meeting`.
    ///
    /// - Parameter meeting: The number of the last such meeting by when something was concluded.
    /// - Returns: The sender; `nil` if what was concluded may rest on writes that are forgotten.
    func sender(under meeting: UInt64) -> (any RedisCommandSender)? {
        guard let meetings = self.meetings else { return self.client }
        // The number first: a change after it is refused by its server, one before it shows here.
        let number = meetings.serverMeetings
        return meetings.lastServerChange == meeting ? meetings.bound(to: number) : nil
    }

    /// What scripts are sent with that judge by a view which is read next.
    ///
    /// Where losses make the namespace cold, the view must not be older than the servers that the scripts are sent to:
    /// what an earlier server has told of may be dead. Each refusal is by a server that had not been met yet.
    func senderForView() -> any RedisCommandSender {
        guard let gate = self.client as? LossGate else { return self.client }
        return gate.bound(to: gate.serverMeetings)
    }

    /// Sends what can be undone by nobody who forgets it; false if the server is another one by then.
    func unlessServerChanged<Answer>(_ body: () async throws -> Answer) async throws -> Answer? {
        do {
            return try await body()
        } catch let error as CacheError where (error.underlying as? RedisError)?.code == .serverChanged {
            return nil
        }
    }
}
