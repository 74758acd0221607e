import Larder
import LarderRedisClient
import Synchronization

/// Lets no command of a namespace through to a server that the namespace does not know, before what earlier servers held
/// is dead.
///
/// The namespace's home keeps the identities of the servers under which it is valid. What stands there after a loss is what
/// the server remembers, and its own identity cannot be among it: run ids are drawn when a process starts, replication ids when a
/// server becomes a primary.
final class LossGate: RedisMeetings {
    private let base: any RedisMeetings
    private let keys: EntryKeys
    /// The number of the last meeting up to which all servers are known to the namespace.
    private let admitted = Atomic<UInt64>(0)

    /// How often to compare again because yet another server was met meanwhile: each time it is one more.
    private static let mostAttempts = 1_000

    /// - Parameters:
    ///   - base: The client.
    ///   - keys: The namespace's.
    init(_ base: any RedisMeetings, keys: EntryKeys) {
        self.base = base
        self.keys = keys
    }

    var serverMeetings: UInt64 { self.base.serverMeetings }
    var lastServerChange: UInt64 { self.base.lastServerChange }
    var serverIdentities: [String] { self.base.serverIdentities }

    func send(_ command: RedisCommand) async throws -> RESPValue {
        try await self.onKnownServers { try await $0.send(command) }
    }

    func pipeline(_ commands: [RedisCommand]) async throws -> [Result<RESPValue, RedisError>] {
        var replies = try await self.onKnownServers { try await $0.pipeline(commands) }
        // Of commands for several servers, some may have come to one that is not known yet. The others are not repeated.
        for _ in 0..<Self.mostAttempts {
            let open = replies.indices.filter { index in
                if case .failure(let error) = replies[index] { error.code == .serverChanged } else { false }
            }
            if open.isEmpty { break }
            let again = try await self.onKnownServers { try await $0.pipeline(open.map { commands[$0] }) }
            for (index, reply) in zip(open, again) { replies[index] = reply }
        }
        return replies
    }

    func bound(to meeting: UInt64) -> any RedisCommandSender { BoundSender(gate: self, meeting: meeting) }

    /// Repeats what no server has executed.
    private func onKnownServers<Reply>(
        _ body: (any RedisCommandSender) async throws -> Reply
    ) async throws -> Reply {
        var attempts = 0
        while true {
            let meeting = try await self.admit()
            do {
                return try await body(self.base.bound(to: meeting))
            } catch let error as RedisError where error.code == .serverChanged && attempts < Self.mostAttempts {
                attempts += 1
            }
        }
    }

    /// Makes the namespace cold if there is a server that it does not know.
    ///
    /// - Returns: The number of the last meeting whose server it knows.
    fileprivate func admit() async throws -> UInt64 {
        let meetings = self.base.serverMeetings
        if meetings != 0, self.admitted.load(ordering: .acquiring) == meetings { return meetings }
        for _ in 0..<Self.mostAttempts {
            if self.base.serverMeetings == 0 {
                // Nobody has been met: whoever answers this is.
                _ = try await self.base.send(RedisCommand("EXISTS", self.keys.stamp))
            }
            // The number first: who is met between the two is among the identities, and not yet among the admitted.
            let meetings = self.base.serverMeetings
            let identities = self.base.serverIdentities
            do {
                _ = try await LossScripts.admit.run(
                    keys: self.keys.home + [self.keys.servers],
                    arguments: [ScriptArgument.random] + identities.map { ScriptArgument.text($0) },
                    on: self.base.bound(to: meetings),
                    as: Int.self
                )
            } catch let error as RedisError where error.code == .serverChanged {
                continue
            }
            self.raise(to: meetings)
            return meetings
        }
        throw RedisError(.connectionFailed, message: "one server after another took the place of the former")
    }

    private func raise(to meetings: UInt64) {
        var known = self.admitted.load(ordering: .relaxed)
        while known < meetings {
            let (exchanged, original) = self.admitted.weakCompareExchange(
                expected: known,
                desired: meetings,
                ordering: .acquiringAndReleasing
            )
            if exchanged { return }
            known = original
        }
    }
}

/// Sends through the gate, but to no server that was met later than its caller knows of.
private struct BoundSender: RedisCommandSender {
    let gate: LossGate
    let meeting: UInt64

    func send(_ command: RedisCommand) async throws -> RESPValue {
        try await self.sender().send(command)
    }

    func pipeline(_ commands: [RedisCommand]) async throws -> [Result<RESPValue, RedisError>] {
        try await self.sender().pipeline(commands)
    }

    private func sender() async throws -> any RedisCommandSender {
        guard try await self.gate.admit() <= self.meeting else {
            throw RedisError(.serverChanged, message: "another server was met than the caller knows of")
        }
        return self.gate.boundBase(to: self.meeting)
    }
}

extension LossGate {
    fileprivate func boundBase(to meeting: UInt64) -> any RedisCommandSender { self.base.bound(to: meeting) }
}

extension LossGate: RedisPlacement {
    private var placement: (any RedisPlacement)? { self.base as? any RedisPlacement }

    var spreadsKeys: Bool { self.placement?.spreadsKeys ?? false }

    func server(ofKey key: String) -> String? { self.placement?.server(ofKey: key) }

    func mayHaveHadKeys(_ server: String) -> Bool { self.placement?.mayHaveHadKeys(server) ?? false }
}

extension LossGate: RedisSubscriber {
    func listen(
        to channel: String,
        _ listener: @escaping @Sendable (SubscriptionEvent) -> Void
    ) async throws -> Subscription {
        guard let subscriber = self.base as? any RedisSubscriber else {
            throw RedisError(.invalidCommand, message: "this sender does not listen", command: "SUBSCRIBE")
        }
        return try await subscriber.listen(to: channel, listener)
    }
}
