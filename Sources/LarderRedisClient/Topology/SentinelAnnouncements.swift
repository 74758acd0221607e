import Logging
import NIOCore
import Synchronization

/// Listens to what sentinels announce: `+switch-master` says that a primary has another address.
///
/// A message that is missed does no harm: whoever loses the primary asks. It only spares the wait for a connection to a
/// primary that is frozen, or that does not know yet that it is none. The sentinel that leads a failover announces it at once,
/// the others when they hear of it, up to two seconds later, in which a primary that was replaced by order goes on taking
/// writes that will be lost. So several are listened to.
final class SentinelAnnouncements: Sendable {
    typealias Address = RedisConfiguration.Address

    /// A sentinel that is listened to.
    private struct Ear {
        let locator: SecondaryLocator
        let lane: SubscriptionLane
        /// Begins to listen; ended by whoever removes the ear.
        let beginning: Task<Void, Never>
    }

    private struct State {
        var ears: [Address: Ear] = [:]
        var isClosed = false
    }

    private static let channel = "+switch-master"
    /// Deployments have three or five.
    private static let mostEars = 5
    /// A sentinel that is down may be so for days, and the others do.
    private static let longestPause = Duration.seconds(30)

    private let discovery: ServerDiscovery
    private let configured: [Address]
    private let primaryName: String
    private let connector: RedisConnector
    private let logger: Logger
    private let state = Mutex(State())

    init(
        discovery: ServerDiscovery,
        configured: [Address],
        primaryName: String,
        sentinelConnector: RedisConnector,
        logger: Logger
    ) {
        self.discovery = discovery
        self.configured = configured
        self.primaryName = primaryName
        self.connector = sentinelConnector.with { $0.reconnect.maximum = max($0.reconnect.maximum, Self.longestPause) }
        self.logger = logger
    }

    /// The sentinels that are heard at the moment.
    var connected: Set<Address> {
        self.state.withLock { state in Set(state.ears.filter { $0.value.locator.isConnected }.keys) }
    }

    /// The same sentinels, each once, under the name by which it was configured if it was.
    ///
    /// Sentinels know each other by address and their users by name. That two are one shows when both have been heard.
    func distinct(_ sentinels: [Address]) -> [Address] {
        let processes = self.state.withLock { $0.ears.compactMapValues { $0.locator.identity?.runID } }
        var names: [String: Address] = [:]
        for address in self.configured + sentinels {
            guard let process = processes[address], sentinels.contains(address) else { continue }
            if names[process] == nil { names[process] = address }
        }
        return sentinels.filter { address in processes[address].map { names[$0] == address } ?? true }
    }

    /// Listens to the first of these and to no others; does not wait for it.
    func listen(to sentinels: [Address]) {
        let gone = self.state.withLock { state -> [Ear] in
            guard !state.isClosed else { return [] }
            // Those that are listened to already stay, whatever their order is now.
            let kept = state.ears.keys.filter { sentinels.contains($0) }
            let wanted = Set((kept + sentinels.filter { !kept.contains($0) }).prefix(Self.mostEars))
            let gone = state.ears.filter { !wanted.contains($0.key) }
            for address in gone.keys { state.ears[address] = nil }
            for address in wanted where state.ears[address] == nil { state.ears[address] = self.ear(address) }
            return Array(gone.values)
        }
        for ear in gone { Self.close(ear) }
    }

    private func ear(_ address: Address) -> Ear {
        let locator = SecondaryLocator(connector: self.connector.to(address))
        let lane = SubscriptionLane(locator: locator, eventLoop: self.discovery.eventLoop, logger: self.logger)
        let beginning = Task { [discovery, primaryName, logger] in
            await Self.listen(lane) { payload in
                guard let primary = Self.newPrimary(of: primaryName, in: payload) else { return }
                discovery.announced(primary, by: address)
            } failed: { error in
                logger.debug(
                    "cannot listen to a sentinel",
                    metadata: ["redis.server": "\(address)", "error": "\(error)"]
                )
            }
        }
        return Ear(locator: locator, lane: lane, beginning: beginning)
    }

    private static func listen(
        _ lane: SubscriptionLane,
        _ heard: @escaping @Sendable (ByteBuffer) -> Void,
        failed: (any Error) -> Void
    ) async {
        while !Task.isCancelled {
            do {
                // Once this has returned, the lane goes on listening by itself, also on the next connection.
                _ = try await lane.listen(
                    to: SubscriptionName(.channel, Self.channel),
                    deadline: .deadline(after: 5_000_000_000)
                ) { event in
                    if case .message(let payload) = event { heard(payload) }
                }
                return
            } catch is CancellationError {
                return
            } catch {
                failed(error)
                if (error as? RedisError)?.code == .shutdown { return }
                do { try await Task.sleep(for: .milliseconds(Int64.random(in: 5_000...10_000))) } catch { return }
            }
        }
    }

    /// The address in a message: `<name> <old host> <old port> <new host> <new port>`.
    static func newPrimary(of name: String, in payload: ByteBuffer) -> Address? {
        let words = String(buffer: payload).split(separator: " ")
        guard words.count == 5, words[0] == name, let port = Int(words[4]) else { return nil }
        return .server(String(words[3]), port)
    }

    private static func close(_ ear: Ear) {
        ear.beginning.cancel()
        ear.lane.close()
    }

    private func takeEars() -> [Ear] {
        self.state.withLock { state in
            state.isClosed = true
            defer { state.ears = [:] }
            return Array(state.ears.values)
        }
    }

    /// Ends it.
    func close() {
        for ear in self.takeEars() { Self.close(ear) }
    }

    /// Ends it, and returns when nothing runs any more.
    func shutdown() async {
        for ear in self.takeEars() {
            ear.beginning.cancel()
            await ear.beginning.value
            await ear.lane.shutdown()
        }
    }
}
