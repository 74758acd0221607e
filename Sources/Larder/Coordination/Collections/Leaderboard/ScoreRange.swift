/// Scores between two bounds, each of which may belong to the range or not.
///
/// ```swift
/// let silver = try await board.count(scores: .between(100, and: 199))
/// let medals = try await board.range(scores: .atLeast(100), limit: 10)
/// ```
public struct ScoreRange: Sendable, Hashable {
    /// One end of a range.
    package struct Bound: Sendable, Hashable {
        /// The score at the end; infinite where there is none.
        package var score: Double
        /// Whether the score itself is in the range.
        package var isIncluded = true

        /// As the lower bound: whether a score is not too low.
        func isReached(by score: Double) -> Bool { self.isIncluded ? score >= self.score : score > self.score }

        /// As the upper bound: whether a score is not too high.
        func isKept(by score: Double) -> Bool { self.isIncluded ? score <= self.score : score < self.score }
    }

    package var lower = Bound(score: -.infinity)
    package var upper = Bound(score: .infinity)

    /// All scores, infinite ones too.
    public static let all = ScoreRange()

    /// Scores from one to another, both included.
    ///
    /// - Parameters:
    ///   - lowest: The lowest score.
    ///   - highest: The highest score; a range whose highest score is below the lowest is empty.
    /// - Returns: The range.
    public static func between(_ lowest: Double, and highest: Double) -> ScoreRange {
        ScoreRange(lower: .init(score: lowest), upper: .init(score: highest))
    }

    /// A score and those above it.
    public static func atLeast(_ score: Double) -> ScoreRange { ScoreRange(lower: .init(score: score)) }

    /// The scores above one.
    public static func above(_ score: Double) -> ScoreRange {
        ScoreRange(lower: .init(score: score, isIncluded: false))
    }

    /// A score and those below it.
    public static func atMost(_ score: Double) -> ScoreRange { ScoreRange(upper: .init(score: score)) }

    /// The scores below one.
    public static func below(_ score: Double) -> ScoreRange {
        ScoreRange(upper: .init(score: score, isIncluded: false))
    }

    /// The scores that are in both ranges.
    ///
    /// - Parameter other: The other range.
    /// - Returns: The range; an empty one where they have nothing in common.
    public func intersection(_ other: ScoreRange) -> ScoreRange {
        var both = self
        if other.lower.score > both.lower.score || (other.lower.score == both.lower.score && !other.lower.isIncluded) {
            both.lower = other.lower
        }
        if other.upper.score < both.upper.score || (other.upper.score == both.upper.score && !other.upper.isIncluded) {
            both.upper = other.upper
        }
        return both
    }

    /// Whether a bound is NaN, which no score can be compared with.
    var hasNaN: Bool { self.lower.score.isNaN || self.upper.score.isNaN }
}

/// Which end of a leaderboard is its beginning.
public enum LeaderboardOrder: Sendable, Hashable {
    /// Rank 0 has the highest score, as points do it; equal scores are ordered by the members' bytes, the highest first.
    case highestFirst
    /// Rank 0 has the lowest score, as times of runners do it; equal scores are ordered by the members' bytes.
    case lowestFirst

    /// The other one.
    public var reversed: LeaderboardOrder { self == .highestFirst ? .lowestFirst : .highestFirst }
}

/// When a member that has a score gets another one.
public enum ScoreCondition: Sendable, Hashable {
    /// Always.
    case always
    /// If the new one is higher.
    case ifGreater
    /// If the new one is lower.
    case ifLower
}

/// What becomes of the scores of a member that several leaderboards have.
public enum ScoreCombination: Sendable, Hashable {
    /// Their sum; 0 where infinities of both signs meet, as in Redis.
    case sum
    /// The highest of them.
    case highest
    /// The lowest of them.
    case lowest

    /// The score of two.
    func callAsFunction(_ left: Double, _ right: Double) -> Double {
        switch self {
        case .sum:
            let sum = left + right
            return sum.isNaN ? 0 : sum
        case .highest: return max(left, right)
        case .lowest: return min(left, right)
        }
    }
}
