/// Leaderboards in memory.
extension MemoryCollections {
    /// See ``SortedSetStore``.
    public func setScores(
        _ scores: [ScoredBytes],
        of key: CollectionKey,
        if condition: ScoreCondition,
        keeping best: LeaderboardLimit?,
        _ lifetime: CollectionLifetime
    ) async throws -> Int {
        self.leaderboards.change(key, lifetime, SortedMembers()) { board in
            var changed = 0
            for scored in scores
            where board.set(MemberBytes(scored.member), to: scored.score, if: condition).isChanged {
                changed += 1
            }
            board.keep(best)
            return changed
        }
    }

    /// See ``SortedSetStore``.
    public func addToScore(
        _ delta: Double,
        of member: [UInt8],
        in key: CollectionKey,
        keeping best: LeaderboardLimit?,
        _ lifetime: CollectionLifetime
    ) async throws -> Double {
        try self.leaderboards.change(key, lifetime, SortedMembers()) { (board) throws(CacheError) -> Double in
            let member = MemberBytes(member)
            let score = (board.score(of: member) ?? 0) + delta
            if score.isNaN { throw CacheError.notANumber(key) }
            board.set(member, to: score)
            board.keep(best)
            return score
        }
    }

    /// See ``SortedSetStore``.
    public func scores(of members: [[UInt8]], in key: CollectionKey) async throws -> [Double?] {
        self.leaderboards.read(key) { board in
            members.map { board?.score(of: MemberBytes($0)) }
        }
    }

    /// See ``SortedSetStore``.
    public func rank(of member: [UInt8], in key: CollectionKey, _ order: LeaderboardOrder) async throws -> Int? {
        self.leaderboards.read(key) { $0?.rank(of: MemberBytes(member), order) }
    }

    /// See ``SortedSetStore``.
    public func members(
        around member: [UInt8],
        onEachSide count: Int,
        in key: CollectionKey,
        _ order: LeaderboardOrder
    ) async throws -> RankedBytes {
        self.leaderboards.read(key) { board in
            guard let board, let rank = board.rank(of: MemberBytes(member), order) else { return RankedBytes() }
            return board.ranked(max(0, rank - count)..<rank + count + 1, order)
        }
    }

    /// See ``SortedSetStore``.
    public func members(
        at ranks: Range<Int>,
        in key: CollectionKey,
        _ order: LeaderboardOrder
    ) async throws -> RankedBytes {
        self.leaderboards.read(key) { $0?.ranked(ranks, order) ?? RankedBytes() }
    }

    /// See ``SortedSetStore``.
    public func members(
        scores: ScoreRange,
        in key: CollectionKey,
        _ order: LeaderboardOrder,
        offset: Int,
        limit: Int
    ) async throws -> RankedBytes {
        self.leaderboards.read(key) { board in
            guard let board else { return RankedBytes() }
            let ranks = board.ranks(of: scores, order)
            let first = ranks.lowerBound + min(offset, ranks.count)
            return board.ranked(first..<first + min(limit, ranks.upperBound - first), order)
        }
    }

    /// See ``SortedSetStore``.
    public func memberCount(of key: CollectionKey) async throws -> Int {
        self.leaderboards.read(key) { $0?.count ?? 0 }
    }

    /// See ``SortedSetStore``.
    public func memberCount(of key: CollectionKey, scores: ScoreRange) async throws -> Int {
        self.leaderboards.read(key) { $0?.ranks(of: scores, .lowestFirst).count ?? 0 }
    }

    /// See ``SortedSetStore``.
    public func removeMembers(
        _ members: [[UInt8]],
        from key: CollectionKey,
        _ lifetime: CollectionLifetime
    ) async throws -> Int {
        self.leaderboards.change(key, lifetime, SortedMembers()) { board in
            var removed = 0
            for member in members where board.remove(MemberBytes(member)) { removed += 1 }
            return removed
        }
    }

    /// See ``SortedSetStore``.
    public func removeMembers(
        at ranks: Range<Int>,
        from key: CollectionKey,
        _ order: LeaderboardOrder,
        _ lifetime: CollectionLifetime
    ) async throws -> Int {
        self.leaderboards.change(key, lifetime, SortedMembers()) { $0.remove(at: ranks, order) }
    }

    /// See ``SortedSetStore``.
    public func removeMembers(
        scores: ScoreRange,
        from key: CollectionKey,
        _ lifetime: CollectionLifetime
    ) async throws -> Int {
        self.leaderboards.change(key, lifetime, SortedMembers()) { board in
            board.remove(at: board.ranks(of: scores, .lowestFirst), .lowestFirst)
        }
    }

    /// See ``SortedSetStore``.
    public func union(of keys: [CollectionKey], _ combination: ScoreCombination) async throws -> [ScoredBytes] {
        let union = self.union(keys, combination)
        return union.ranked(0..<union.count, .lowestFirst).members
    }

    /// See ``SortedSetStore``.
    public func storeUnion(
        of keys: [CollectionKey],
        _ combination: ScoreCombination,
        into key: CollectionKey,
        keeping best: LeaderboardLimit?,
        _ lifetime: CollectionLifetime
    ) async throws -> Int {
        // The others are read before, one after the other; what this one has is taken as it is in the step that replaces it.
        let others = self.union(keys.filter { $0 != key }, combination)
        let times = keys.count { $0 == key }
        return self.leaderboards.change(key, lifetime, SortedMembers()) { board in
            if times == 0 { board = others } else { board.formUnion(others, combination, countingSelf: times) }
            board.keep(best)
            return board.count
        }
    }

    private func union(_ keys: [CollectionKey], _ combination: ScoreCombination) -> SortedMembers {
        var union = SortedMembers()
        for key in keys {
            // A copy shares everything with the board until one of the two changes.
            let board = self.leaderboards.read(key) { $0 }
            for place in board?.members(at: 0..<Int.max, .lowestFirst) ?? [] {
                let score = union.score(of: place.member).map { combination($0, place.score) } ?? place.score
                union.set(place.member, to: score)
            }
        }
        return union
    }
}

extension SortedMembers: CollectionContents {}

extension SortedMembers {
    /// Takes in the members of others.
    ///
    /// - Parameters:
    ///   - others: The others.
    ///   - combination: What becomes of the scores of a member that both have.
    ///   - times: How often these members count, at least once.
    mutating func formUnion(_ others: SortedMembers, _ combination: ScoreCombination, countingSelf times: Int) {
        if times > 1, combination == .sum {
            for place in self.members(at: 0..<self.count, .lowestFirst) {
                self.set(place.member, to: (1..<times).reduce(place.score) { sum, _ in combination(sum, place.score) })
            }
        }
        // The fewer go to the more: this is done with part of the table locked.
        let isSmaller = self.count < others.count
        let fewer = isSmaller ? self : others
        var more = isSmaller ? others : self
        // Not shared with the table, so that nothing is copied.
        self = SortedMembers()
        for place in fewer.members(at: 0..<fewer.count, .lowestFirst) {
            let score = more.score(of: place.member).map { combination($0, place.score) } ?? place.score
            more.set(place.member, to: score)
        }
        self = more
    }

    /// Removes all but the best.
    mutating func keep(_ best: LeaderboardLimit?) {
        if let best, self.count > best.count { self.remove(at: best.count..<self.count, best.order) }
    }

    /// The members at some ranks, with the first rank.
    func ranked(_ ranks: Range<Int>, _ order: LeaderboardOrder) -> RankedBytes {
        RankedBytes(
            firstRank: ranks.lowerBound,
            members: self.members(at: ranks, order).map { ScoredBytes($0.member.bytes, $0.score) }
        )
    }
}

extension CollectionTable {
    /// Changes a collection in place.
    ///
    /// - Parameters:
    ///   - key: The collection.
    ///   - lifetime: How long it lives, if it is there afterwards.
    ///   - empty: What to begin with where there is no such collection; still empty afterwards, it is not there.
    ///   - body: Changes the contents. It throws before it changes anything, or not at all.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws.
    func change<Result: Sendable, Failure: Error>(
        _ key: CollectionKey,
        _ lifetime: CollectionLifetime,
        _ empty: Contents,
        _ body: (inout Contents) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try self.write(key, lifetime) { (contents) throws(Failure) -> Result in
            // Taken out, so that nothing is copied.
            var taken = contents.take() ?? empty
            defer { contents = taken }
            return try body(&taken)
        }
    }
}
