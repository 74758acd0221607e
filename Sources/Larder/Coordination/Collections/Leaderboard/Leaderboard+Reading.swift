/// A member of a leaderboard at its place.
public struct LeaderboardEntry<Member: Codable & Sendable>: Sendable {
    /// The member.
    public let member: Member

    /// Its score.
    public let score: Double

    /// How many members come before it.
    public let rank: Int

    init(_ member: Member, score: Double, rank: Int) {
        self.member = member
        self.score = score
        self.rank = rank
    }
}

extension LeaderboardEntry: Equatable where Member: Equatable {}
extension LeaderboardEntry: Hashable where Member: Hashable {}

extension LeaderboardEntry: CustomStringConvertible {
    /// Rank, member and score.
    public var description: String { "\(self.rank): \(self.member) (\(self.score))" }
}

// Who is where.
extension Leaderboard {
    /// How many members come before one: 0 for the best.
    ///
    /// - Parameters:
    ///   - member: The member.
    ///   - order: Where ranks count from; `nil` for the leaderboard's own order.
    /// - Returns: Its rank; `nil` where it is not there.
    /// - Throws: As ``set(_:to:)``.
    /// - Complexity: O(log n).
    public func rank(of member: Member, order: LeaderboardOrder? = nil) async throws -> Int? {
        let key = try self.handle.checkedKey()
        return try await self.handle.store.rank(
            of: self.coding.encode(member, for: key),
            in: key,
            order ?? self.order
        )
    }

    /// A member with its rank and its score, as they are at one moment.
    ///
    /// - Parameters:
    ///   - member: The member.
    ///   - order: Where ranks count from; `nil` for the leaderboard's own order.
    /// - Returns: Its place; `nil` where it is not there.
    /// - Throws: As ``set(_:to:)``.
    /// - Complexity: O(log n).
    public func entry(of member: Member, order: LeaderboardOrder? = nil) async throws -> LeaderboardEntry<Member>? {
        try await self.around(member, onEachSide: 0, order: order).first
    }

    /// A member and those next to it, in one round trip.
    ///
    /// - Parameters:
    ///   - member: The member.
    ///   - count: How many on each side; fewer at the ends of the leaderboard.
    ///   - order: Where ranks count from; `nil` for the leaderboard's own order.
    /// - Returns: The members in the order of their ranks; none where the member is not there.
    /// - Throws: As ``set(_:to:)``; ``CacheError/Code/invalidArgument`` for fewer than none.
    /// - Complexity: O(log n) and the number of members returned.
    public func around(
        _ member: Member,
        onEachSide count: Int,
        order: LeaderboardOrder? = nil
    ) async throws -> [LeaderboardEntry<Member>] {
        let key = try self.handle.checkedKey()
        guard (0...Self.mostNeighbours).contains(count) else {
            throw self.invalid("a member has from 0 to \(Self.mostNeighbours) neighbours on each side, not \(count)")
        }
        return try self.entries(
            try await self.handle.store.members(
                around: self.coding.encode(member, for: key),
                onEachSide: count,
                in: key,
                order ?? self.order
            ),
            key
        )
    }

    /// More than anybody shows on a page, and far from where numbers of a script become inexact.
    private static var mostNeighbours: Int { 1_000_000 }

    /// The best members.
    ///
    /// - Parameter count: How many, at most.
    /// - Returns: The members, the best first.
    /// - Throws: As ``set(_:to:)``; ``CacheError/Code/invalidArgument`` for fewer than none.
    public func top(_ count: Int) async throws -> [LeaderboardEntry<Member>] {
        try await self.first(count, self.order)
    }

    /// The worst members, whose ranks count from the other end: the last member has rank 0 here.
    ///
    /// - Parameter count: How many, at most.
    /// - Returns: The members, the worst first.
    /// - Throws: As ``set(_:to:)``; ``CacheError/Code/invalidArgument`` for fewer than none.
    public func bottom(_ count: Int) async throws -> [LeaderboardEntry<Member>] {
        try await self.first(count, self.order.reversed)
    }

    private func first(_ count: Int, _ order: LeaderboardOrder) async throws -> [LeaderboardEntry<Member>] {
        guard count >= 0 else { throw self.invalid("nobody can have \(count) members") }
        return try await self.range(0..<count, order: order)
    }

    /// The members at some ranks.
    ///
    /// - Parameters:
    ///   - ranks: The ranks.
    ///   - order: Where they count from; `nil` for the leaderboard's own order.
    /// - Returns: The members in the order of their ranks.
    /// - Throws: As ``set(_:to:)``; ``CacheError/Code/invalidArgument`` for ranks below 0.
    public func range(
        _ ranks: Range<Int>,
        order: LeaderboardOrder? = nil
    ) async throws -> [LeaderboardEntry<Member>] {
        let key = try self.handle.checkedKey()
        try self.check(ranks, key)
        if ranks.isEmpty { return [] }
        return try self.entries(
            try await self.handle.store.members(at: ranks, in: key, order ?? self.order),
            key
        )
    }

    /// Members by their scores.
    ///
    /// - Parameters:
    ///   - scores: The scores.
    ///   - offset: How many of the members to leave out.
    ///   - limit: How many to return, at most; `nil` for all.
    ///   - order: Which come first; `nil` for the leaderboard's own order.
    /// - Returns: The members in the order of their ranks, which are those on the whole leaderboard.
    /// - Throws: As ``set(_:to:)``; ``CacheError/Code/invalidArgument`` for an offset or a limit below 0.
    public func range(
        scores: ScoreRange,
        offset: Int = 0,
        limit: Int? = nil,
        order: LeaderboardOrder? = nil
    ) async throws -> [LeaderboardEntry<Member>] {
        let key = try self.handle.checkedKey()
        try self.check(scores, key)
        guard offset >= 0, limit ?? 0 >= 0 else { throw self.invalid("offset and limit begin with 0") }
        if limit == 0 { return [] }
        return try self.entries(
            try await self.handle.store.members(
                scores: scores,
                in: key,
                order ?? self.order,
                offset: offset,
                limit: limit ?? .max
            ),
            key
        )
    }

    /// How many members there are.
    ///
    /// - Returns: The number.
    /// - Throws: As ``set(_:to:)``.
    public func count() async throws -> Int {
        try await self.handle.store.memberCount(of: self.handle.checkedKey())
    }

    /// How many members have scores in a range.
    ///
    /// - Parameter scores: The scores.
    /// - Returns: The number.
    /// - Throws: As ``set(_:to:)``.
    /// - Complexity: O(log n).
    public func count(scores: ScoreRange) async throws -> Int {
        let key = try self.handle.checkedKey()
        try self.check(scores, key)
        return try await self.handle.store.memberCount(of: key, scores: scores)
    }

    // MARK: Several leaderboards

    /// All members of this leaderboard and others, without storing them.
    ///
    /// - Parameters:
    ///   - others: The others, which are looked for in this one's store.
    ///   - combination: What becomes of the scores of a member that several have.
    ///   - limit: How many of the best to return, at most; `nil` for all. The store reads all in any case.
    /// - Returns: The members, the best first by this leaderboard's order, with the ranks that they have together.
    /// - Throws: As ``set(_:to:)``; ``CacheError/Code/keysApart`` where the leaderboards lie on different servers: give
    ///   their names a common part in braces.
    public func union(
        with others: [Leaderboard<Member>],
        combining combination: ScoreCombination = .sum,
        limit: Int? = nil
    ) async throws -> [LeaderboardEntry<Member>] {
        guard limit ?? 0 >= 0 else { throw self.invalid("a limit begins with 0") }
        let key = try self.handle.checkedKey()
        let keys = [key] + (try others.map { try $0.handle.checkedKey() })
        var members = try await self.handle.store.union(of: keys, combination)
        if self.order == .highestFirst { members.reverse() }
        return try self.entries(RankedBytes(members: Array(members.prefix(limit ?? .max))), key)
    }

    /// Puts all members of other leaderboards in place of what this one has, in one step.
    ///
    /// - Parameters:
    ///   - others: The others, which are looked for in this one's store; this one may be among them.
    ///   - combination: What becomes of the scores of a member that several have.
    /// - Returns: How many members this one has then.
    /// - Throws: As ``union(with:combining:limit:)``; ``CacheError/Code/invalidArgument`` where there are no others.
    @discardableResult
    public func replace(
        withUnionOf others: [Leaderboard<Member>],
        combining combination: ScoreCombination = .sum
    ) async throws -> Int {
        guard !others.isEmpty else { throw self.invalid("the union of no leaderboards is none") }
        let key = try self.handle.checkedKey()
        return try await self.handle.store.storeUnion(
            of: others.map { try $0.handle.checkedKey() },
            combination,
            into: key,
            keeping: try self.best(key),
            self.handle.lifetime
        )
    }

    private func entries(_ found: RankedBytes, _ key: CollectionKey) throws -> [LeaderboardEntry<Member>] {
        try found.members.enumerated().map { index, scored in
            LeaderboardEntry(
                try self.coding.decode(scored.member, of: key),
                score: scored.score,
                rank: found.firstRank + index
            )
        }
    }
}
