import Logging
import NIOCore

/// Asks servers of a cluster for their map of slots, until one has answered well.
///
/// Each is asked on a connection of its own, made for that: it works whatever the state of the others, shows that the
/// server can be reached, and waits behind nobody's commands.
struct SlotMapInquiry: Sendable {
    let connector: RedisConnector
    let eventLoopGroup: any EventLoopGroup
    let logger: Logger

    /// How long to wait for a server before the next one is asked as well, in nanoseconds.
    private static let patience: Int64 = 200_000_000
    /// How long a server may take at most, in nanoseconds.
    private static let longestWait: Int64 = 2_000_000_000
    private enum Event: Sendable {
        case answer(Result<SlotMap, RedisError>)
        /// The server that was asked as number so many has been given its time.
        case patienceEnded(Int)
    }

    /// Asks one server after another.
    ///
    /// - Parameters:
    ///   - addresses: The servers, in the order in which to ask them.
    ///   - present: How many slots had owners before.
    /// - Returns: The map to believe, as `SlotMapAnswers` has it, or the error.
    func ask(_ addresses: [NodeAddress], knowing present: Int) async -> Result<SlotMap, RedisError> {
        await withTaskGroup(of: Event.self) { group in
            var asked = 0
            var pending = 0
            var answers = SlotMapAnswers(knowing: present)
            var errors: [RedisError] = []
            func askNext() {
                guard asked < addresses.count else { return }
                let address = addresses[asked]
                asked += 1
                pending += 1
                let number = asked
                group.addTask { .answer(await self.ask(address)) }
                group.addTask {
                    // Cancelled when there is an answer; then nobody looks at this event.
                    try? await Task.sleep(nanoseconds: UInt64(Self.patience))
                    return .patienceEnded(number)
                }
            }
            askNext()
            while pending > 0, let event = await group.next() {
                switch event {
                case .patienceEnded(let number):
                    if number == asked { askNext() }
                case .answer(.success(let map)):
                    pending -= 1
                    answers.take(map)
                    if answers.areEnough { pending = 0 } else { askNext() }
                case .answer(.failure(let error)):
                    pending -= 1
                    errors.append(error)
                    askNext()
                }
            }
            group.cancelAll()
            if let map = answers.believed(haveAllAnswered: errors.isEmpty) { return .success(map) }
            if answers.best != nil {
                return .failure(
                    RedisError(
                        .connectionFailed,
                        message: "the servers of the cluster that could be asked know fewer slots than before",
                        server: addresses.map(\.description).joined(separator: ", "),
                        underlying: errors.last
                    )
                )
            }
            return .failure(Self.summary(of: errors, from: addresses))
        }
    }

    private func ask(_ address: NodeAddress) async -> Result<SlotMap, RedisError> {
        let connector = self.connector.to(.hostname(address.host, port: address.port))
        let lane = CommandLane(
            locator: FixedLocator(connector: connector, history: ServerHistory(), isFirst: true),
            eventLoop: self.eventLoopGroup.next(),
            logger: self.logger,
            reconnects: false
        )
        defer { lane.close() }
        let wait = min(self.connector.configuration.connectTimeout.wholeNanoseconds, Self.longestWait)
        switch await lane.execute(RedisCommand("CLUSTER", "SLOTS"), deadline: MonotonicTime.now.advanced(by: wait)) {
        case .reply(let reply):
            do throws(RedisError) {
                return .success(try SlotMap(slots: reply, askedHost: address.host))
            } catch {
                return .failure(error.with(server: address.description, command: "CLUSTER"))
            }
        case .failure(let error):
            return .failure(error)
        case .replies, .cancelled:
            return .failure(connector.error(.connectionFailed, "the inquiry was given up"))
        }
    }

    /// What to tell the caller if no server gave a map.
    private static func summary(of errors: [RedisError], from addresses: [NodeAddress]) -> RedisError {
        let servers = addresses.map(\.description).joined(separator: ", ")
        // What another attempt will not mend, before what it may.
        if let error = errors.first(where: { $0.message.contains("cluster support disabled") }) {
            return RedisError(
                .invalidConfiguration,
                message: "topology: the server is no part of a cluster (it runs with cluster-enabled no)",
                server: error.server,
                command: "CLUSTER",
                underlying: error
            )
        }
        let lasting = errors.first { error in
            [.authenticationFailed, .tlsFailed, .unexpectedReply].contains(error.code) || error.code.serverPrefix != nil
        }
        if let lasting { return lasting }
        return RedisError(
            .connectionFailed,
            message: "no server of the cluster could be asked for its slots",
            server: servers,
            underlying: errors.last
        )
    }
}
