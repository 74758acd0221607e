import NIOCore
import Synchronization

@testable import LarderRedisClient

/// A sender that answers from a closure and remembers what it was sent, a list of words for each command.
final class ScriptedSender: RedisCommandSender {
    private let answer: @Sendable ([String]) -> RESPValue
    private let log = Mutex<[[String]]>([])

    init(_ answer: @escaping @Sendable ([String]) -> RESPValue) {
        self.answer = answer
    }

    /// Everything that was sent, in order.
    var sent: [[String]] { self.log.withLock { $0 } }

    func send(_ command: RedisCommand) async throws -> RESPValue {
        let reply = self.reply(to: command)
        if case .error(let error) = reply { throw RedisError(error) }
        return reply
    }

    func pipeline(_ commands: [RedisCommand]) async throws -> [Result<RESPValue, RedisError>] {
        commands.map { command in
            let reply = self.reply(to: command)
            if case .error(let error) = reply { return .failure(RedisError(error)) }
            return .success(reply)
        }
    }

    private func reply(to command: RedisCommand) -> RESPValue {
        let words = command.words
        self.log.withLock { $0.append(words) }
        return self.answer(words)
    }
}

extension RedisCommand {
    /// The name and the arguments.
    var words: [String] {
        (0...self.argumentCount).compactMap { self.withElement($0) { String(decoding: $0, as: UTF8.self) } }
    }

    /// The name and the arguments with spaces between.
    var line: String { self.words.joined(separator: " ") }
}

extension RESPValue {
    /// A bulk string.
    static func bulk(_ text: String) -> RESPValue { .bulkString(ByteBuffer(string: text)) }
}
