import Larder

/// What a check works with: namespaces that nobody else uses, time that passes, and expectations.
struct ConformanceRun: ConformanceExpectations, Sendable {
    let subject: StoreUnderTest
    /// The beginning of all names of namespaces of this run.
    let base: String
    /// One cache on the store.
    let cache: Cache
    /// The part of the store that the cache stands on.
    let space: any NamespaceStore

    /// How long entries live in checks of their end.
    static let lifetime = Duration.seconds(60)

    init(_ subject: StoreUnderTest) throws {
        self.subject = subject
        self.base = "check" + String(UInt64.random(in: .min ... .max), radix: 36)
        let namespace = try CacheNamespace(self.base)
        self.cache = Cache(subject.store, namespace: namespace, defaults: .init(failurePolicy: .throwing))
        self.space = subject.store.open(namespace)
    }

    /// Another cache on the same store.
    ///
    /// - Parameters:
    ///   - suffix: What its namespace has behind the run's own.
    ///   - version: The version of its keys.
    ///   - ttl: Its default time to live.
    /// - Returns: The cache.
    /// - Throws: `CacheError` where the suffix is not fit for a namespace.
    func cache(_ suffix: String = "", version: Int = 1, ttl: TimeToLive? = .minutes(5)) throws -> Cache {
        Cache(
            self.subject.store,
            namespace: try CacheNamespace(self.base + suffix),
            version: version,
            defaults: .init(ttl: ttl, failurePolicy: .throwing)
        )
    }

    var drift: Duration { self.subject.drift }

    /// Lets time pass for the store.
    func pass(_ duration: Duration) async throws {
        try await self.subject.passTime(duration)
    }

    /// The last moment at which an entry with the checks' lifetime is surely there yet.
    var shortlyBeforeEnd: Duration { Self.lifetime - self.step }

    // MARK: Store level

    static func key(_ name: String) -> StoreKey { StoreKey(version: 1, name: name) }

    /// An entry that holds an integer.
    static func write(
        _ name: String,
        _ value: Int64,
        _ lifetime: EntryLifetime = EntryLifetime(freshFor: Self.lifetime)
    ) -> EntryWrite {
        EntryWrite(key: Self.key(name), value: .integer(value), coder: TextCoder(), lifetime: lifetime)
    }

    static func token() -> LeaseToken { .random() }

    /// Reads a key and asks for its lease.
    func ask(
        _ name: String,
        _ token: LeaseToken,
        for duration: Duration = .seconds(30),
        replacesEntry: Bool = false
    ) async throws -> StoreLookup {
        let request = LeaseRequest(token: token, duration: duration, replacesEntry: replacesEntry)
        let options = ReadOptions(wantsTimes: true, lease: request, coder: TextCoder())
        let answers = try await self.space.read([Self.key(name)], options)
        try self.expect(answers.count, 1, "answers to a read of one key")
        return answers[0]
    }

    /// Takes a lease that has to be free.
    func take(_ name: String, for duration: Duration = .seconds(30), replacesEntry: Bool = false) async throws -> Lease
    {
        let answer = try await self.ask(name, Self.token(), for: duration, replacesEntry: replacesEntry)
        guard case .absent(.granted(let lease)) = answer else {
            throw ConformanceFailure(subject: "the lease of \(name)", expected: "granted", found: "\(answer)")
        }
        return lease
    }

    /// Commits an integer under a lease.
    ///
    /// - Returns: Whether it was written.
    func commit(_ name: String, _ value: Int64, under lease: Lease) async throws -> Bool {
        let answers = try await self.space.commit([EntryCommit(write: Self.write(name, value), lease: lease)])
        try self.expect(answers.count, 1, "answers to a commit of one entry")
        return answers[0]
    }

    /// Reads an entry at the store's level.
    func read(_ name: String, wantsTimes: Bool = false) async throws -> StoredEntry? {
        let options = ReadOptions(wantsTimes: wantsTimes, coder: TextCoder())
        guard case .found(let entry) = try await self.space.read([Self.key(name)], options).first else { return nil }
        return entry
    }

    func integer(_ name: String) async throws -> Int64? {
        guard case .integer(let value) = try await self.read(name)?.value else { return nil }
        return value
    }
}

/// Turns text into bytes, for entries that checks write past every cache.
struct TextCoder: EntryCoder {
    func encode(_ box: ValueBox, for key: StoreKey) throws -> EncodedValue {
        guard let text = box.value(as: String.self) else {
            throw CacheError(.encodingFailed, "the value to encode is not text")
        }
        return EncodedValue(codec: .text, bytes: Array(text.utf8))
    }

    func decode(_ encoded: EncodedValue, of key: StoreKey) throws -> EntryValue {
        guard encoded.codec == .text, let text = String(validating: encoded.bytes, as: UTF8.self) else {
            throw CacheError(.decodingFailed, "the bytes are not text")
        }
        return .object(.boxing(text))
    }
}
