import Logging
import NIOCore
import Synchronization

/// The servers of a cluster, and which of them gets what.
///
/// Who owns a slot is looked up in a table without a lock. The table is filled when the first command needs it, from what
/// one of the servers answers to `CLUSTER SLOTS`, and put right by every redirection, by inquiries that those and failures
/// give reason for, and by one every half a minute while the client is used; sooner while it is young (`SlotMapRefresh`).
final class ClusterServers: Sendable {
    let configuration: RedisConfiguration
    let seeds: [NodeAddress]
    /// What errors call the servers as a whole.
    let name: String
    /// Where the slots' owners are written down, for commands that take no detours.
    let fastPath: ClusterFastPath
    let retries = RetryPolicy(hasSeveralServers: true)
    let listeners = PrimaryListeners()
    let setup: ClusterMember.Setup
    /// Where the keys of slots are, as scans have found out.
    let slotPlaces = Mutex(SlotPlaces())
    /// How many surveys of them have begun.
    let surveys = Atomic<UInt64>(0)

    private let map = Mutex(Map())
    private let changes = Atomic<UInt64>(0)

    private let refreshing = Mutex(Refreshing())
    private let waiters = EventWaiters<Result<Void, RedisError>>()

    /// What the client knows of the cluster beside the table.
    private struct Map {
        /// How many slots the last map gave an owner; nil before the first.
        var ownedSlots: Int?
        var primaries: Set<UInt16> = []
        var replicas: [UInt16: [UInt16]] = [:]
        /// The slots that redirections have given to others since the inquiry under way began: they are newer than it.
        var moves: [Int: UInt16] = [:]
        /// The members of the last map by the ids that it gave them.
        var numbers: [String: UInt16] = [:]
    }

    /// The inquiry that is due or under way.
    private struct Refreshing {
        var machine = SlotMapRefresh()
        var task: Task<Void, Never>?
        /// What became of the last one, if it failed.
        var failure: RedisError?
        var isClosed = false
    }

    /// Does not connect yet.
    ///
    /// - Throws: `RedisError` with the code `.invalidConfiguration` for seeds that no cluster can have, and for another
    ///   database than 0, which is the only one that clusters have.
    init(
        _ connector: RedisConnector,
        seeds: [RedisConfiguration.Address],
        eventLoopGroup: any EventLoopGroup,
        logger: Logger
    ) throws(RedisError) {
        self.configuration = connector.configuration
        self.fastPath = ClusterFastPath(connector.configuration)
        self.seeds = try Self.addresses(of: seeds)
        guard connector.configuration.database == 0 else {
            throw RedisError(.invalidConfiguration, message: "database: a cluster has no other than 0")
        }
        self.name = "cluster of " + self.seeds.map(\.description).joined(separator: ", ")
        self.setup = ClusterMember.Setup(
            connector: connector,
            history: ServerHistory(),
            eventLoopGroup: eventLoopGroup,
            logger: logger
        )
    }

    private static func addresses(of seeds: [RedisConfiguration.Address]) throws(RedisError) -> [NodeAddress] {
        guard !seeds.isEmpty else {
            throw RedisError(
                .invalidConfiguration,
                message: "topology: a cluster needs the address of one server at least"
            )
        }
        var addresses: [NodeAddress] = []
        for seed in seeds {
            guard case .hostname(let host, let port) = seed.kind, !host.isEmpty, (1...65535).contains(port) else {
                throw RedisError(
                    .invalidConfiguration,
                    message: "topology: servers of a cluster have a host and a port"
                )
            }
            let address = NodeAddress(host: host, port: port)
            if !addresses.contains(address) { addresses.append(address) }
        }
        return addresses
    }

    var table: SlotTable { self.fastPath.table }

    var members: ClusterMembers { self.fastPath.members }

    /// How often the client has learned that a slot is served elsewhere than it was.
    ///
    /// Raised before the reply is handed out that was got there.
    var routeChanges: UInt64 { self.changes.load(ordering: .acquiring) }

    /// Every server that the client has met as a primary.
    var history: ServerHistory { self.setup.history }

    // MARK: Finding servers

    /// The owner of a slot.
    ///
    /// - Throws: `RedisError` if nobody is known to own it by the deadline; `CancellationError`.
    func owner(of slot: Int, by deadline: MonotonicTime) async throws -> ClusterMember {
        if let index = self.table.load(slot) { return self.members[index] }
        let uncovered = RedisError(
            .server("CLUSTERDOWN"),
            message: "no server of the cluster owns the slot of the command's key",
            server: self.name
        )
        try await self.refreshMap(by: deadline, orElse: uncovered)
        guard let index = self.table.load(slot) else { throw uncovered }
        return self.members[index]
    }

    /// The primaries, in no order; at least one.
    ///
    /// - Throws: `RedisError` if none is known by the deadline; `CancellationError`.
    func primaries(by deadline: MonotonicTime) async throws -> [ClusterMember] {
        let known = self.knownPrimaries
        if !known.isEmpty { return known }
        let uncovered = RedisError(
            .server("CLUSTERDOWN"),
            message: "no server of the cluster owns any slots",
            server: self.name
        )
        try await self.refreshMap(by: deadline, orElse: uncovered)
        let found = self.knownPrimaries
        guard !found.isEmpty else { throw uncovered }
        return found
    }

    /// The primaries that the client knows of; none before it has asked.
    var knownPrimaries: [ClusterMember] { self.map.withLock { $0.primaries.map { self.members[$0] } } }

    func isPrimary(_ index: UInt16) -> Bool { self.map.withLock { $0.primaries.contains(index) } }

    /// The replicas of a primary.
    func replicas(of primary: UInt16) -> [ClusterMember] {
        self.map.withLock { ($0.replicas[primary] ?? []).map { self.members[$0] } }
    }

    /// The replicas of all primaries.
    var knownReplicas: [ClusterMember] {
        self.map.withLock { map in Set(map.replicas.values.joined()).map { self.members[$0] } }
    }

    /// The members of the last map by the ids that the cluster knows them by.
    var numbersByID: [String: UInt16] { self.map.withLock { $0.numbers } }

    /// The member at an address, a new one if there is none.
    ///
    /// - Returns: The member; nil if there are as many as a cluster can have, or the client has ended.
    func member(at address: NodeAddress, isFirst: Bool) -> ClusterMember? {
        self.members.member(at: address, now: .now) { index in
            ClusterMember(index: index, address: address, isFirst: isFirst, setup: self.setup) { [weak self] in
                self?.doubtMap()
            }
        }
    }

    // MARK: Learning

    /// A server has sent a command on.
    ///
    /// - Returns: The member to which; nil if the server did not say, or more addresses were named than a cluster has.
    func note(_ redirection: Redirection) -> UInt16? {
        self.changes.wrappingAdd(1, ordering: .releasing)
        // A redirection to a slot on its way says nothing of the map.
        if redirection.kind == .moved { self.doubtMap() }
        guard let address = redirection.address, let member = self.member(at: address, isFirst: false) else {
            return nil
        }
        guard redirection.kind == .moved else { return member.index }
        let isNew = self.map.withLock { map in
            map.moves[redirection.slot] = member.index
            self.table.store(member.index, in: redirection.slot)
            return map.primaries.insert(member.index).inserted
        }
        if isNew { self.listeners.tell() }
        return member.index
    }

    /// Makes a map that a server gave the present one.
    ///
    /// - Returns: Whether it is another than before.
    private func adopt(_ map: SlotMap) -> Bool {
        let (isChanged, former, all) = self.map.withLock { present in
            let isFirst = present.ownedSlots == nil
            var owners = [UInt16?](repeating: nil, count: KeySlot.count)
            var replicas: [UInt16: [UInt16]] = [:]
            var numbers: [String: UInt16] = [:]
            for range in map.ranges {
                guard let primary = self.member(at: range.primary.address, isFirst: isFirst) else { continue }
                for slot in range.slots { owners[slot] = primary.index }
                if let id = range.primary.id { numbers[id] = primary.index }
                let indexes = range.replicas.compactMap { self.member(at: $0.address, isFirst: false)?.index }
                // The same replicas stand at every range of a primary.
                replicas[primary.index] = indexes
            }
            for (slot, owner) in present.moves { owners[slot] = owner }
            let isChanged = (0..<KeySlot.count).contains { owners[$0] != self.table.load($0) }
            if isChanged {
                self.changes.wrappingAdd(1, ordering: .releasing)
                self.table.replaceAll { owners[$0] }
            }
            let former = (primaries: present.primaries, replicas: Set(present.replicas.values.joined()))
            present.primaries = Set(owners.compactMap(\.self))
            present.replicas = replicas
            present.numbers = numbers
            present.ownedSlots = map.ownedSlotCount
            let all = (primaries: present.primaries, replicas: Set(replicas.values.joined()))
            return (isChanged || former.replicas != all.replicas, former, all)
        }
        let error = RedisError(.connectionClosed, message: "the server has no slots of the cluster any more")
        for index in former.primaries.subtracting(all.primaries) {
            self.members[index].retirePrimary(self.history, error)
        }
        for index in former.replicas.subtracting(all.replicas) { self.members[index].retireReplica(error) }
        self.members.areInCluster(all.primaries.union(all.replicas), at: .now)
        self.members.closeFormer()
        if former.primaries != all.primaries { self.listeners.tell() }
        return isChanged
    }

    // MARK: The map's inquiries

    /// Has the map looked at anew, soon.
    func doubtMap() {
        self.refreshing.withLock { state in
            guard !state.isClosed, let wait = state.machine.request(at: .now) else { return }
            self.start(after: wait, &state)
        }
    }

    /// The same if the map is old, judged by the time at which a call began.
    @inline(__always)
    func noteUse(at time: Int64) {
        if self.fastPath.isMapOld(at: time) { self.renewMap() }
    }

    /// Has an old map looked at anew.
    func renewMap() {
        // Once: not by every caller until the answer is there.
        self.fastPath.setMapIsOld(from: .max)
        self.doubtMap()
    }

    /// Has the map looked at anew, and waits for what comes of it.
    ///
    /// - Parameters:
    ///   - deadline: When to wait no longer.
    ///   - missing: What to throw then if there is a map, and what is looked for is not in it.
    /// - Throws: `RedisError` if no server has given a map by the deadline; `CancellationError`.
    func refreshMap(by deadline: MonotonicTime, orElse missing: RedisError) async throws {
        let eventLoop = self.setup.eventLoopGroup.next()
        switch await self.waiters.wait(until: deadline, on: eventLoop, started: { self.requestForWaiter() }) {
        case .outcome(let result):
            try result.get()
        case .cancelled:
            throw CancellationError()
        case .timedOut:
            if let failure = self.refreshing.withLock({ $0.failure }) { throw failure }
            if self.map.withLock({ $0.ownedSlots }) != nil { throw missing }
            throw RedisError(
                .connectionFailed,
                message: "no server of the cluster told its slots in time",
                server: self.seeds.map(\.description).joined(separator: ", ")
            )
        }
    }

    private func requestForWaiter() {
        if self.refreshing.withLock({ $0.isClosed }) {
            self.waiters.wake(.failure(self.shutdownError))
        } else {
            self.doubtMap()
        }
    }

    /// Begins an inquiry after a pause.
    ///
    /// It ends by itself, or with the client.
    private func start(after wait: Int64, _ state: inout Refreshing) {
        state.task = Task {
            if wait > 0 { try? await Task.sleep(nanoseconds: UInt64(wait)) }
            await self.inquire()
        }
    }

    private func inquire() async {
        let addresses = self.addressesToAsk()
        let present = self.map.withLock { map in
            map.moves = [:]
            return map.ownedSlots ?? 0
        }
        let isClosed = self.refreshing.withLock { state in
            state.machine.begin(at: .now)
            return state.isClosed
        }
        guard !isClosed else { return }
        let inquiry = SlotMapInquiry(
            connector: self.setup.connector,
            eventLoopGroup: self.setup.eventLoopGroup,
            logger: self.setup.logger
        )
        let answer = await inquiry.ask(addresses, knowing: present)
        // The client was closed, and all who waited know.
        if Task.isCancelled { return }
        let outcome: SlotMapRefresh.Outcome
        var failure: RedisError?
        switch answer {
        case .success(let map): outcome = self.adopt(map) ? .changed : .unchanged
        case .failure(let error):
            outcome = .failed
            failure = error
            self.setup.logger.warning(
                "cannot learn the slots of the Redis cluster",
                metadata: ["redis.server": "\(self.name)", "error": "\(error)"]
            )
        }
        self.refreshing.withLock { state in
            state.task = nil
            state.failure = failure
            let wait = state.machine.end(outcome, at: .now)
            self.fastPath.setMapIsOld(from: MonotonicTime.now.advanced(by: state.machine.life).nanoseconds)
            guard !state.isClosed, let wait else { return }
            self.start(after: wait, &state)
        }
        self.waiters.wake(answer.map { _ in })
    }

    /// The servers in the order in which to ask them: some of those that are known, then the seeds.
    ///
    /// In an order of chance, for one and the same server would get the questions of all clients.
    private func addressesToAsk() -> [NodeAddress] {
        let members = self.map.withLock { map in
            (map.primaries.union(map.replicas.values.joined())).map { self.members[$0].address }
        }
        let known = Array(members.shuffled().prefix(8))
        return known + self.seeds.filter { !known.contains($0) }
    }

    // MARK: Life

    var shutdownError: RedisError { RedisError(.shutdown, message: "the client was shut down", server: self.name) }

    /// Ends everything at once.
    func close() {
        _ = self.endInquiries()
        self.members.closeFormer()
        for member in self.members.all { member.close() }
    }

    /// Lets commands under way end within their timeouts, and closes all connections.
    func shutdown() async {
        await self.endInquiries()?.value
        self.members.closeFormer()
        await withTaskGroup(of: Void.self) { group in
            for member in self.members.all { group.addTask { await member.shutdown() } }
        }
    }

    private func endInquiries() -> Task<Void, Never>? {
        let task = self.refreshing.withLock { state in
            state.isClosed = true
            defer { state.task = nil }
            return state.task
        }
        self.members.seal()
        task?.cancel()
        self.waiters.wake(.failure(self.shutdownError))
        return task
    }
}
