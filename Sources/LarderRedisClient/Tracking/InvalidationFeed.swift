import Logging
import NIOCore
import Synchronization

/// Hears of all changes of keys that begin with certain prefixes, from every primary of a client.
///
/// The servers tell of every key (`CLIENT TRACKING … BCAST`), not only of those that this process has read: that costs them no
/// memory, works on a connection of its own, and tells of keys that were written before they were read.
package final class InvalidationFeed: Sendable {
    /// Is called on an event loop, one event after another: it must not block.
    package typealias Listener = @Sendable (FeedEvent) -> Void

    private let lanes: InvalidationLanes
    private let isStarted = Atomic(false)
    private let dependents: Dependents
    private let ticket: UInt64?

    init(_ lanes: InvalidationLanes, dependents: Dependents) {
        self.lanes = lanes
        self.dependents = dependents
        self.ticket = dependents.add { lanes.close() }
    }

    deinit { self.close() }

    /// Begins to listen; does nothing the second time.
    @inline(__always)
    package func start() {
        if !self.isStarted.load(ordering: .relaxed) { self.startNow() }
    }

    private func startNow() {
        if !self.isStarted.exchange(true, ordering: .relaxed) { self.lanes.start() }
    }

    /// Stops listening, for good.
    ///
    /// The listener may be called once more while this returns.
    package func close() {
        if let ticket = self.ticket { self.dependents.remove(ticket) }
        self.lanes.close()
    }
}

/// The connections of a feed: one for each primary, all on one event loop.
final class InvalidationLanes: Sendable {
    private struct LoopState {
        var coverage = InvalidationCoverage()
        var lanes: [String: InvalidationLane] = [:]
        var isClosed = false
        var listener: InvalidationFeed.Listener?
        var renewal: Scheduled<Void>?
    }

    let sources: any InvalidationSources
    private let prefixes: [String]
    private let timing: InvalidationTiming
    private let logger: Logger
    private let eventLoop: any EventLoop
    private let loop: NIOLoopBoundBox<LoopState>

    /// - Parameters:
    ///   - sources: The primaries.
    ///   - prefixes: How the keys begin; none may begin with another one.
    ///   - timing: How long a server may keep quiet.
    ///   - eventLoop: Where the connections live.
    ///   - logger: For what happens in the background.
    ///   - listener: Is called on the event loop.
    init(
        _ sources: any InvalidationSources,
        prefixes: [String],
        timing: InvalidationTiming,
        eventLoop: any EventLoop,
        logger: Logger,
        _ listener: @escaping InvalidationFeed.Listener
    ) {
        self.sources = sources
        self.prefixes = prefixes
        self.timing = timing
        self.eventLoop = eventLoop
        self.logger = logger
        self.loop = .makeBoxSendingValue(LoopState(listener: listener), eventLoop: eventLoop)
    }

    func start() {
        self.sources.onPrimariesChanged { [weak self] in
            guard let self else { return }
            self.eventLoop.execute { self.adoptPrimaries() }
        }
        self.eventLoop.execute {
            self.adoptPrimaries()
            self.scheduleRenewal()
        }
    }

    func close() {
        self.eventLoop.execute { self.finish() }
    }

    // MARK: On the event loop

    private func adoptPrimaries() {
        guard !self.loop.value.isClosed else { return }
        let locators = Dictionary(self.sources.primaryLocators.map { ($0.name, $0) }) { first, _ in first }
        let change = self.loop.value.coverage.replace(with: Set(locators.keys))
        // First, so that nobody keeps what a new primary may be changing already.
        self.tell(change.events)
        for name in change.removed {
            self.loop.value.lanes.removeValue(forKey: name)?
                .close(RedisError(.connectionClosed, message: "the server is no primary any more", server: name))
        }
        for name in change.added {
            guard let locator = locators[name] else { continue }
            let lane = InvalidationLane(
                locator: TrackingLocator(base: locator, prefixes: self.prefixes),
                timing: self.timing,
                eventLoop: self.eventLoop,
                logger: self.logger
            ) { self.take($0, from: name) }
            self.loop.value.lanes[name] = lane
            lane.start()
        }
    }

    private func scheduleRenewal() {
        guard !self.loop.value.isClosed else { return }
        let pause = TimeAmount.nanoseconds(self.timing.renewal)
        self.loop.value.renewal = self.eventLoop.scheduleTask(in: pause) { [weak self] in
            guard let self else { return }
            self.sources.renewPrimaries()
            self.scheduleRenewal()
        }
    }

    private func take(_ event: InvalidationEvent, from name: String) {
        self.tell(self.loop.value.coverage.take(event, from: name))
    }

    private func tell(_ events: [FeedEvent]) {
        guard let listener = self.loop.value.listener else { return }
        for event in events { listener(event) }
    }

    private func finish() {
        guard !self.loop.value.isClosed else { return }
        self.loop.value.isClosed = true
        let error = RedisError(.shutdown, message: "nobody listens to changes any more")
        self.tell([.lost(error)])
        self.loop.value.listener = nil
        self.loop.value.renewal?.cancel()
        for lane in self.loop.value.lanes.values { lane.close(error) }
        self.loop.value.lanes = [:]
    }
}

/// What ends with a client.
final class Dependents: Sendable {
    private struct State {
        var isOver = false
        var closings: [UInt64: @Sendable () -> Void] = [:]
        var nextTicket: UInt64 = 0
    }

    private let state = Mutex(State())

    /// - Parameter close: Ends it; called at once where the client has ended already.
    /// - Returns: What to call `remove(_:)` with; nil where the client has ended.
    func add(_ close: @escaping @Sendable () -> Void) -> UInt64? {
        let ticket = self.state.withLock { state -> UInt64? in
            if state.isOver { return nil }
            state.nextTicket += 1
            state.closings[state.nextTicket] = close
            return state.nextTicket
        }
        if ticket == nil { close() }
        return ticket
    }

    func remove(_ ticket: UInt64) {
        self.state.withLock { _ = $0.closings.removeValue(forKey: ticket) }
    }

    func close() {
        let closings = self.state.withLock { state in
            state.isOver = true
            defer { state.closings = [:] }
            return Array(state.closings.values)
        }
        for close in closings { close() }
    }
}

extension RedisClient {
    /// Makes a feed of all changes of keys that begin with one of these prefixes.
    ///
    /// It ends with the client, with its last reference, and when it is closed.
    ///
    /// - Parameters:
    ///   - prefixes: How the keys begin; none may begin with another one.
    ///   - listener: Is called on an event loop, one event after another: it must not block.
    /// - Returns: The feed, which listens from its `start()` on.
    package func invalidationFeed(
        prefixes: [String],
        _ listener: @escaping InvalidationFeed.Listener
    ) -> InvalidationFeed {
        self.invalidationFeed(prefixes: prefixes, timing: InvalidationTiming(), listener)
    }

    func invalidationFeed(
        prefixes: [String],
        timing: InvalidationTiming,
        _ listener: @escaping InvalidationFeed.Listener
    ) -> InvalidationFeed {
        let lanes = InvalidationLanes(
            self.servers.invalidationSources,
            prefixes: prefixes,
            timing: timing,
            eventLoop: self.subscriptions.eventLoop,
            logger: self.logger,
            listener
        )
        return InvalidationFeed(lanes, dependents: self.dependents)
    }
}

extension Servers {
    /// The primaries, for those who hear of changes.
    var invalidationSources: any InvalidationSources {
        switch self {
        case .cluster(let servers): ClusterPrimaries(servers)
        case .sharded(let servers): AllShards(primaryLocators: servers.nodes.map(\.locator))
        case .standalone, .replicated: OnlyPrimary(locator: self.subscriptionLocator)
        }
    }
}
