/// A member of a sorted set with its score.
public struct RedisScored<Member: Sendable>: Sendable {
    /// The member.
    public var member: Member
    /// The member's score, which may be infinite.
    public var score: Double

    /// - Parameters:
    ///   - member: The member.
    ///   - score: The member's score.
    public init(_ member: Member, score: Double) {
        self.member = member
        self.score = score
    }
}

extension RedisScored: Equatable where Member: Equatable {}
extension RedisScored: Hashable where Member: Hashable {}

extension RedisScored where Member: RESPDecodable {
    static func list(_ reply: RESPValue) throws(RedisError) -> [RedisScored<Member>] {
        var members: [RedisScored<Member>] = []
        for (member, score) in try reply.pairs() {
            members.append(.init(try Member(resp: member), score: try Double(resp: score)))
        }
        return members
    }
}

/// Scores with their members, in the order of `ZADD`.
struct RedisSortedSetEntries<Member: RedisArgument & Hashable>: RedisArgument {
    let members: [Member: Double]

    init(_ members: [Member: Double]) { self.members = members }

    func append(to command: inout RedisCommand) {
        for (member, score) in self.members {
            command.append(score)
            command.append(member)
        }
    }

    var sizeHint: Int { self.members.reduce(0) { $0 + $1.key.sizeHint + 32 } }
}

/// Which members of a sorted set may be touched.
public struct RedisSortedSetCondition: Sendable, Hashable, RedisArgument {
    private let words: [String]

    /// Members that do not exist yet (`NX`).
    public static let absent = RedisSortedSetCondition(words: ["NX"])
    /// Members that exist (`XX`).
    public static let present = RedisSortedSetCondition(words: ["XX"])
    /// Members that do not exist, and others if their score rises (`GT`).
    public static let absentOrGreater = RedisSortedSetCondition(words: ["GT"])
    /// Members that do not exist, and others if their score falls (`LT`).
    public static let absentOrLess = RedisSortedSetCondition(words: ["LT"])
    /// Members that exist, if their score rises (`XX GT`).
    public static let greater = RedisSortedSetCondition(words: ["XX", "GT"])
    /// Members that exist, if their score falls (`XX LT`).
    public static let less = RedisSortedSetCondition(words: ["XX", "LT"])

    /// Appends the condition to a command.
    public func append(to command: inout RedisCommand) { command.append(contentsOf: self.words) }
}

/// Which members `zadd` counts.
public struct RedisSortedSetCount: Sendable, Hashable {
    let word: RedisWord?

    /// Those that are new.
    public static let added = RedisSortedSetCount(word: nil)
    /// Those that are new and those whose score changed (`CH`).
    public static let changed = RedisSortedSetCount(word: .init("CH"))
}

/// An end of a sorted set.
public struct RedisSortedSetEnd: Sendable, Hashable, RedisArgument {
    private let word: RedisWord

    /// The lowest scores.
    public static let lowest = RedisSortedSetEnd(word: .init("MIN"))
    /// The highest scores.
    public static let highest = RedisSortedSetEnd(word: .init("MAX"))

    /// Appends the end to a command.
    public func append(to command: inout RedisCommand) { self.word.append(to: &command) }
}

/// A bound of scores.
///
/// A number written as such is included.
public struct RedisScoreBound: Sendable, Hashable, RedisArgument, ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral
{
    private let score: Double
    private let isExcluded: Bool

    /// A bound that is included.
    ///
    /// - Parameter score: The score.
    /// - Returns: The bound.
    public static func including(_ score: Double) -> RedisScoreBound { .init(score: score, isExcluded: false) }

    /// A bound that is not included.
    ///
    /// - Parameter score: The score.
    /// - Returns: The bound.
    public static func excluding(_ score: Double) -> RedisScoreBound { .init(score: score, isExcluded: true) }

    /// Below all scores.
    public static let lowest = RedisScoreBound(score: -.infinity, isExcluded: false)
    /// Above all scores.
    public static let highest = RedisScoreBound(score: .infinity, isExcluded: false)

    private init(score: Double, isExcluded: Bool) {
        self.score = score
        self.isExcluded = isExcluded
    }

    /// - Parameter value: The score, included.
    public init(floatLiteral value: Double) { self.init(score: value, isExcluded: false) }

    /// - Parameter value: The score, included.
    public init(integerLiteral value: Int) { self.init(score: Double(value), isExcluded: false) }

    /// Appends the bound to a command.
    public func append(to command: inout RedisCommand) {
        command.append((self.isExcluded ? "(" : "") + self.score.redisDescription)
    }
}

/// A bound of members that have the same score, compared by their bytes.
public struct RedisLexBound: Sendable, Hashable, RedisArgument {
    private let text: String

    /// A bound that is included.
    ///
    /// - Parameter member: The member.
    /// - Returns: The bound.
    public static func including(_ member: String) -> RedisLexBound { .init(text: "[" + member) }

    /// A bound that is not included.
    ///
    /// - Parameter member: The member.
    /// - Returns: The bound.
    public static func excluding(_ member: String) -> RedisLexBound { .init(text: "(" + member) }

    /// Before all members.
    public static let lowest = RedisLexBound(text: "-")
    /// After all members.
    public static let highest = RedisLexBound(text: "+")

    /// Appends the bound to a command.
    public func append(to command: inout RedisCommand) { command.append(self.text) }
}

/// A part of a result.
public struct RedisLimit: Sendable, Hashable, RedisArgument {
    /// How many to skip.
    public var offset: Int
    /// How many to return, at most; a negative number for all.
    public var count: Int

    /// - Parameters:
    ///   - count: How many to return, at most; a negative number for all.
    ///   - offset: How many to skip.
    public init(_ count: Int, offset: Int = 0) {
        self.offset = offset
        self.count = count
    }

    /// Appends the limit to a command.
    public func append(to command: inout RedisCommand) {
        command.append("LIMIT")
        command.append(self.offset)
        command.append(self.count)
    }
}

/// What becomes of the scores of a member that several sorted sets have.
public struct RedisAggregate: Sendable, Hashable, RedisArgument {
    private let word: RedisWord

    /// Their sum.
    public static let sum = RedisAggregate(word: .init("SUM"))
    /// The lowest of them.
    public static let min = RedisAggregate(word: .init("MIN"))
    /// The highest of them.
    public static let max = RedisAggregate(word: .init("MAX"))

    /// Appends the aggregation to a command.
    public func append(to command: inout RedisCommand) { self.word.append(to: &command) }
}

/// The factors of several sorted sets.
struct RedisWeights: RedisArgument {
    let weights: [Double]?

    init(_ weights: [Double]?) { self.weights = weights }

    func append(to command: inout RedisCommand) {
        guard let weights = self.weights else { return }
        command.append("WEIGHTS")
        command.append(contentsOf: weights)
    }
}
