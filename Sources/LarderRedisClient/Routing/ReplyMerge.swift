/// How the replies of several servers to one command become one: the `response_policy` of Redis' command tips.
///
/// https://redis.io/docs/latest/develop/reference/command-tips/
enum ReplyMerge: Sendable, Hashable {
    /// The first error, else the first reply.
    case allSucceeded
    /// The first reply that is no error, else the first error.
    case oneSucceeded
    /// The sum of whole numbers.
    case sum
    /// Of whole numbers that are 0 or 1, or of lists of them place by place: 1 where all have 1.
    case logicalAnd
    /// One list after the other.
    case concatenation
    /// The lists' elements, each once.
    case union
    /// Of lists in which names and whole numbers take turns: each name once, with the sum of its numbers.
    case sumByName
    /// One that is not null, picked at random; null if all are.
    case anyValue

    /// Makes one reply of several.
    ///
    /// - Parameter replies: The servers' replies.
    /// - Returns: The reply for the caller. The first error, if there is one and the rule is not `oneSucceeded`: other
    ///   servers may have executed the command all the same.
    /// - Throws: `RedisError` with the code `.unexpectedReply` for replies of types that the rule does not fit, and if
    ///   there are none.
    func merge(_ replies: [RESPValue]) throws(RedisError) -> RESPValue {
        guard let first = replies.first else {
            throw RedisError(.unexpectedReply, message: "expected a reply of at least one server")
        }
        if self == .oneSucceeded {
            return replies.first { if case .error = $0 { false } else { true } } ?? first
        }
        for case .error(let error) in replies { return .error(error) }
        switch self {
        case .allSucceeded, .oneSucceeded: return first
        case .sum: return .integer(try Self.sum(replies))
        case .logicalAnd: return try Self.logicalAnd(replies, first: first)
        case .concatenation:
            var all: [RESPValue] = []
            for reply in replies { all += try Self.elements(of: reply) }
            return .array(all)
        case .union:
            var all: [RESPValue] = []
            var seen: Set<[UInt8]> = []
            for reply in replies {
                for element in try Self.elements(of: reply) {
                    if seen.insert(try [UInt8](resp: element)).inserted { all.append(element) }
                }
            }
            return .array(all)
        case .sumByName: return try Self.sumByName(replies)
        case .anyValue: return replies.filter { $0 != .null }.randomElement() ?? .null
        }
    }

    private static func integer(_ reply: RESPValue) throws(RedisError) -> Int64 {
        guard case .integer(let integer) = reply else { throw .unexpectedReply(reply, expected: "an integer") }
        return integer
    }

    private static func sum(_ replies: [RESPValue]) throws(RedisError) -> Int64 {
        var sum: Int64 = 0
        for reply in replies { sum = try Self.add(sum, try Self.integer(reply)) }
        return sum
    }

    private static func add(_ left: Int64, _ right: Int64) throws(RedisError) -> Int64 {
        let (sum, overflow) = left.addingReportingOverflow(right)
        if overflow { throw RedisError(.unexpectedReply, message: "the sum of the servers' replies is out of range") }
        return sum
    }

    private static func elements(of reply: RESPValue) throws(RedisError) -> [RESPValue] {
        switch reply {
        case .array(let elements), .set(let elements): elements
        case .map(let entries): entries.flatMap { [$0.key, $0.value] }
        default: throw .unexpectedReply(reply, expected: "a list")
        }
    }

    private static func logicalAnd(_ replies: [RESPValue], first: RESPValue) throws(RedisError) -> RESPValue {
        guard case .array(let elements) = first else {
            var all = true
            for reply in replies { all = try Self.integer(reply) != 0 && all }
            return .integer(all ? 1 : 0)
        }
        var all = [Bool](repeating: true, count: elements.count)
        for reply in replies {
            guard case .array(let elements) = reply, elements.count == all.count else {
                throw .unexpectedReply(reply, expected: "an array as long as the other servers'")
            }
            for (index, element) in elements.enumerated() where try Self.integer(element) == 0 { all[index] = false }
        }
        return .array(all.map { .integer($0 ? 1 : 0) })
    }

    private static func sumByName(_ replies: [RESPValue]) throws(RedisError) -> RESPValue {
        var names: [RESPValue] = []
        var sums: [Int64] = []
        var places: [[UInt8]: Int] = [:]
        for reply in replies {
            let elements = try Self.elements(of: reply)
            guard elements.count % 2 == 0 else { throw .unexpectedReply(reply, expected: "names with numbers") }
            for index in stride(from: 0, to: elements.count, by: 2) {
                let name = try [UInt8](resp: elements[index])
                let number = try Self.integer(elements[index + 1])
                if let place = places[name] {
                    sums[place] = try Self.add(sums[place], number)
                } else {
                    places[name] = names.count
                    names.append(elements[index])
                    sums.append(number)
                }
            }
        }
        return .array(zip(names, sums).flatMap { [$0, .integer($1)] })
    }
}
