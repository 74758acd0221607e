/// A member's bytes, ordered as Redis orders them: byte by byte, a beginning before what it begins.
struct MemberBytes: Hashable, Comparable, Sendable {
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    static func < (left: MemberBytes, right: MemberBytes) -> Bool {
        left.bytes.withUnsafeBytes { left in
            right.bytes.withUnsafeBytes { right in left.lexicographicallyPrecedes(right) }
        }
    }

    func hash(into hasher: inout Hasher) {
        self.bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
    }
}

/// Members with scores, in order: what a sorted set of Redis is.
///
/// A dictionary knows each member's score, an ordered tree its place. Both share the member's bytes.
struct SortedMembers: Sendable {
    /// A member at its place: by its score, and among equal scores by its bytes.
    struct Place: Comparable, Sendable {
        var score: Double
        var member: MemberBytes

        static func < (left: Place, right: Place) -> Bool {
            left.score < right.score || (left.score == right.score && left.member < right.member)
        }
    }

    private var scores: [MemberBytes: Double] = [:]
    private var tree: OrderedTree<Place>

    /// - Parameter capacity: How large the tree's nodes are.
    init(capacity: Int = 64) { self.tree = OrderedTree(capacity: capacity) }

    var count: Int { self.tree.count }
    var isEmpty: Bool { self.tree.isEmpty }

    // MARK: Changing

    /// Gives a member a score.
    ///
    /// - Parameters:
    ///   - member: The member.
    ///   - score: The score, not NaN.
    ///   - condition: When a member that is there already gets it.
    /// - Returns: Whether the member is new, and whether anything has changed.
    @discardableResult
    mutating func set(
        _ member: MemberBytes,
        to score: Double,
        if condition: ScoreCondition = .always
    ) -> (isNew: Bool, isChanged: Bool) {
        guard let old = self.scores[member] else {
            self.scores[member] = score
            self.tree.insert(Place(score: score, member: member))
            return (true, true)
        }
        let holds =
            switch condition {
            case .always: true
            case .ifGreater: score > old
            case .ifLower: score < old
            }
        guard holds, score != old else { return (false, false) }
        self.tree.remove(at: self.tree.place(of: Place(score: old, member: member)))
        self.tree.insert(Place(score: score, member: member))
        self.scores[member] = score
        return (false, true)
    }

    /// Takes a member out.
    ///
    /// - Returns: Whether it was there.
    @discardableResult
    mutating func remove(_ member: MemberBytes) -> Bool {
        guard let score = self.scores.removeValue(forKey: member) else { return false }
        self.tree.remove(at: self.tree.place(of: Place(score: score, member: member)))
        return true
    }

    /// Takes the members at some ranks out.
    ///
    /// - Parameters:
    ///   - ranks: The ranks, of which those that nobody has are left out.
    ///   - order: Where ranks count from.
    /// - Returns: How many there were.
    @discardableResult
    mutating func remove(at ranks: Range<Int>, _ order: LeaderboardOrder) -> Int {
        let removed = self.tree.remove(at: self.places(of: ranks, order))
        for place in removed { self.scores[place.member] = nil }
        return removed.count
    }

    // MARK: Looking

    func score(of member: MemberBytes) -> Double? { self.scores[member] }

    /// How many members come before this one.
    func rank(of member: MemberBytes, _ order: LeaderboardOrder) -> Int? {
        guard let score = self.scores[member] else { return nil }
        let place = self.tree.place(of: Place(score: score, member: member))
        return order == .lowestFirst ? place : self.count - 1 - place
    }

    /// The members at some ranks, in the order of these.
    func members(at ranks: Range<Int>, _ order: LeaderboardOrder) -> [Place] {
        let found = self.tree.elements(at: self.places(of: ranks, order))
        return order == .lowestFirst ? found : found.reversed()
    }

    /// The ranks of the members whose scores are in a range.
    func ranks(of range: ScoreRange, _ order: LeaderboardOrder) -> Range<Int> {
        let lower = self.tree.place { !range.lower.isReached(by: $0.score) }
        let upper = max(lower, self.tree.place { range.upper.isKept(by: $0.score) })
        return order == .lowestFirst ? lower..<upper : self.count - upper..<self.count - lower
    }

    /// The places in the tree of some ranks.
    private func places(of ranks: Range<Int>, _ order: LeaderboardOrder) -> Range<Int> {
        let ranks = ranks.clamped(to: 0..<self.count)
        return order == .lowestFirst ? ranks : self.count - ranks.upperBound..<self.count - ranks.lowerBound
    }

    /// What is wrong inside: nothing, unless there is a fault here.
    func checkInvariants() -> [String] {
        var violations = self.tree.checkInvariants()
        if self.scores.count != self.tree.count {
            violations.append("\(self.scores.count) scores for \(self.tree.count) places")
        }
        for place in self.tree.elements(at: 0..<self.tree.count) where self.scores[place.member] != place.score {
            violations.append("a member's place and its score differ")
        }
        return violations
    }
}
