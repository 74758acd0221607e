import LarderRedisClient
import Synchronization

/// A client between whose commands a test can do something.
final class InterceptingSender: RedisCommandSender {
    typealias Interception = @Sendable (_ command: String) async throws -> Void

    private let client: RedisClient
    private let state = Mutex<(before: Interception?, after: Interception?)>((nil, nil))

    init(_ client: RedisClient) {
        self.client = client
    }

    /// Does something once, before the next command of a name is sent.
    func before(_ name: String, _ action: @escaping @Sendable () async throws -> Void) {
        self.state.withLock { $0.before = self.once(name, action) }
    }

    /// Does something once, when the reply to the next command of a name has come.
    func after(_ name: String, _ action: @escaping @Sendable () async throws -> Void) {
        self.state.withLock { $0.after = self.once(name, action) }
    }

    private func once(_ name: String, _ action: @escaping @Sendable () async throws -> Void) -> Interception {
        let first = First()
        return { command in
            guard command == name, first.take() else { return }
            try await action()
        }
    }

    /// True the first time that it is asked.
    private final class First: Sendable {
        private let isTaken = Atomic(false)

        func take() -> Bool { !self.isTaken.exchange(true, ordering: .relaxed) }
    }

    func send(_ command: RedisCommand) async throws -> RESPValue {
        let before = self.state.withLock { $0.before }
        try await before?(command.name)
        let reply = try await self.client.send(command)
        let after = self.state.withLock { $0.after }
        try await after?(command.name)
        return reply
    }

    func pipeline(_ commands: [RedisCommand]) async throws -> [Result<RESPValue, RedisError>] {
        try await self.client.pipeline(commands)
    }
}
