/// Members with scores, best first, however many: a sorted set, shared by all processes.
///
/// ```swift
/// let views = collections.leaderboard("views", of: Int.self, lifetime: .sliding(.days(30)))
/// try await views.increment(book.id)
/// for entry in try await views.top(10) { print(entry.rank + 1, entry.member, entry.score) }
/// let neighbours = try await views.around(book.id, onEachSide: 2)
/// ```
///
/// Members of equal scores are ordered by their bytes, as Redis does it. A score is any number but NaN, which is refused
/// (``CacheError/Code/notANumber``); infinities are scores. Ranks begin with 0 at the best member, which is the one with the
/// highest score unless the leaderboard was made with ``LeaderboardOrder/lowestFirst``; every call that has to do with ranks
/// takes another `order` too.
///
/// A rank, a member's neighbours and the top cost O(log n) and what is returned, in memory as on Redis.
public struct Leaderboard<Member: Codable & Sendable>: SharedCollection {
    /// The leaderboard in its store.
    public let handle: CollectionHandle

    /// Where its best members are.
    public let order: LeaderboardOrder

    /// How many members are kept: the best.
    public let limit: Int?

    let coding: ElementCoding<Member>

    init(_ handle: CollectionHandle, order: LeaderboardOrder, limit: Int?) {
        self.handle = handle
        self.order = order
        self.limit = limit
        self.coding = ElementCoding(handle.codec)
    }

    // MARK: Scores

    /// Gives a member a score.
    ///
    /// - Parameters:
    ///   - member: The member.
    ///   - score: Its score.
    /// - Returns: Whether the member is new or had another score.
    /// - Throws: ``CacheError`` with ``CacheError/Code/notANumber``, ``CacheError/Code/encodingFailed``,
    ///   ``CacheError/Code/wrongType``, ``CacheError/Code/invalidKey`` or ``CacheError/Code/unavailable``.
    @discardableResult
    public func set(_ member: Member, to score: Double) async throws -> Bool {
        try await self.set([(member, score)], if: .always) > 0
    }

    /// Gives members scores, all in one step.
    ///
    /// - Parameter scores: The members with their scores. Of one that is there twice, the last counts.
    /// - Returns: How many members are new or had another score.
    /// - Throws: As ``set(_:to:)``.
    @discardableResult
    public func set(_ scores: [(member: Member, score: Double)]) async throws -> Int {
        try await self.set(scores.map { ($0.member, $0.score) }, if: .always)
    }

    /// Gives a member a score if that is higher than the one it has, or it has none.
    ///
    /// - Parameters:
    ///   - member: The member.
    ///   - score: Its score.
    /// - Returns: Whether the member is new or had a lower score.
    /// - Throws: As ``set(_:to:)``.
    @discardableResult
    public func setIfGreater(_ member: Member, to score: Double) async throws -> Bool {
        try await self.set([(member, score)], if: .ifGreater) > 0
    }

    /// Gives a member a score if that is lower than the one it has, or it has none.
    ///
    /// - Parameters:
    ///   - member: The member.
    ///   - score: Its score.
    /// - Returns: Whether the member is new or had a higher score.
    /// - Throws: As ``set(_:to:)``.
    @discardableResult
    public func setIfLower(_ member: Member, to score: Double) async throws -> Bool {
        try await self.set([(member, score)], if: .ifLower) > 0
    }

    /// Adds to a member's score; an absent member begins at 0.
    ///
    /// - Parameters:
    ///   - member: The member.
    ///   - delta: What to add.
    /// - Returns: The new score.
    /// - Throws: As ``set(_:to:)``; ``CacheError/Code/notANumber`` also where infinities of both signs meet.
    @discardableResult
    public func increment(_ member: Member, by delta: Double = 1) async throws -> Double {
        let key = try self.handle.checkedKey()
        try self.check(delta, key)
        return try await self.handle.store.addToScore(
            delta,
            of: self.coding.encode(member, for: key),
            in: key,
            keeping: try self.best(key),
            self.handle.lifetime
        )
    }

    /// A member's score.
    ///
    /// - Parameter member: The member.
    /// - Returns: Its score; `nil` where it is not there.
    /// - Throws: As ``set(_:to:)``.
    public func score(of member: Member) async throws -> Double? {
        try await self.scores(of: [member]).first ?? nil
    }

    /// The scores of members.
    ///
    /// - Parameter members: The members.
    /// - Returns: Their scores, in the same order; `nil` for those that are not there.
    /// - Throws: As ``set(_:to:)``.
    public func scores(of members: some Sequence<Member>) async throws -> [Double?] {
        let key = try self.handle.checkedKey()
        let members = try self.coding.encode(members, for: key)
        return members.isEmpty ? [] : try await self.handle.store.scores(of: members, in: key)
    }

    private func set(_ scores: [(Member, Double)], if condition: ScoreCondition) async throws -> Int {
        let key = try self.handle.checkedKey()
        let scored = try scores.map { member, score in
            try self.check(score, key)
            return ScoredBytes(try self.coding.encode(member, for: key), score)
        }
        if scored.isEmpty { return 0 }
        return try await self.handle.store.setScores(
            scored,
            of: key,
            if: condition,
            keeping: try self.best(key),
            self.handle.lifetime
        )
    }

    // MARK: Members leave

    /// Removes a member.
    ///
    /// - Parameter member: The member.
    /// - Returns: Whether it was there.
    /// - Throws: As ``set(_:to:)``.
    @discardableResult
    public func remove(_ member: Member) async throws -> Bool {
        try await self.remove(contentsOf: [member]) > 0
    }

    /// Removes members.
    ///
    /// - Parameter members: The members.
    /// - Returns: How many of them were there.
    /// - Throws: As ``set(_:to:)``.
    @discardableResult
    public func remove(contentsOf members: some Sequence<Member>) async throws -> Int {
        let key = try self.handle.checkedKey()
        let members = try self.coding.encode(members, for: key)
        if members.isEmpty { return 0 }
        return try await self.handle.store.removeMembers(members, from: key, self.handle.lifetime)
    }

    /// Removes the members at some ranks.
    ///
    /// - Parameters:
    ///   - ranks: The ranks.
    ///   - order: Where they count from; `nil` for the leaderboard's own order.
    /// - Returns: How many members there were.
    /// - Throws: As ``set(_:to:)``; ``CacheError/Code/invalidArgument`` for ranks below 0.
    @discardableResult
    public func remove(ranks: Range<Int>, order: LeaderboardOrder? = nil) async throws -> Int {
        let key = try self.handle.checkedKey()
        try self.check(ranks, key)
        if ranks.isEmpty { return 0 }
        return try await self.handle.store.removeMembers(
            at: ranks,
            from: key,
            order ?? self.order,
            self.handle.lifetime
        )
    }

    /// Removes the members with scores in a range.
    ///
    /// - Parameter scores: The scores.
    /// - Returns: How many members there were.
    /// - Throws: As ``set(_:to:)``.
    @discardableResult
    public func remove(scores: ScoreRange) async throws -> Int {
        let key = try self.handle.checkedKey()
        try self.check(scores, key)
        return try await self.handle.store.removeMembers(scores: scores, from: key, self.handle.lifetime)
    }

    /// Keeps the best members and removes all others.
    ///
    /// A leaderboard that was made with a `limit` does that with each write.
    ///
    /// - Parameters:
    ///   - count: How many to keep.
    ///   - order: Where the best are; `nil` for the leaderboard's own order.
    /// - Returns: How many were removed.
    /// - Throws: As ``set(_:to:)``; ``CacheError/Code/invalidArgument`` for fewer than none.
    @discardableResult
    public func trim(toBest count: Int, order: LeaderboardOrder? = nil) async throws -> Int {
        guard count >= 0 else { throw self.invalid("a leaderboard cannot keep \(count) members") }
        return try await self.remove(ranks: count..<Int.max, order: order)
    }

    // MARK: Arguments

    /// What writes keep.
    func best(_ key: CollectionKey) throws -> LeaderboardLimit? {
        guard let limit = self.limit else { return nil }
        guard limit > 0 else { throw self.invalid("a leaderboard keeps at least one member, not \(limit)") }
        return LeaderboardLimit(limit, self.order)
    }

    func check(_ score: Double, _ key: CollectionKey) throws {
        if score.isNaN { throw CacheError.notANumber(key) }
    }

    func check(_ scores: ScoreRange, _ key: CollectionKey) throws {
        if scores.hasNaN { throw CacheError.notANumber(key) }
    }

    func check(_ ranks: Range<Int>, _ key: CollectionKey) throws {
        guard ranks.lowerBound >= 0 else { throw self.invalid("ranks begin with 0, not with \(ranks.lowerBound)") }
    }

    func invalid(_ message: String) -> CacheError {
        CacheError(.invalidArgument, message, key: self.handle.key.text)
    }
}

extension CacheError {
    /// A score is NaN, or would become it.
    package static func notANumber(_ key: CollectionKey, underlying: (any Error)? = nil) -> Self {
        .init(.notANumber, "a score has to be a number", key: key.text, underlying: underlying)
    }
}

extension Collections {
    /// A leaderboard.
    ///
    /// - Parameters:
    ///   - name: Its name in the namespace.
    ///   - type: The type of its members.
    ///   - lifetime: How long it lives.
    ///   - order: Where its best members are.
    ///   - limit: How many members it keeps: each write removes the others in the same step. `nil` for all.
    /// - Returns: The leaderboard.
    public func leaderboard<Member: Codable & Sendable>(
        _ name: String,
        of type: Member.Type = Member.self,
        lifetime: CollectionLifetime = .unlimited,
        order: LeaderboardOrder = .highestFirst,
        limit: Int? = nil
    ) -> Leaderboard<Member> {
        Leaderboard(self.handle(.leaderboard, name, lifetime), order: order, limit: limit)
    }
}
