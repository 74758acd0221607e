/// What a store of leaderboards does; see ``CollectionStore``.
///
/// Members are ordered by their scores, and those of equal scores by their bytes. A score is never NaN.
public protocol SortedSetStore: Sendable {
    /// Gives members scores.
    ///
    /// - Parameters:
    ///   - scores: The members with their scores, at least one.
    ///   - key: The leaderboard.
    ///   - condition: When a member that is there already gets its score.
    ///   - best: What is kept of the leaderboard; `nil` for everything.
    ///   - lifetime: How long it lives.
    /// - Returns: How many members are new or have another score, those included that were not among the best.
    /// - Throws: ``CacheError``; see ``CollectionStore``.
    func setScores(
        _ scores: [ScoredBytes],
        of key: CollectionKey,
        if condition: ScoreCondition,
        keeping best: LeaderboardLimit?,
        _ lifetime: CollectionLifetime
    ) async throws -> Int

    /// Adds to a member's score; an absent one counts as 0.
    ///
    /// - Parameters:
    ///   - delta: What to add.
    ///   - member: The member.
    ///   - key: The leaderboard.
    ///   - best: What is kept of the leaderboard; `nil` for everything.
    ///   - lifetime: How long it lives.
    /// - Returns: The new score.
    /// - Throws: ``CacheError`` with ``CacheError/Code/notANumber`` where infinities of both signs meet.
    func addToScore(
        _ delta: Double,
        of member: [UInt8],
        in key: CollectionKey,
        keeping best: LeaderboardLimit?,
        _ lifetime: CollectionLifetime
    ) async throws -> Double

    /// The scores of members, in their order; `nil` for those that are not there.
    func scores(of members: [[UInt8]], in key: CollectionKey) async throws -> [Double?]

    /// How many members come before one; `nil` where it is not there.
    func rank(of member: [UInt8], in key: CollectionKey, _ order: LeaderboardOrder) async throws -> Int?

    /// The members around one, which is among them.
    ///
    /// - Parameters:
    ///   - member: The member.
    ///   - count: How many, at most, on each side.
    ///   - key: The leaderboard.
    ///   - order: Where ranks count from.
    /// - Returns: The members; none where the one is not there.
    /// - Throws: ``CacheError``; see ``CollectionStore``.
    func members(
        around member: [UInt8],
        onEachSide count: Int,
        in key: CollectionKey,
        _ order: LeaderboardOrder
    ) async throws -> RankedBytes

    /// The members at some ranks.
    func members(at ranks: Range<Int>, in key: CollectionKey, _ order: LeaderboardOrder) async throws -> RankedBytes

    /// Members by their scores.
    ///
    /// - Parameters:
    ///   - scores: The scores.
    ///   - key: The leaderboard.
    ///   - order: Where ranks count from.
    ///   - offset: How many of them to leave out.
    ///   - limit: How many to return, at most.
    /// - Returns: The members.
    /// - Throws: ``CacheError``; see ``CollectionStore``.
    func members(
        scores: ScoreRange,
        in key: CollectionKey,
        _ order: LeaderboardOrder,
        offset: Int,
        limit: Int
    ) async throws -> RankedBytes

    /// How many members a leaderboard has.
    func memberCount(of key: CollectionKey) async throws -> Int

    /// How many members have scores in a range.
    func memberCount(of key: CollectionKey, scores: ScoreRange) async throws -> Int

    /// Removes members.
    ///
    /// - Returns: How many there were.
    func removeMembers(
        _ members: [[UInt8]],
        from key: CollectionKey,
        _ lifetime: CollectionLifetime
    ) async throws -> Int

    /// Removes the members at some ranks.
    ///
    /// - Returns: How many there were.
    func removeMembers(
        at ranks: Range<Int>,
        from key: CollectionKey,
        _ order: LeaderboardOrder,
        _ lifetime: CollectionLifetime
    ) async throws -> Int

    /// Removes the members with scores in a range.
    ///
    /// - Returns: How many there were.
    func removeMembers(
        scores: ScoreRange,
        from key: CollectionKey,
        _ lifetime: CollectionLifetime
    ) async throws -> Int

    /// All members of several leaderboards, the lowest score first.
    ///
    /// In memory each leaderboard is read in one step, and all of them one after the other.
    ///
    /// - Throws: ``CacheError`` with ``CacheError/Code/keysApart`` where they lie on different servers.
    func union(of keys: [CollectionKey], _ combination: ScoreCombination) async throws -> [ScoredBytes]

    /// Puts all members of several leaderboards in place of what a leaderboard has.
    ///
    /// - Parameters:
    ///   - keys: The leaderboards, at least one.
    ///   - combination: What becomes of the scores of a member that several have.
    ///   - key: The leaderboard to write.
    ///   - best: What is kept of it; `nil` for everything.
    ///   - lifetime: How long it lives.
    /// - Returns: How many members it has then.
    /// - Throws: ``CacheError`` with ``CacheError/Code/keysApart`` where they lie on different servers.
    func storeUnion(
        of keys: [CollectionKey],
        _ combination: ScoreCombination,
        into key: CollectionKey,
        keeping best: LeaderboardLimit?,
        _ lifetime: CollectionLifetime
    ) async throws -> Int
}

/// A member's bytes and its score.
public struct ScoredBytes: Sendable, Hashable {
    /// The member.
    public var member: [UInt8]

    /// Its score.
    public var score: Double

    /// Puts both together.
    ///
    /// - Parameters:
    ///   - member: The member.
    ///   - score: Its score.
    public init(_ member: [UInt8], _ score: Double) {
        self.member = member
        self.score = score
    }
}

/// Members that follow each other on a leaderboard.
public struct RankedBytes: Sendable, Hashable {
    /// The rank of the first of them.
    public var firstRank: Int

    /// The members, in the order of their ranks.
    public var members: [ScoredBytes]

    /// Puts both together.
    ///
    /// - Parameters:
    ///   - firstRank: The rank of the first of them.
    ///   - members: The members.
    public init(firstRank: Int = 0, members: [ScoredBytes] = []) {
        self.firstRank = firstRank
        self.members = members
    }
}

/// What is kept of a leaderboard: its best.
public struct LeaderboardLimit: Sendable, Hashable {
    /// How many members.
    public var count: Int

    /// Where the best are.
    public var order: LeaderboardOrder

    /// Describes a limit.
    ///
    /// - Parameters:
    ///   - count: How many members are kept.
    ///   - order: Where the best are.
    public init(_ count: Int, _ order: LeaderboardOrder) {
        self.count = count
        self.order = order
    }
}
