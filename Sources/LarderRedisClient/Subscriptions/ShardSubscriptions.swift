import Logging
import NIOCore
import Synchronization

/// Shard channels in a cluster: a lane for each node, and channels that follow their slots from node to node.
///
/// With independent servers, all channels: each is listened to at the server that its name belongs to, which stays the same.
///
/// The node that serves a channel's slot is the only one that takes a subscription to it. When the slot moves away, the
/// node ends the subscription by itself, and answers with `MOVED` when it is asked again; a node that is lost may have its
/// slots served by another one soon. In each case the channel is asked for where it is by then, until that is known and
/// the node there confirms. Listeners hear of it as of a lost connection.
///
/// All lanes live on one event loop, so that what a channel's old and new node say does not cross.
final class ShardSubscriptions: Sendable {
    /// Finds the node that serves a channel's slot, as far as is known now.
    ///
    /// Locators of one node have one name.
    typealias Locate = @Sendable (_ channel: SubscriptionName) -> any ServerLocator

    private struct State {
        /// The lanes, by the names of their nodes, with those who listen.
        var lanes: [String: (lane: SubscriptionLane, members: Int)] = [:]
        var members: [UInt64: ShardMember] = [:]
        var lastID: UInt64 = 0
        var isClosed = false
    }

    private let state = Mutex(State())
    private let locate: Locate
    private let reconnect: RedisConfiguration.Reconnect
    private let eventLoop: any EventLoop
    private let logger: Logger

    /// Connects when somebody listens.
    ///
    /// - Parameters:
    ///   - locate: Finds nodes.
    ///   - reconnect: The pauses between attempts to find a channel's node.
    ///   - eventLoop: Where all lanes live.
    ///   - logger: For the lanes.
    init(
        locate: @escaping Locate,
        reconnect: RedisConfiguration.Reconnect,
        eventLoop: any EventLoop,
        logger: Logger
    ) {
        self.locate = locate
        self.reconnect = reconnect
        self.eventLoop = eventLoop
        self.logger = logger
    }

    /// Begins to listen to shard channels; see `SubscriptionLane.listen`.
    func listen(to wishes: [SubscriptionLane.Wish], deadline: MonotonicTime) -> ShardSubscription {
        var members: [ShardMember] = []
        for wish in wishes {
            let member = self.state.withLock { state in
                state.lastID += 1
                let member = ShardMember(
                    id: state.lastID,
                    wish: wish,
                    deadline: deadline,
                    backoff: Backoff(self.reconnect)
                )
                if !state.isClosed { state.members[member.id] = member }
                return member
            }
            members.append(member)
            self.eventLoop.execute { self.place(member) }
        }
        return ShardSubscription(members: members, owner: self)
    }

    /// Lets a listener go.
    fileprivate func leave(_ member: ShardMember) {
        guard self.state.withLock({ $0.members.removeValue(forKey: member.id) }) != nil else { return }
        member.end(.cancelled)
        self.eventLoop.execute { self.release(member) }
    }

    /// The slots are served by other nodes than before: asks for channels again that are not where they were.
    func slotsChanged() {
        self.eventLoop.execute {
            for member in self.state.withLock({ Array($0.members.values) }) { self.follow(member) }
        }
    }

    // MARK: On the event loop

    /// Asks for a channel on the node that serves it now.
    private func place(_ member: ShardMember) {
        guard self.isMember(member) else {
            if self.state.withLock({ $0.isClosed }) { member.end(.ended(self.shutdownError)) }
            return
        }
        if member.isWaitedFor, member.deadline <= .now {
            self.remove(member, .ended(member.lastError ?? self.lateError))
            return
        }
        let locator = self.locate(member.wish.name)
        let lane = self.state.withLock { state in
            let lane =
                state.lanes[locator.name]?.lane
                ?? SubscriptionLane(locator: locator, eventLoop: self.eventLoop, logger: self.logger)
            state.lanes[locator.name, default: (lane, 0)].members += 1
            return lane
        }
        let placement = member.makePlacement(at: locator) { member, placement, turn in
            self.heard(turn, at: placement, by: member)
        }
        // Whoever has been heard before waits for nobody: an attempt that hangs is as good as one that fails.
        let deadline =
            member.isWaitedFor
            ? member.deadline : .deadline(after: locator.configuration.commandTimeout.wholeNanoseconds)
        let wish = SubscriptionLane.Wish(
            name: member.wish.name,
            listener: SubscriptionListener(sink: placement, index: member.wish.listener.index)
        ) { outcome in
            // At once: what is heard after the confirmation must not come before it.
            self.outcome(outcome, at: placement, of: member)
        }
        placement.subscription.withLock { $0 = lane.listen(to: [wish], deadline: deadline) }
    }

    private func outcome(_ outcome: Confirmations.Outcome, at placement: ShardPlacement, of member: ShardMember) {
        guard member.isCurrent(placement), self.isMember(member) else { return }
        switch outcome {
        case .listening: member.confirmed()
        case .failure(let error): self.lost(error, at: placement, by: member)
        case .cancelled: break
        }
    }

    private func heard(_ turn: SubscriptionTurn, at placement: ShardPlacement, by member: ShardMember) {
        switch turn {
        case .interrupted(let error):
            member.interrupted(error)
            if member.setWatched(true) { self.watch(member) }
        case .resumed: member.confirmed()
        case .ended(let error): self.lost(error, at: placement, by: member)
        }
    }

    /// A node does not serve a channel: looks for the one that does, or gives up.
    private func lost(_ error: RedisError, at placement: ShardPlacement, by member: ShardMember) {
        let isElsewhere = Self.isElsewhere(error)
        guard isElsewhere || Self.mayPass(error) else {
            self.remove(member, .ended(error))
            return
        }
        // Who waits for the confirmation has its deadline; it is looked at before the next attempt.
        member.interrupted(error)
        if isElsewhere { placement.locator.suspect(error) }
        self.release(member)
        self.schedule(after: member.pause()) { self.place(member) }
    }

    /// Looks from time to time whether a channel whose node is lost is served by another.
    private func watch(_ member: ShardMember) {
        self.schedule(after: member.pause()) {
            guard self.isMember(member), member.isDeaf else {
                _ = member.setWatched(false)
                return
            }
            self.follow(member)
            self.watch(member)
        }
    }

    /// Asks for a channel again if another node serves it now.
    private func follow(_ member: ShardMember) {
        guard self.isMember(member), let node = member.node, self.locate(member.wish.name).name != node else { return }
        member.interrupted(
            RedisError(.connectionClosed, message: "another node serves the shard channel's slot", server: node)
        )
        self.release(member)
        self.place(member)
    }

    /// Gives up what was asked for at a node; the last one closes the connection.
    private func release(_ member: ShardMember) {
        guard let placement = member.takePlacement() else { return }
        placement.subscription.withLock { $0 }?.cancel()
        let unused = self.state.withLock { state -> SubscriptionLane? in
            guard let entry = state.lanes[placement.locator.name] else { return nil }
            state.lanes[placement.locator.name]?.members -= 1
            guard entry.members <= 1 else { return nil }
            state.lanes[placement.locator.name] = nil
            return entry.lane
        }
        unused?.close()
    }

    private func remove(_ member: ShardMember, _ end: ShardMember.End) {
        self.state.withLock { _ = $0.members.removeValue(forKey: member.id) }
        self.release(member)
        member.end(end)
    }

    private func isMember(_ member: ShardMember) -> Bool {
        self.state.withLock { $0.members[member.id] != nil }
    }

    private func schedule(after pause: Int64, _ task: @escaping @Sendable () -> Void) {
        self.eventLoop.scheduleTask(in: .nanoseconds(pause), task)
    }

    // MARK: Errors

    /// Whether another node may serve the channel.
    private static func isElsewhere(_ error: RedisError) -> Bool {
        switch error.code.serverPrefix {
        case "MOVED", "ASK", "CLUSTERDOWN", "TRYAGAIN", "LOADING", "MASTERDOWN": true
        default: false
        }
    }

    /// Whether what keeps a channel from being heard may be over soon.
    private static func mayPass(_ error: RedisError) -> Bool {
        error.code == .connectionFailed || error.code == .connectionClosed || error.code == .timedOut
    }

    private var shutdownError: RedisError { RedisError(.shutdown, message: "the client was shut down") }

    private var lateError: RedisError {
        RedisError(.timedOut, message: "no node confirmed the subscription in time")
    }

    // MARK: Ending

    /// Ends all lanes at once, for all who wait and all who listen, and returns when they have been told.
    func shutdown() async {
        await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
            self.eventLoop.execute {
                self.finish()
                done.resume()
            }
        }
    }

    /// Ends all lanes at once.
    func close() {
        self.eventLoop.execute { self.finish() }
    }

    private func finish() {
        let (members, lanes) = self.state.withLock { state in
            defer {
                state.isClosed = true
                state.members = [:]
                state.lanes = [:]
            }
            return (Array(state.members.values), state.lanes.values.map(\.lane))
        }
        for member in members { member.end(.ended(self.shutdownError)) }
        for lane in lanes { lane.close() }
    }
}

/// Shard channels that somebody listens to.
struct ShardSubscription: SubscriptionPart {
    fileprivate let members: [ShardMember]
    fileprivate let owner: ShardSubscriptions

    func cancel() {
        for member in self.members { self.owner.leave(member) }
    }
}
