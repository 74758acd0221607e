public import Larder
import LarderRedisClient

/// Leaderboards as sorted sets.
extension RedisCollections {
    /// See `SortedSetStore`.
    public func setScores(
        _ scores: [ScoredBytes],
        of key: CollectionKey,
        if condition: ScoreCondition,
        keeping best: LeaderboardLimit?,
        _ lifetime: CollectionLifetime
    ) async throws -> Int {
        let word =
            switch condition {
            case .always: ""
            case .ifGreater: "GT"
            case .ifLower: "LT"
            }
        var arguments = Self.lifetime(lifetime) + [.text(word)] + Self.keeping(best)
        arguments.reserveCapacity(arguments.count + 2 * scores.count)
        for scored in scores {
            arguments.append(Self.score(scored.score))
            arguments.append(.bytes(scored.member))
        }
        return try await self.run(LeaderboardScripts.set, [key.text], key, arguments, as: Int.self)
    }

    /// See `SortedSetStore`.
    public func addToScore(
        _ delta: Double,
        of member: [UInt8],
        in key: CollectionKey,
        keeping best: LeaderboardLimit?,
        _ lifetime: CollectionLifetime
    ) async throws -> Double {
        let score = try await self.run(
            LeaderboardScripts.increment,
            [key.text],
            key,
            Self.lifetime(lifetime) + Self.keeping(best) + [Self.score(delta), .bytes(member)],
            as: Double.self
        )
        if score.isNaN { throw CacheError.notANumber(key) }
        return score
    }

    /// See `SortedSetStore`.
    public func scores(of members: [[UInt8]], in key: CollectionKey) async throws -> [Double?] {
        var command = RedisCommand("ZMSCORE", key.text)
        command.append(contentsOf: members)
        return try await self.send(command, key, as: [Double?].self)
    }

    /// See `SortedSetStore`.
    public func rank(of member: [UInt8], in key: CollectionKey, _ order: LeaderboardOrder) async throws -> Int? {
        try await self.send(RedisCommand(Self.rankCommand(order), key.text, member), key, as: Int?.self)
    }

    /// See `SortedSetStore`.
    public func members(
        around member: [UInt8],
        onEachSide count: Int,
        in key: CollectionKey,
        _ order: LeaderboardOrder
    ) async throws -> RankedBytes {
        try await self.ranked(
            LeaderboardScripts.around,
            key,
            [.text(Self.rankCommand(order)), .bytes(member), .integer(Int64(count))]
        )
    }

    /// See `SortedSetStore`.
    public func members(
        at ranks: Range<Int>,
        in key: CollectionKey,
        _ order: LeaderboardOrder
    ) async throws -> RankedBytes {
        let members = try await self.translatingErrors(key) {
            try await self.client.send(
                .zrangeWithScores(
                    key.text,
                    from: ranks.lowerBound,
                    through: ranks.upperBound - 1,
                    reversed: order == .highestFirst,
                    as: [UInt8].self
                )
            )
        }
        return RankedBytes(firstRank: ranks.lowerBound, members: members.map { ScoredBytes($0.member, $0.score) })
    }

    /// See `SortedSetStore`.
    public func members(
        scores: ScoreRange,
        in key: CollectionKey,
        _ order: LeaderboardOrder,
        offset: Int,
        limit: Int
    ) async throws -> RankedBytes {
        let (lower, upper) = (Self.bound(scores.lower), Self.bound(scores.upper))
        return try await self.ranked(
            LeaderboardScripts.byScore,
            key,
            [
                .text(Self.rankCommand(order)),
                order == .lowestFirst ? lower : upper,
                order == .lowestFirst ? upper : lower,
                .integer(Int64(offset)),
                .integer(limit == .max ? -1 : Int64(limit)),
            ]
        )
    }

    /// See `SortedSetStore`.
    public func memberCount(of key: CollectionKey) async throws -> Int {
        try await self.send(RedisCommand("ZCARD", key.text), key, as: Int.self)
    }

    /// See `SortedSetStore`.
    public func memberCount(of key: CollectionKey, scores: ScoreRange) async throws -> Int {
        let command = RedisCommand("ZCOUNT", key.text, Self.bound(scores.lower), Self.bound(scores.upper))
        return try await self.send(command, key, as: Int.self)
    }

    /// See `SortedSetStore`.
    public func removeMembers(
        _ members: [[UInt8]],
        from key: CollectionKey,
        _ lifetime: CollectionLifetime
    ) async throws -> Int {
        try await self.write("ZREM", key, members.map { .bytes($0) }, lifetime, .elementsSum, as: Int.self)
    }

    /// See `SortedSetStore`.
    public func removeMembers(
        at ranks: Range<Int>,
        from key: CollectionKey,
        _ order: LeaderboardOrder,
        _ lifetime: CollectionLifetime
    ) async throws -> Int {
        let (first, last) =
            switch order {
            case .lowestFirst: (ranks.lowerBound, ranks.upperBound - 1)
            // Negative ranks count from the highest score, which is -1.
            case .highestFirst: (-ranks.upperBound, -ranks.lowerBound - 1)
            }
        let arguments: [ScriptArgument] = [.integer(Int64(first)), .integer(Int64(last))]
        return try await self.write("ZREMRANGEBYRANK", key, arguments, lifetime, as: Int.self)
    }

    /// See `SortedSetStore`.
    public func removeMembers(
        scores: ScoreRange,
        from key: CollectionKey,
        _ lifetime: CollectionLifetime
    ) async throws -> Int {
        let arguments = [Self.bound(scores.lower), Self.bound(scores.upper)]
        return try await self.write("ZREMRANGEBYSCORE", key, arguments, lifetime, as: Int.self)
    }

    /// See `SortedSetStore`.
    public func union(of keys: [CollectionKey], _ combination: ScoreCombination) async throws -> [ScoredBytes] {
        let key = try self.together(keys)
        let members = try await self.translatingErrors(key) {
            try await self.client.send(
                .zunion(keys.map(\.text), aggregate: Self.aggregate(combination), as: [UInt8].self)
            )
        }
        return members.map { ScoredBytes($0.member, $0.score) }
    }

    /// See `SortedSetStore`.
    public func storeUnion(
        of keys: [CollectionKey],
        _ combination: ScoreCombination,
        into key: CollectionKey,
        keeping best: LeaderboardLimit?,
        _ lifetime: CollectionLifetime
    ) async throws -> Int {
        let keys = [key] + keys
        _ = try self.together(keys)
        let word =
            switch combination {
            case .sum: "SUM"
            case .highest: "MAX"
            case .lowest: "MIN"
            }
        return try await self.run(
            LeaderboardScripts.storeUnion,
            keys.map(\.text),
            key,
            Self.lifetime(lifetime) + [.text(word)] + Self.keeping(best),
            as: Int.self
        )
    }

    // MARK: Arguments and replies

    private static func rankCommand(_ order: LeaderboardOrder) -> String {
        order == .lowestFirst ? "ZRANK" : "ZREVRANK"
    }

    private static func aggregate(_ combination: ScoreCombination) -> RedisAggregate {
        switch combination {
        case .sum: .sum
        case .highest: .max
        case .lowest: .min
        }
    }

    /// The shortest digits that give the same number back; `inf` and `-inf` are Redis' words too.
    private static func score(_ score: Double) -> ScriptArgument { .text("\(score)") }

    private static func bound(_ bound: ScoreRange.Bound) -> ScriptArgument {
        .text(bound.isIncluded ? "\(bound.score)" : "(\(bound.score)")
    }

    private static func keeping(_ best: LeaderboardLimit?) -> [ScriptArgument] {
        [Self.count(best?.count ?? 0), .integer(best?.order == .lowestFirst ? 0 : 1)]
    }

    /// Runs a script that answers with a rank and members.
    private func ranked(
        _ script: RedisScript,
        _ key: CollectionKey,
        _ arguments: [ScriptArgument]
    ) async throws -> RankedBytes {
        let reply = try await self.run(script, [key.text], key, arguments, as: [RESPValue].self)
        return try await self.translatingErrors(key) {
            guard reply.count == 2 else { throw Self.unexpectedReply(to: "a script on a leaderboard", key) }
            let parts = try reply[1].decode(as: [RESPValue].self)
            guard parts.count.isMultiple(of: 2) else {
                throw Self.unexpectedReply(to: "a script on a leaderboard", key)
            }
            var found = RankedBytes(firstRank: try reply[0].decode(as: Int.self))
            found.members.reserveCapacity(parts.count / 2)
            for index in stride(from: 0, to: parts.count, by: 2) {
                let member = try parts[index].decode(as: [UInt8].self)
                found.members.append(ScoredBytes(member, try parts[index + 1].decode(as: Double.self)))
            }
            return found
        }
    }

    /// Refuses collections that no one command can reach.
    ///
    /// - Parameter keys: The collections, at least one.
    /// - Returns: The first of them.
    /// - Throws: `CacheError` with `.keysApart`.
    func together(_ keys: [CollectionKey]) throws -> CollectionKey {
        let first = keys[0]
        guard self.spreadsKeys else { return first }
        let slot = RedisKeySlot.slot(of: first.text)
        for key in keys where RedisKeySlot.slot(of: key.text) != slot { throw CacheError.keysApart(first, key) }
        return first
    }
}
