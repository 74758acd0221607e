/// A command whose keys lie in several groups (slots of a cluster, servers), taken apart into one command for each.
///
/// Only `MGET`, `MSET`, `DEL`, `UNLINK`, `EXISTS` and `TOUCH` can be taken apart. The parts are executed one by one, in
/// any order: what was atomic on one server is not any more, and others may see some of the values of an `MSET` before
/// the rest.
struct CommandSplit: Sendable {
    /// One command for a group.
    struct Part: Sendable {
        let group: Int
        let command: RedisCommand
        /// For each key of the part's command, which key of the whole command it is, counted from 0.
        ///
        /// Ascending.
        let positions: [Int]
    }

    /// What the replies are put together to.
    private enum Combination: Sendable {
        case values
        case sum
        case acknowledgement
    }

    /// The parts, in the order in which their first keys stand in the command.
    let parts: [Part]
    private let keyCount: Int
    private let combination: Combination

    /// Takes `command` apart, which must be one that can be.
    ///
    /// - Parameters:
    ///   - command: The command.
    ///   - withValues: Whether a value follows each key.
    ///   - group: The group of a key.
    fileprivate init(_ command: RedisCommand, withValues: Bool, by group: (UnsafeRawBufferPointer) -> Int) {
        struct Draft {
            let group: Int
            var command: RedisCommand
            var positions: [Int] = []
        }
        let name = command.name
        var drafts: [Draft] = []
        var draftOfGroup: [Int: Int] = [:]
        var keyCount = 0
        command.body.withUnsafeBytes { bytes in
            var elements = CommandElements(bytes)
            _ = elements.next()
            while let key = elements.next() {
                let keyGroup = group(key)
                let index: Int
                if let known = draftOfGroup[keyGroup] {
                    index = known
                } else {
                    index = drafts.count
                    draftOfGroup[keyGroup] = index
                    drafts.append(Draft(group: keyGroup, command: RedisCommand(name)))
                }
                drafts[index].command.append(bytes: key)
                if withValues, let value = elements.next() { drafts[index].command.append(bytes: value) }
                drafts[index].positions.append(keyCount)
                keyCount += 1
            }
        }
        // What the sender said of the whole goes for each part.
        let repeatable = command.isRepeatable
        self.parts = drafts.map {
            Part(group: $0.group, command: $0.command.repeatable(repeatable), positions: $0.positions)
        }
        self.keyCount = keyCount
        self.combination =
            switch name {
            case "MGET": .values
            case "MSET": .acknowledgement
            default: .sum
            }
    }

    /// Puts the replies to the parts together.
    ///
    /// - Parameter replies: For each part its reply, in the order of `parts`.
    /// - Returns: What one server with all keys would have answered. The first error, if there is one: other parts may
    ///   have been executed all the same.
    /// - Throws: `RedisError` with the code `.unexpectedReply` for replies that are none to such a command.
    func merge(_ replies: [RESPValue]) throws(RedisError) -> RESPValue {
        guard replies.count == self.parts.count else {
            throw RedisError(.unexpectedReply, message: "expected a reply to each part of a command")
        }
        for case .error(let error) in replies { return .error(error) }
        switch self.combination {
        case .acknowledgement:
            return replies.first ?? .simpleString("OK")
        case .sum:
            return try ReplyMerge.sum.merge(replies)
        case .values:
            var values = [RESPValue](repeating: .null, count: self.keyCount)
            for (part, reply) in zip(self.parts, replies) {
                guard case .array(let elements) = reply, elements.count == part.positions.count else {
                    throw RedisError.unexpectedReply(reply, expected: "an array with a value for each key")
                }
                for (position, element) in zip(part.positions, elements) { values[position] = element }
            }
            return .array(values)
        }
    }
}

/// How the keys of a command lie in groups: slots of a cluster, servers.
enum KeyGrouping: Sendable {
    /// The command has no keys.
    case noKeys
    /// All keys lie in one group.
    case one(Int)
    /// The keys lie in several groups, and the command can be taken apart.
    case several(CommandSplit)
    /// The keys lie in several groups, and the command needs them in one.
    case apart(first: Int)
}

extension RedisCommand {
    /// Finds the groups of the command's keys, and takes the command apart if they are several and that can be done.
    ///
    /// Looks at every key once, and copies nothing unless the command is taken apart.
    ///
    /// - Parameter group: The group of a key.
    /// - Returns: How the keys lie.
    func grouped(by group: (UnsafeRawBufferPointer) -> Int) -> KeyGrouping {
        self.body.withUnsafeBytes { bytes in
            var elements = CommandElements(bytes)
            guard let name = elements.next() else { return .noKeys }
            let shape = CommandKeyTable.shape(of: name)
            if shape == .first { return elements.next().map { .one(group($0)) } ?? .noKeys }
            let positions = self.keyPositions(shape, in: bytes)
            guard let first = positions.first, let firstKey = elements.next(after: first - 1) else { return .noKeys }
            let firstGroup = group(firstKey)
            var position = first
            while let element = elements.next() {
                position += 1
                guard positions.contains(position), group(element) != firstGroup else { continue }
                switch shape {
                case .divisible: return .several(CommandSplit(self, withValues: false, by: group))
                // A key without a value is for the server to refuse.
                case .divisiblePairs where self.argumentCount % 2 == 0:
                    return .several(CommandSplit(self, withValues: true, by: group))
                default: return .apart(first: firstGroup)
                }
            }
            return .one(firstGroup)
        }
    }
}
