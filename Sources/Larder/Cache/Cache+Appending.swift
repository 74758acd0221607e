extension Cache {
    /// Adds text to the end of an entry, atomically; its time to live stays as it is.
    ///
    /// A cache that compresses or seals its entries reads and writes the whole text, under a lease.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - text: What to add.
    ///   - ttl: How long the entry stays fresh where there was none and `text` begins it.
    /// - Returns: The length of the text afterwards, in bytes of UTF-8.
    /// - Throws: ``CacheError``: ``CacheError/Code/appendFailed`` where the entry does not hold text, and as
    ///   ``set(_:to:ttl:tags:)``.
    @discardableResult
    public func append(_ key: CacheKey<String>, _ text: String, ttl: TimeToLive? = .default) async throws -> Int {
        try await self.appendEntry(key, text, ttl)
    }

    /// Adds bytes to the end of an entry, atomically; its time to live stays as it is.
    ///
    /// A cache that compresses or seals its entries reads and writes the whole, under a lease.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - bytes: What to add.
    ///   - ttl: How long the entry stays fresh where there was none and `bytes` begin it.
    /// - Returns: The number of bytes afterwards.
    /// - Throws: ``CacheError``: ``CacheError/Code/appendFailed`` where the entry does not hold bytes, and as
    ///   ``set(_:to:ttl:tags:)``.
    @discardableResult
    public func append(_ key: CacheKey<[UInt8]>, _ bytes: [UInt8], ttl: TimeToLive? = .default) async throws -> Int {
        try await self.appendEntry(key, bytes, ttl)
    }

    private func appendEntry<Value: Appendable>(
        _ key: CacheKey<Value>,
        _ value: Value,
        _ ttl: TimeToLive?
    ) async throws -> Int {
        let storeKey = try self.storeKey(key)
        guard let lifetime = EntryLifetime(ttl, defaults: self.defaults) else {
            throw CacheError(.invalidArgument, "appending needs a time to live above zero", key: key.name)
        }
        self.flights.detach(CollectionOfOne(storeKey))
        defer { self.flights.detach(CollectionOfOne(storeKey)) }
        do {
            let coder = self.coder(for: Value.self)
            let write = EntryWrite(key: storeKey, value: .object(.boxing(value)), coder: coder, lifetime: lifetime)
            let length =
                self.codec.transforms.leaveBytesAsTheyAre
                ? try await self.space.append(write)
                : try await self.appendUnderLease(write, value, coder)
            self.tell(.changed(keys: [key.name]))
            return length
        } catch {
            throw self.failure(error)
        }
    }

    // MARK: Where bytes are compressed or sealed

    private static var appendAttempts: Int { 32 }

    /// How often in a row the same lease is met before it is ended.
    ///
    /// Who appends holds his for two round trips; one that stands longer is that of a fill, which what is written ends anyway.
    private static var patienceWithHolder: Int { 8 }

    /// Appends where the store cannot, because what it has is not what the codec made.
    ///
    /// Reads the whole under a lease, and commits it with what is added. Whoever writes or invalidates the entry meanwhile takes
    /// the lease away; then it is read again.
    private func appendUnderLease<Value: Appendable>(
        _ write: EntryWrite,
        _ addition: Value,
        _ coder: ValueCoder<Value>
    ) async throws -> Int {
        var holder: LeaseToken?
        var meetings = 0
        for attempt in 0..<Self.appendAttempts {
            let request = LeaseRequest(token: .random(), duration: .seconds(5), replacesEntry: true)
            do {
                switch try await self.append(write, addition, coder, request) {
                case .done(let length):
                    return length
                case .overtaken:
                    holder = nil
                case .held(let token):
                    meetings = token == holder ? meetings + 1 : 1
                    holder = token
                    guard meetings >= Self.patienceWithHolder else { break }
                    // Giving a lease back asks for its token alone.
                    let stamp = NamespaceStamp(generation: 0, epoch: 0)
                    try await self.space.release([Lease(key: write.key, token: token, stamp: stamp)])
                    continue
                }
            } catch {
                // It may have been granted without our hearing of it.
                self.releaseUnknownLeases(on: [write.key], request.token)
                throw error
            }
            let pause = Duration.milliseconds(min(50, 1 << min(attempt, 6)))
            try await self.clock.sleep(until: self.clock.now.advanced(by: pause * Double.random(in: 0.5...1)))
        }
        throw CacheError(.unavailable, "others kept writing the entry that was to be appended to", key: write.key.name)
    }

    private func append<Value: Appendable>(
        _ write: EntryWrite,
        _ addition: Value,
        _ coder: ValueCoder<Value>,
        _ request: LeaseRequest
    ) async throws -> AppendAttempt {
        let answer = try await self.readOne(write.key, ReadOptions(lease: request, coder: coder))
        let options = ReadOptions(wantsTimes: true, freshness: .strict, coder: coder)
        guard case .absent(.granted(let lease)) = answer else {
            // Somebody fills the key. Where there is nothing yet, this comes first and takes the lease away.
            if case .found(let entry) = try await self.readOne(write.key, options), !entry.isStale {
                guard case .absent(.held(let holder)) = answer else { return .overtaken }
                return .held(holder.token)
            }
            return try await self.space.write([write], .ifAbsent).contains(true)
                ? .done(addition.byteCount) : .overtaken
        }
        var write = write
        var marks: [TagMark] = []
        var whole = addition
        let read = self.clock.now
        if case .found(let entry) = try await self.readOne(write.key, options), !entry.isStale {
            guard let start = self.decoded(entry.value, Value.self, write.key) else {
                try await self.space.release([lease])
                throw CacheError(.appendFailed, "the entry does not hold a \(Value.self)", key: write.key.name)
            }
            whole = start.appending(addition)
            marks = entry.marks
            // It ends when it would have ended: what passes until the commit is not given to it once more.
            let passed = read.duration(to: self.clock.now)
            let timeLeft = entry.info.timeLeft.duration.map { max(.milliseconds(1), $0 - passed) }
            write.lifetime = EntryLifetime(freshFor: timeLeft, grace: entry.grace)
            write.fillCost = entry.fillCost
        }
        write.value = .object(.boxing(whole))
        let commit = EntryCommit(write: write, lease: lease, marks: marks)
        return try await self.space.commit([commit]).contains(true) ? .done(whole.byteCount) : .overtaken
    }
}

/// What came of reading the whole and writing it with what is added.
private enum AppendAttempt {
    /// It was written, and is as long as that.
    case done(Int)
    /// Somebody has written or invalidated the entry meanwhile.
    case overtaken
    /// Somebody has the lease on an entry that is there.
    case held(LeaseToken)
}

/// What something can be added to the end of.
private protocol Appendable: Codable & Sendable {
    /// Its length in bytes.
    var byteCount: Int { get }

    /// Both, one behind the other.
    func appending(_ addition: Self) -> Self
}

extension String: Appendable {
    fileprivate var byteCount: Int { self.utf8.count }

    fileprivate func appending(_ addition: String) -> String { self + addition }
}

extension [UInt8]: Appendable {
    fileprivate var byteCount: Int { self.count }

    fileprivate func appending(_ addition: [UInt8]) -> [UInt8] { self + addition }
}
