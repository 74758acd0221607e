import Larder

/// Room for what is written: entries leave that have not been used for the longest time, about.
///
/// There is no list of entries in the order of their use: it would be a second tree, written with every entry and every read.
/// Entries lie in the order of a hash of their names, so any stretch of the table is a sample of it. When there are too
/// many, a stretch is read from a place drawn at random, and the quarter of it that was used the longest time ago leaves, as far
/// as needed: Redis evicts in the same manner, from samples of five. Some more leave than have to, so that not every write
/// has to look.
extension SQLiteStep {
    private struct Candidate {
        let number: Int64
        let used: Int64
        let end: Int64
        let size: Int64
    }

    /// How many entries a sample has.
    private static let sampleSize = 64

    /// Sees to it that the store holds no more than it may.
    func cull(_ limits: SQLiteStoreConfiguration) throws {
        let (mostEntries, mostBytes) = (Int64(limits.mostEntries), Int64(limits.mostBytes))
        var totals = try self.currentTotals()
        guard totals.entries > mostEntries || totals.bytes > mostBytes else { return }
        let entries = mostEntries - min(mostEntries / 100, 64)
        let bytes = mostBytes - mostBytes / 100
        while totals.entries > entries || totals.bytes > bytes {
            let sample = try self.sample()
            guard !sample.isEmpty else {
                // Totals that say more than there is were left by something that has changed the file from outside.
                try self.recount()
                return
            }
            let most = max(1, sample.count / 4)
            for candidate in sample.sorted(by: self.leavesBefore).prefix(most)
            where totals.entries > entries || totals.bytes > bytes {
                try self.removeEntry(number: candidate.number, size: candidate.size)
                totals = try self.currentTotals()
            }
        }
    }

    private func leavesBefore(_ left: Candidate, _ right: Candidate) -> Bool {
        let (leftIsOver, rightIsOver) = (left.end <= self.now, right.end <= self.now)
        return leftIsOver == rightIsOver ? left.used < right.used : leftIsOver
    }

    /// A stretch of the table, which goes on at its beginning where it meets the end.
    private func sample() throws -> [Candidate] {
        let start = Int64.random(in: .min ... .max)
        var sample = try self.candidates(from: start, atMost: Self.sampleSize)
        if sample.count < Self.sampleSize {
            let rest = try self.candidates(from: .min, atMost: Self.sampleSize - sample.count)
            sample += rest.prefix { $0.number < start }
        }
        return sample
    }

    private func candidates(from start: Int64, atMost count: Int) throws -> [Candidate] {
        var found: [Candidate] = []
        try self.query(
            .sample,
            { row in
                row.bind(1, start)
                row.bind(2, Int64(count))
            }
        ) { row in
            found.append(
                Candidate(number: row.integer(0), used: row.integer(1), end: row.integer(2), size: row.integer(3))
            )
        }
        return found
    }

    /// Removes an entry of any namespace.
    func removeEntry(number: Int64, size: Int64) throws {
        if try self.remove(number: number) { try self.count(removed: 1, bytes: size) }
    }

    /// Counts what there is.
    func recount() throws {
        var totals = try self.currentTotals()
        try self.query(.count, { _ in }) { row in
            totals.entries = row.integer(0)
            totals.bytes = row.integer(1)
        }
        self.set(totals)
    }

    /// Does what readers have noted.
    func work(off notes: (uses: [UInt64], tending: ReadNotes<SQLiteSpace>.Tending?)) throws {
        let tick = try self.currentTotals().tick
        for number in notes.uses { try self.markUse(Int64(bitPattern: number), tick) }
        if let tending = notes.tending {
            try self.enter(tending.space)
            try self.tend(tending.keys)
        }
    }
}
