import Larder
import LarderRedis
import LarderTesting
import Testing

/// A namespace as one process has it, for tests of what caches send to it.
struct TagSpace {
    let redis: RedisUnderTest
    let space: any NamespaceStore

    /// - Parameter redis: The server. Each space is a process of its own: it remembers nothing of what others met.
    init(_ redis: RedisUnderTest) {
        self.init(redis, on: redis.store)
    }

    /// - Parameters:
    ///   - redis: The server.
    ///   - store: A store on it.
    init(_ redis: RedisUnderTest, on store: RedisStore) {
        self.redis = redis
        self.space = store.open("ns")
    }

    static func key(_ name: String) -> StoreKey { StoreKey(version: 1, name: name) }

    static func integer(
        _ name: String,
        _ value: Int64,
        tags: [String] = [],
        ttl: Duration? = .seconds(1_000),
        grace: Duration = .zero
    ) -> EntryWrite {
        EntryWrite(
            key: Self.key(name),
            value: .integer(value),
            coder: PlainTextCoder(),
            lifetime: EntryLifetime(freshFor: ttl, grace: grace),
            fillCost: .milliseconds(3),
            tags: tags
        )
    }

    static func text(_ name: String, _ value: String, tags: [String] = []) -> EntryWrite {
        var write = Self.integer(name, 0, tags: tags)
        write.value = .object(.boxing(value))
        return write
    }

    @discardableResult
    func write(
        _ name: String,
        _ value: Int64,
        tags: [String] = [],
        ttl: Duration? = .seconds(1_000),
        grace: Duration = .zero,
        _ condition: WriteCondition = .always
    ) async throws -> Bool {
        try await self.space.write([Self.integer(name, value, tags: tags, ttl: ttl, grace: grace)], condition) == [true]
    }

    func read(_ name: String, expecting tags: [String] = [], wantsTimes: Bool = false) async throws -> StoredEntry? {
        let options = ReadOptions(wantsTimes: wantsTimes, expectedTags: tags, coder: PlainTextCoder())
        guard case .found(let entry) = try await self.space.read([Self.key(name)], options).first else { return nil }
        return entry
    }

    func value(_ name: String, expecting tags: [String] = []) async throws -> Int64? {
        guard case .integer(let value) = try await self.read(name, expecting: tags)?.value else { return nil }
        return value
    }

    func ask(
        _ name: String,
        tags: [String] = [],
        for duration: Duration = .seconds(30),
        replacesEntry: Bool = false
    ) async throws -> StoreLookup {
        let request = LeaseRequest(token: .random(), duration: duration, replacesEntry: replacesEntry, tags: tags)
        let answers = try await self.space.read(
            [Self.key(name)],
            ReadOptions(lease: request, coder: PlainTextCoder())
        )
        return try #require(answers.first)
    }

    /// Takes a lease that has to be free.
    func take(
        _ name: String,
        tags: [String] = [],
        for duration: Duration = .seconds(30),
        replacesEntry: Bool = false
    ) async throws -> Lease {
        let answer = try await self.ask(name, tags: tags, for: duration, replacesEntry: replacesEntry)
        guard case .absent(.granted(let lease)) = answer else {
            throw Unexpected(answer: "\(answer)")
        }
        return lease
    }

    func holder(_ name: String) async throws -> LeaseHolder {
        let answer = try await self.ask(name)
        guard case .absent(.held(let holder)) = answer else {
            throw Unexpected(answer: "\(answer)")
        }
        return holder
    }

    func commit(
        _ lease: Lease,
        _ value: Int64 = 7,
        marks: [TagMark] = [],
        late: [String] = [],
        ttl: Duration? = .seconds(1_000)
    ) async throws -> Bool {
        let write = Self.integer(lease.key.name, value, ttl: ttl)
        let commit = EntryCommit(write: write, lease: lease, marks: marks, lateTags: late)
        return try await self.space.commit([commit]) == [true]
    }

    func mark(_ tag: String) async throws -> TagMark {
        try #require(try await self.space.marks(of: [tag], for: .seconds(30)).first)
    }

    func report(_ name: String) async throws -> EntryReport {
        try #require(try await self.space.report(on: Self.key(name)).first)
    }

    // MARK: Past the client

    func exists(_ key: String) async throws -> Bool {
        try await self.redis.server.command("EXISTS", key) == ":1\r\n"
    }

    /// How many milliseconds a key has left; less than nothing where it has no end or is not there.
    func left(_ key: String) async throws -> Int {
        let reply = try await self.redis.server.command("PTTL", key)
        return try #require(Int(reply.dropFirst().filter { !$0.isNewline }))
    }

    /// What the store sends for `body`: how many commands of each name, without those that scripts execute.
    func sent(_ body: () async throws -> Void) async throws -> [String: Int] {
        try await self.redis.commands(of: body).filter { ["mget", "evalsha", "eval", "pttl"].contains($0.key) }
    }

    /// What the store sends for reading an integer.
    func reading(_ name: String, expecting tags: [String] = [], finds value: Int64?) async throws -> [String: Int] {
        try await self.sent { try await #expect(self.value(name, expecting: tags) == value, "\(name)") }
    }

    private struct Unexpected: Error {
        var answer: String
    }
}

struct PlainTextCoder: EntryCoder {
    func encode(_ box: ValueBox, for key: StoreKey) throws -> EncodedValue {
        guard let text = box.value(as: String.self) else {
            throw CacheError(.encodingFailed, "the value to encode is not text")
        }
        return EncodedValue(codec: .text, bytes: Array(text.utf8))
    }

    func decode(_ encoded: EncodedValue, of key: StoreKey) throws -> EntryValue {
        .object(.boxing(String(decoding: encoded.bytes, as: UTF8.self)))
    }
}
