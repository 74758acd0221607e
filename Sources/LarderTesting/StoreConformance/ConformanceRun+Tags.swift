import Larder

/// What checks of tags, leases and marks need.
extension ConformanceRun {
    /// An entry under tags.
    static func write(_ name: String, _ value: Int64, tags: [String], grace: Duration = .zero) -> EntryWrite {
        var write = Self.write(name, value, EntryLifetime(freshFor: Self.lifetime, grace: grace))
        write.tags = tags
        return write
    }

    func set(_ name: String, _ value: Int64, tags: [String]) async throws {
        let answers = try await self.space.write([Self.write(name, value, tags: tags)], .always)
        try self.expect(answers, [true], "a write of \(name)")
    }

    /// Takes a lease that has to be free, for a fill under tags.
    func take(_ name: String, tags: [String], replacesEntry: Bool = false) async throws -> Lease {
        let request = LeaseRequest(
            token: Self.token(),
            duration: .seconds(30),
            replacesEntry: replacesEntry,
            tags: tags
        )
        let answers = try await self.space.read([Self.key(name)], ReadOptions(lease: request, coder: TextCoder()))
        guard case .absent(.granted(let lease)) = answers.first else {
            let found = answers.first.map { "\($0)" } ?? "no answer"
            throw ConformanceFailure(subject: "the lease of \(name)", expected: "granted", found: found)
        }
        try self.expect(lease.marks.map(\.name).sorted(), tags.sorted(), "the tags of the lease of \(name)")
        return lease
    }

    /// Asks for a lease that somebody else has.
    func holder(_ name: String) async throws -> LeaseHolder {
        let answer = try await self.ask(name, Self.token())
        guard case .absent(.held(let holder)) = answer else {
            throw ConformanceFailure(subject: "the lease of \(name)", expected: "held", found: "\(answer)")
        }
        return holder
    }

    /// Commits an integer under a lease and tags.
    ///
    /// - Returns: Whether it was written.
    func commit(
        _ name: String,
        _ value: Int64,
        under lease: Lease,
        marks: [TagMark] = [],
        lateTags: [String] = []
    ) async throws -> Bool {
        let commit = EntryCommit(write: Self.write(name, value), lease: lease, marks: marks, lateTags: lateTags)
        let answers = try await self.space.commit([commit])
        try self.expect(answers.count, 1, "answers to a commit of one entry")
        return answers[0]
    }

    func marks(_ tags: String...) async throws -> [TagMark] {
        let marks = try await self.space.marks(of: tags, for: .seconds(60))
        try self.expect(marks.map(\.name), tags, "the tags of the marks")
        return marks
    }

    func invalidate(_ tags: String...) async throws {
        try await self.space.invalidate(tags, .dead)
    }

    func expire(_ tags: String...) async throws {
        try await self.space.invalidate(tags, .stale)
    }

    /// The value of a fresh entry.
    func fresh(_ name: String) async throws -> Int64? {
        guard let entry = try await self.read(name), !entry.isStale, case .integer(let value) = entry.value else {
            return nil
        }
        // What a store says at once it must not contradict.
        switch self.space.readNow(Self.key(name)) {
        case .fresh(.integer(let now)), .tagged(.integer(let now), _):
            try self.expect(now, value, "what is read at once of \(name)")
        case .unknown:
            break
        case let other:
            throw ConformanceFailure(
                subject: "what is read at once of \(name)",
                expected: "\(value)",
                found: "\(other)"
            )
        }
        return value
    }

    /// Expects that a key's entry is dead for everything that reads.
    func expectDead(_ name: String, _ what: String) async throws {
        try self.expectNotServedAtOnce(name, what)
        try self.expect(try await self.read(name) == nil, "a read of \(what)")
        try self.expect(try await self.read(name, wantsTimes: true) == nil, "a read of \(what), with times")
    }

    /// Expects that a key's entry is there, and stale.
    func expectStale(_ name: String, _ what: String) async throws {
        try self.expectNotServedAtOnce(name, what)
        for wantsTimes in [false, true] {
            let entry = try await self.read(name, wantsTimes: wantsTimes)
            try self.expect(entry?.isStale, true, "staleness of \(what)")
        }
    }

    func expectNotServedAtOnce(_ name: String, _ what: String) throws {
        switch self.space.readNow(Self.key(name)) {
        case .absent, .unknown: return
        case let other:
            let subject = "what is read at once of \(what)"
            throw ConformanceFailure(subject: subject, expected: "no value", found: "\(other)")
        }
    }

    /// The store's own report of a key, in a store of one tier.
    func report(_ name: String) async throws -> EntryReport {
        let reports = try await self.space.report(on: Self.key(name))
        guard let last = reports.last else {
            throw ConformanceFailure(subject: "the report on \(name)", expected: "one at least", found: "none")
        }
        return last
    }
}
