import Logging
import NIOCore
import Synchronization

/// The sentinel that is listened to, if any.
final class CurrentSentinel: Sendable {
    private let state = Mutex<RedisConfiguration.Address?>(nil)

    /// Its address.
    var address: RedisConfiguration.Address? {
        get { self.state.withLock { $0 } }
        set { self.state.withLock { $0 = newValue } }
    }
}

/// Listens to what one sentinel after another announces: `+switch-master` says that a primary has another address.
///
/// A message that is missed does no harm: whoever loses the primary asks. It only spares the wait for a connection to a
/// primary that is frozen, or that does not know yet that it is none.
final class SentinelAnnouncements: Sendable {
    private static let channel = "+switch-master"

    private let lane: SubscriptionLane
    private let current: CurrentSentinel
    private let discovery: ServerDiscovery
    private let primaryName: String
    private let logger: Logger
    private let task = Mutex<Task<Void, Never>?>(nil)
    private let isClosed = Atomic<Bool>(false)

    init(discovery: ServerDiscovery, primaryName: String, sentinelConnector: RedisConnector, logger: Logger) {
        let current = CurrentSentinel()
        self.current = current
        self.discovery = discovery
        self.primaryName = primaryName
        self.logger = logger
        self.lane = SubscriptionLane(
            locator: SentinelLocator(discovery: discovery, connector: sentinelConnector, current: current),
            eventLoop: discovery.eventLoop,
            logger: logger
        )
    }

    /// Whether a sentinel is listened to, and which.
    var sentinel: RedisConfiguration.Address? { self.current.address }

    /// Begins to listen, unless that was done; does not wait for it.
    func start() {
        self.task.withLock { task in
            guard task == nil, !self.isClosed.load(ordering: .acquiring) else { return }
            // Owned by this object: `close` ends it.
            task = Task { [lane, discovery, current, primaryName, logger] in
                await Self.listen(lane) { payload in
                    guard let address = Self.newPrimary(of: primaryName, in: payload) else { return }
                    discovery.announced(address, by: current.address)
                } failed: { error in
                    logger.debug(
                        "cannot listen to a sentinel",
                        metadata: ["redis.server": "\(discovery.name)", "error": "\(error)"]
                    )
                }
            }
        }
    }

    private static func listen(
        _ lane: SubscriptionLane,
        _ heard: @escaping @Sendable (ByteBuffer) -> Void,
        failed: (any Error) -> Void
    ) async {
        while !Task.isCancelled {
            do {
                // Once this has returned, the lane goes on listening by itself, also on the next connection.
                _ = try await lane.listen(to: SubscriptionName(.channel, Self.channel), deadline: .deadline(after: 5_000_000_000)) { event in
                    if case .message(let payload) = event { heard(payload) }
                }
                return
            } catch is CancellationError {
                return
            } catch {
                failed(error)
                if (error as? RedisError)?.code == .shutdown { return }
                do { try await Task.sleep(for: .milliseconds(Int64.random(in: 250...500))) } catch { return }
            }
        }
    }

    /// The address in a message: `<name> <old host> <old port> <new host> <new port>`.
    static func newPrimary(of name: String, in payload: ByteBuffer) -> RedisConfiguration.Address? {
        let words = String(buffer: payload).split(separator: " ")
        guard words.count == 5, words[0] == name, let port = Int(words[4]) else { return nil }
        return .server(String(words[3]), port)
    }

    /// Ends it.
    func close() {
        self.isClosed.store(true, ordering: .releasing)
        self.task.withLock { $0 }?.cancel()
        self.lane.close()
    }

    func shutdown() async {
        self.isClosed.store(true, ordering: .releasing)
        let task = self.task.withLock { $0 }
        task?.cancel()
        await task?.value
        await self.lane.shutdown()
    }
}
