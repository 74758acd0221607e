import LarderRedisClient
import Synchronization

/// A client whose namespaces have their home on a server of its own, which a test lets another one take the place of.
///
/// Both have what the one server beneath has: what the successor has forgotten the test takes away there.
final class ReplaceableHome: RedisMeetings, RedisPlacement {
    private struct State {
        var meetings: UInt64 = 1
        var lastChange: UInt64 = 0
        /// The number under which the home's server was met; nil as long as it was not.
        var home: UInt64? = 1

        /// - Returns: The number of the home's server, which is met by this if it was not.
        mutating func meet() -> UInt64 {
            if let home { return home }
            self.meetings += 1
            self.lastChange = self.meetings
            self.home = self.meetings
            return self.meetings
        }
    }

    private let base: any RedisCommandSender
    private let state = Mutex(State())

    init(_ base: any RedisCommandSender) { self.base = base }

    /// Lets another server take the home's place, which is met with the next command there.
    func replace() { self.state.withLock { $0.home = nil } }

    /// Lets some connection meet the home's server.
    func meet() { self.state.withLock { _ = $0.meet() } }

    var spreadsKeys: Bool { true }
    var serverMeetings: UInt64 { self.state.withLock { $0.meetings } }
    var lastServerChange: UInt64 { self.state.withLock { $0.lastChange } }
    var serverIdentities: [String] { [] }

    func bound(to meeting: UInt64) -> any RedisCommandSender { Bound(client: self, meeting: meeting) }

    func send(_ command: RedisCommand) async throws -> RESPValue {
        try await self.bound(to: .max).send(command)
    }

    func pipeline(_ commands: [RedisCommand]) async throws -> [Result<RESPValue, RedisError>] {
        try await self.bound(to: .max).pipeline(commands)
    }

    private struct Bound: RedisCommandSender {
        let client: ReplaceableHome
        let meeting: UInt64

        func send(_ command: RedisCommand) async throws -> RESPValue {
            guard let reply = try await self.pipeline([command]).first else {
                throw RedisError(.unexpectedReply, message: "no reply")
            }
            return try reply.get()
        }

        /// Refuses what goes home where that is a later server, and has all else executed.
        func pipeline(_ commands: [RedisCommand]) async throws -> [Result<RESPValue, RedisError>] {
            let refusal = RedisError(.serverChanged, message: "another server was met than the caller knows of")
            var replies = commands.map { _ in Result<RESPValue, RedisError>.failure(refusal) }
            let passing = commands.indices.filter { index in
                guard commands[index].firstKey?.hasPrefix("{@") == true else { return true }
                return self.client.state.withLock { $0.meet() } <= self.meeting
            }
            if passing.isEmpty { return replies }
            let answers = try await self.client.base.pipeline(passing.map { commands[$0] })
            for (index, answer) in zip(passing, answers) { replies[index] = answer }
            return replies
        }
    }
}
