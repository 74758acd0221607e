// Reading, writing and removing entries, whoever holds their leases.
extension StoreStep {
    /// Reads entries without their leases.
    func read(_ keys: [StoreKey]) throws -> [StoreLookup] {
        let entries = try keys.map { try self.entry($0) }
        return try zip(keys, entries).map { key, entry in
            let state = try self.state(of: entry)
            guard let entry, state.isAlive, let stored = self.stored(entry, state) else {
                if state.isDead { self.noteForTending(key) }
                return .absent(.none)
            }
            if entry.header.wantsRenewal(end: entry.end, at: self.now) { self.noteForTending(key) }
            return .found(stored)
        }
    }

    func stored(_ entry: KeptEntry, _ state: KeptEntryState) -> StoredEntry? {
        entry.stored(at: self.now, isExpiredByTag: state.isExpiredByTag)
    }

    /// Writes entries where the condition lets it.
    ///
    /// - Returns: For each, whether it was written; or the first that was too large, in whose place there is nothing
    ///   afterwards. Those before it are written.
    func write(_ writes: [PreparedWrite], _ condition: WriteCondition) throws -> Result<[Bool], TooLarge> {
        var written: [Bool] = []
        for write in writes {
            let isAllowed =
                switch condition {
                case .always: true
                case .ifAbsent: try !self.isFresh(write.key)
                case .ifPresent: try self.isFresh(write.key)
                }
            written.append(isAllowed)
            guard isAllowed else { continue }
            try self.endLease(write.key)
            if write.isTooLarge {
                // What was there is not true any more.
                try self.removeEntry(write.key)
                return .failure(TooLarge(write: write))
            }
            try self.put(write)
        }
        return .success(written)
    }

    /// Writes an entry of the namespace's current generation.
    func put(_ write: PreparedWrite) throws {
        var header = write.header
        header.generation = try self.currentStamp().stamp.generation
        let milliseconds = header.keptMilliseconds
        header.marks = try self.take(write.tags, for: milliseconds)
        try self.put(KeptEntry(header: header, value: write.value, end: self.end(after: milliseconds)), for: write.key)
    }

    /// Removes entries and ends their leases.
    ///
    /// - Returns: For each, whether it was fresh.
    func remove(_ keys: [StoreKey]) throws -> [Bool] {
        try keys.map { key in
            let wasFresh = try self.isFresh(key)
            try self.endLease(key)
            try self.removeEntry(key)
            return wasFresh
        }
    }

    /// Adds to an integer.
    ///
    /// - Throws: ``CacheError``, which leaves everything as it was.
    func increment(
        _ key: StoreKey,
        by delta: Int64,
        initial: (write: PreparedWrite, start: Int64)?,
        within bounds: ClosedRange<Int64>
    ) throws -> Int64 {
        let found = try self.entry(key)
        if var entry = found, try self.state(of: entry) == .fresh {
            guard case .integer(let start)? = entry.value.withUnsafeBytes({ entry.header.value($0) }) else {
                throw CacheError.notAnInteger(key)
            }
            let sum = try start.adding(delta, within: bounds, key)
            entry.value = sum.bigEndianBytes
            try self.endLease(key)
            try self.put(entry, for: key)
            return sum
        }
        guard let initial else { throw CacheError.keyNotFound(key) }
        let sum = try initial.start.adding(delta, within: bounds, key)
        var write = initial.write
        write.value = sum.bigEndianBytes
        try self.endLease(key)
        try self.put(write)
        return sum
    }

    /// Adds to the end of a value.
    ///
    /// - Returns: The value's length.
    /// - Throws: ``CacheError``, which leaves everything as it was.
    func append(_ write: PreparedWrite, heaviest: Int) throws -> Int {
        let found = try self.entry(write.key)
        if var entry = found, try self.state(of: entry) == .fresh {
            let (old, new) = (entry.header, write.header)
            // Bytes behind compressed or sealed ones, or such behind plain ones, would be a value that nobody can read.
            guard old.codec == new.codec, old.compression == .none, old.seal == .none, new.compression == .none,
                new.seal == .none, !old.isNull
            else {
                throw CacheError.notAppendable(write.key)
            }
            entry.value += write.value
            let length = write.key.name.utf8.count + entry.header.encodedLength + entry.value.count
            guard length <= heaviest else { throw write.tooLarge(heaviest) }
            try self.endLease(write.key)
            try self.put(entry, for: write.key)
            return entry.value.count
        }
        guard !write.isTooLarge else { throw write.tooLarge(heaviest) }
        try self.endLease(write.key)
        try self.put(write)
        return write.value.count
    }

    /// Gives a fresh entry another lifetime, and its tags a longer one where it needs that.
    func touch(_ key: StoreKey, _ lifetime: EntryLifetime) throws -> Bool {
        guard var entry = try self.entry(key), try self.state(of: entry) == .fresh else { return false }
        entry.header.lifetime = lifetime
        let milliseconds = entry.header.keptMilliseconds
        entry.end = self.end(after: milliseconds)
        _ = try self.take(entry.header.marks.map(\.name), for: milliseconds)
        try self.put(entry, for: key)
        return true
    }

    /// What readers have noted: removes entries that are of no use, and puts off the end of those for ever.
    package func tend(_ keys: [StoreKey]) throws {
        for key in keys {
            guard var entry = try self.entry(key) else { continue }
            if try !self.state(of: entry).isAlive {
                try self.removeEntry(key)
            } else if entry.header.wantsRenewal(end: entry.end, at: self.now) {
                entry.end = self.end(after: KeptEntry.endless)
                _ = try self.take(entry.header.marks.map(\.name), for: KeptEntry.endless)
                try self.put(entry, for: key)
            }
        }
    }

    /// What is known of a key.
    func report(on key: StoreKey, kind: String) throws -> EntryReport {
        let entry = try self.entry(key)
        let state = try self.state(of: entry)
        var report = EntryReport(tier: kind, state: .absent)
        if let lease = try self.standingLease(key) {
            report.holder = .init(token: lease.token, timeLeft: .milliseconds(lease.end - self.now))
        }
        switch state {
        case .absent:
            if entry == nil, try self.hasEntry(key) { report.state = .unreadable }
            return report
        case .deadByNamespace: report.state = .deadByNamespace
        case .deadByTag(let tag): report.state = .deadByTag(tag)
        case .stale: report.state = .stale
        case .staleByTag(let tag): report.state = .staleByTag(tag)
        case .fresh: report.state = .fresh
        }
        guard let entry else { return report }
        let left = entry.header.timeLeft(end: entry.end, at: self.now)
        report.timeLeft = left
        if let freshFor = entry.header.lifetime.freshFor, let left = left.duration { report.age = freshFor - left }
        report.grace = entry.header.lifetime.grace
        report.size = entry.value.count
        report.codec = entry.header.codec
        report.fillCost = entry.header.fillCost
        report.tags = entry.header.marks.map(\.name)
        return report
    }
}

/// An entry was heavier than the store takes.
struct TooLarge: Error {
    let write: PreparedWrite
}

extension EntryHeader {
    /// How many bytes the header takes.
    package var encodedLength: Int { self.marks.reduce(Self.length) { $0 + 17 + $1.name.utf8.count } }
}
