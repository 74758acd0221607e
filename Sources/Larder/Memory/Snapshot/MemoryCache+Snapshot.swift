// A warm start: what a cache holds outlives its process.
extension MemoryCache where Key: Codable, Value: Codable {
    /// Writes all live entries into a file, the most valuable first.
    ///
    /// ```swift
    /// try pages.save(to: "/var/lib/shop/pages.larder")    // before the process ends
    /// try pages.load(from: "/var/lib/shop/pages.larder")  // after the next one has begun
    /// ```
    ///
    /// The file is written under another name beside `path` and takes its name once it has reached the disk: a crash leaves
    /// the old file or the new one. (One in the middle of writing can leave a file that ends in `.partial`.) Only this user
    /// can read it.
    ///
    /// The cache can be used meanwhile. What is written of each entry is what it was at some moment of the call. The time
    /// that an entry has left is written as a moment of the wall clock, so time goes on while no process runs. One that is
    /// kept while it is asked for (`idle`) comes back with the time that it had left, and no longer slides.
    ///
    /// The calling thread waits for the disk.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - codec: Turns keys and values into bytes, but for `String`, `Data` and `[UInt8]`, which need none.
    /// - Returns: The number of entries in the file.
    /// - Throws: ``CacheError``: ``CacheError/Code/fileFailed`` when the file cannot be written,
    ///   ``CacheError/Code/encodingFailed`` when a key or a value cannot be encoded, ``CacheError/Code/valueTooLarge``
    ///   for one from 4 GiB on. The old file is then as it was.
    /// - Complexity: O(*n*); no lock is held for longer than it takes to put one shard's entries in order.
    @discardableResult
    public func save(to path: String, codec: any CacheCodec = JSONCodec()) throws -> Int {
        try self.save(to: path, codec: codec, wallTime: WallClock.now)
    }

    /// The same at a given time of day, in nanoseconds since 1970.
    func save(to path: String, codec: any CacheCodec, wallTime: Int64) throws -> Int {
        let now = self.clock.nanoseconds
        let file = try SnapshotFileWriter(path, savedAt: wallTime)
        let keys = ValueCoding<Key>(codec: codec)
        let values = ValueCoding<Value>(codec: codec)
        try self.forEachByWorth { key, value, deadline in
            let isAbsence = (value as? any OptionalCoding)?.isNone ?? false
            let record = SnapshotRecord(
                key: try keys.encode(key),
                value: isAbsence ? nil : try values.encode(value),
                deadline: Self.moved(deadline, from: now, to: wallTime)
            )
            try file.append(record)
        }
        return try file.finish()
    }

    /// Stores the entries of a file that ``save(to:codec:)`` has written.
    ///
    /// Nothing has to leave for them: an entry whose key is in the cache already is passed over, so is one for which there
    /// is no room, and reading ends when the cache is full. Since the most valuable come first, those are what is loaded
    /// into a smaller cache.
    ///
    /// A file that is truncated or damaged is no error: what is whole is loaded, and the report counts the rest.
    ///
    /// Entries whose time is over by the wall clock are not loaded. If the wall clock has been set back, none gets more time
    /// than it had left when the file was written.
    ///
    /// The calling thread waits for the disk.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - codec: What the file was written with.
    /// - Returns: How many entries were loaded, and what became of the others.
    /// - Throws: ``CacheError``: ``CacheError/Code/fileNotFound`` when there is no file, as before the first start;
    ///   ``CacheError/Code/notASnapshot`` when it is of another kind or version or its first 36 bytes are damaged;
    ///   ``CacheError/Code/fileFailed`` when it cannot be read.
    @discardableResult
    public func load(from path: String, codec: any CacheCodec = JSONCodec()) throws -> MemoryCacheLoadReport {
        let file = try SnapshotFileSource(path)
        return try self.load(SnapshotReader { try file.read($0) }, codec: codec, wallTime: WallClock.now)
    }

    /// The same at a given time of day, in nanoseconds since 1970.
    func load(_ reader: SnapshotReader, codec: any CacheCodec, wallTime: Int64) throws -> MemoryCacheLoadReport {
        var reader = reader
        var report = MemoryCacheLoadReport()
        let now = self.clock.nanoseconds
        // No entry gets more time than it had when it was saved.
        let wallTime = max(wallTime, reader.header.savedAt)
        let keys = ValueCoding<Key>(codec: codec)
        let values = ValueCoding<Value>(codec: codec)
        while let record = try reader.next() {
            if record.deadline <= wallTime {
                report.expired += 1
                continue
            }
            guard let key = try? keys.decode(record.key),
                let value = record.value.map({ try? values.decode($0) }) ?? values.absence
            else {
                report.undecodable += 1
                continue
            }
            let deadline = Self.moved(record.deadline, from: wallTime, to: now)
            // The better half has been asked for as far as the new policy can tell: it is to outlive the other.
            let isValuable = reader.wholeCount <= reader.header.count / 2
            switch self.load(value, forKey: key, nanoseconds: deadline, isValuable: isValuable) {
            case .loaded: report.loaded += 1
            case .present: report.present += 1
            case .withoutRoom:
                report.withoutRoom += 1
                // Asking every shard has a price, so not every time.
                if report.withoutRoom % 128 == 1, self.isFull {
                    report.withoutRoom += reader.missingCount
                    return report
                }
            }
        }
        report.damaged = reader.missingCount
        return report
    }

    /// A deadline by another clock.
    private static func moved(_ deadline: Int64, from clock: Int64, to other: Int64) -> Int64 {
        if deadline == SnapshotFormat.never { return deadline }
        // One that is farther away than the other clock reaches is never.
        let (sum, isOver) = other.addingReportingOverflow(deadline &- clock)
        return isOver ? SnapshotFormat.never : sum
    }
}

// Which of the two the storage is, the type of the key says.
extension MemoryCache {
    private var clock: CacheClock {
        Key.self == String.self ? self.strings.clock : self.hashables.clock
    }

    private var isFull: Bool {
        Key.self == String.self ? self.strings.isFull : self.hashables.isFull
    }

    private func forEachByWorth(_ body: (Key, Value, Int64) throws -> Void) rethrows {
        if Key.self == String.self {
            return try self.strings.forEachByWorth { try body(unsafeBitCast($0, to: Key.self), $1, $2) }
        }
        try self.hashables.forEachByWorth(body)
    }

    private func load(
        _ value: Value,
        forKey key: Key,
        nanoseconds deadline: Int64,
        isValuable: Bool
    ) -> SnapshotLoading {
        Key.self == String.self
            ? self.strings.load(value, forKey: Self.string(key), nanoseconds: deadline, isValuable: isValuable)
            : self.hashables.load(value, forKey: key, nanoseconds: deadline, isValuable: isValuable)
    }
}
