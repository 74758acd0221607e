import Larder
import LarderRedisClient
import NIOCore

/// Reads what Redis holds under an entry's key.
enum EntryReading {
    /// Nothing of ours, an entry of an old generation, or an entry.
    case absent
    case dead
    case alive(EntryValue, EntryHeader)

    /// - Parameters:
    ///   - reply: What Redis holds.
    ///   - stamp: The namespace's stamp; `nil` where a script has compared it already.
    /// - Returns: What it is.
    static func read(_ reply: RESPValue, stamp: NamespaceStamp?) -> Self {
        guard case .bulkString(let buffer) = reply else { return .absent }
        return buffer.withUnsafeReadableBytes { bytes in
            guard let (header, offset) = EntryHeader.parse(bytes) else { return .absent }
            if let stamp, header.generation != stamp.generation { return .dead }
            let value = UnsafeRawBufferPointer(rebasing: bytes[offset...])
            guard let value = header.value(value) else { return .absent }
            return .alive(value, header)
        }
    }

    /// An entry as the cache gets it.
    ///
    /// - Parameters:
    ///   - value: The entry's value.
    ///   - header: Its header.
    ///   - millisecondsLeft: What Redis says the key has left, grace included; `nil` where it was not asked.
    ///   - isExpiredByTag: Whether one of its tags was expired.
    /// - Returns: The entry.
    static func entry(
        _ value: EntryValue,
        _ header: EntryHeader,
        millisecondsLeft: Int64?,
        isExpiredByTag: Bool
    ) -> StoredEntry {
        var entry = StoredEntry(
            value: value,
            timeLeft: header.timeLeft(milliseconds: millisecondsLeft),
            freshFor: header.lifetime.freshFor,
            fillCost: header.fillCost
        )
        entry.grace = header.lifetime.grace
        entry.marks = header.marks
        entry.isExpiredByTag = isExpiredByTag
        return entry
    }
}

extension EntryHeader {
    /// How long the entry stays fresh.
    ///
    /// - Parameter milliseconds: What Redis says the key has left, grace included; `nil` where it was not asked.
    /// - Returns: The time; `nil` where Redis was not asked.
    func timeLeft(milliseconds: Int64?) -> TimeLeft? {
        guard let freshFor = self.lifetime.freshFor else { return .forever }
        // Redis says less than nothing of a key that does not end, which none of ours is.
        guard let milliseconds, milliseconds >= 0 else { return nil }
        // Never more than it began with: the time may be that of another entry which this one has just replaced.
        var remaining = min(.milliseconds(milliseconds) - self.lifetime.grace, freshFor)
        // Redis serves a key within its last millisecond, and says that it has none left.
        if self.lifetime.grace == .zero { remaining = max(remaining, .milliseconds(1)) }
        return .remaining(remaining)
    }
}

extension StoredEntry {
    /// An entry that is there and that nobody here can read.
    ///
    /// Its reader takes the lease all the same.
    static var unreadable: StoredEntry {
        let value = EncodedValue(codec: CodecID(header: .max), bytes: [])
        return StoredEntry(value: .encoded(value), timeLeft: nil, freshFor: nil, fillCost: nil)
    }
}

/// An entry as the scripts take it: what stands before the generation, its value, how long it lives, and its tags.
struct EntryWriting {
    let value: [UInt8]
    private let header: EntryHeader

    /// What the bytes are.
    var codec: CodecID { self.header.codec }

    init(_ write: EntryWrite) throws {
        (self.header, self.value) = try EntryHeader.writing(write)
    }

    /// Head, value and milliseconds to live.
    ///
    /// Between head and value the script puts what only Redis knows: the generations of the namespace and of the tags.
    var arguments: [ScriptArgument] {
        let head = self.header.bytes.prefix(EntryHeader.generationOffset)
        return [.bytes(Array(head)), .bytes(self.value), .integer(self.milliseconds)]
    }

    /// How long Redis is to keep it.
    var milliseconds: Int64 { Int64(clamping: Self.milliseconds(self.header.lifetime)) }

    /// The same, and the names of the tags.
    func arguments(tags: [String]) throws -> [ScriptArgument] {
        self.arguments + [try .names(of: tags, inHeader: true)]
    }

    /// How long Redis is to keep an entry.
    static func milliseconds(_ lifetime: EntryLifetime) -> UInt64 {
        guard lifetime.freshFor != nil else { return RedisNamespace.foreverMilliseconds }
        return lifetime.freshMilliseconds + lifetime.graceMilliseconds
    }
}

extension EntryCall.Item {
    /// An entry that is to be written with the tags that it names: head, value, milliseconds to live, names of the tags.
    ///
    /// - Parameters:
    ///   - write: The entry.
    ///   - writing: The same as scripts take it; `nil` makes it.
    /// - Throws: `CacheError` with `.invalidTag`; what encoding the value throws.
    init(_ write: EntryWrite, _ writing: EntryWriting? = nil) throws {
        self.init(
            key: write.key,
            arguments: try (writing ?? EntryWriting(write)).arguments(tags: write.tags),
            tags: write.tags,
            milliseconds: Int64(clamping: EntryWriting.milliseconds(write.lifetime))
        )
    }
}

/// An argument of a script.
enum ScriptArgument: RedisArgument {
    case bytes([UInt8])
    case text(String)
    case integer(Int64)

    /// Sixteen random bytes, from which a script makes what is missing.
    static var random: Self { .bytes(NamespaceStamp.random().bytes) }

    /// Tags, each name behind its length.
    ///
    /// - Parameters:
    ///   - tags: The tags.
    ///   - isHeader: Whether they all become the tags of one entry.
    /// - Returns: The argument.
    /// - Throws: `CacheError` with `.invalidTag` where they fit no header.
    static func names(of tags: [String], inHeader isHeader: Bool = false) throws -> Self {
        var bytes: [UInt8] = []
        var length = EntryHeader.length
        for tag in tags {
            let count = tag.utf8.count
            guard (1...TagMark.longestEncodedName).contains(count) else {
                throw CacheError(
                    .invalidTag,
                    "a tag has \(count) bytes; 1 to \(TagMark.longestEncodedName) are possible"
                )
            }
            bytes.append(UInt8(count))
            bytes.append(contentsOf: tag.utf8)
            length += 17 + count
        }
        guard !isHeader || length <= EntryHeader.longestLength else {
            throw CacheError(.invalidTag, "\(tags.count) tags do not fit the header of an entry")
        }
        return .bytes(bytes)
    }

    /// Tags as somebody found them; one may stand there several times.
    static func marks(_ marks: [TagMark]) throws -> Self {
        var bytes: [UInt8] = []
        for mark in marks {
            guard (1...TagMark.longestEncodedName).contains(mark.name.utf8.count) else {
                throw CacheError(.invalidTag, "a tag has \(mark.name.utf8.count) bytes")
            }
            bytes.append(mark)
        }
        return .bytes(bytes)
    }

    /// A duration in milliseconds, at least one.
    static func milliseconds(_ duration: Duration) -> Self {
        .integer(max(1, duration.wholeNanoseconds / 1_000_000))
    }

    /// An integer as eight bytes that compare as the integers do.
    static func ordered(_ integer: Int64) -> Self {
        var bytes: [UInt8] = []
        bytes.appendBigEndian(UInt64(bitPattern: integer) ^ (1 << 63))
        return .bytes(bytes)
    }

    var sizeHint: Int {
        switch self {
        case .bytes(let bytes): bytes.count
        case .text(let text): text.utf8.count
        case .integer: 20
        }
    }

    func append(to command: inout RedisCommand) {
        switch self {
        case .bytes(let bytes): command.append(bytes: bytes)
        case .text(let text): command.append(text)
        case .integer(let integer): command.append(integer)
        }
    }
}

extension NamespaceStamp {
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendLittleEndian(self.generation)
        bytes.appendLittleEndian(self.epoch)
        return bytes
    }
}

extension NamespaceStamp {
    /// - Parameter reply: What Redis holds under the stamp's key; anything but a stamp is none.
    init?(reply: RESPValue) {
        guard let integers = reply.integers(2) else { return nil }
        self.init(generation: integers[0], epoch: integers[1])
    }
}

/// Stamp and serial as scripts hand them out: the namespace's state, and how many times tags of it have been invalidated.
struct StampRecord {
    let stamp: NamespaceStamp
    let serial: UInt64

    /// - Parameter reply: What a script says; anything but both is neither.
    init?(reply: RESPValue) {
        guard let integers = reply.integers(3) else { return nil }
        self.stamp = NamespaceStamp(generation: integers[0], epoch: integers[1])
        self.serial = integers[2]
    }
}

extension LeaseToken {
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendLittleEndian(self.high)
        bytes.appendLittleEndian(self.low)
        return bytes
    }

    init?(reply: RESPValue) {
        guard let integers = reply.integers(2) else { return nil }
        self.init(high: integers[0], low: integers[1])
    }
}

extension Lease {
    /// Token and stamp, as they begin the lease's record.
    var bytes: [UInt8] { self.token.bytes + self.stamp.bytes }
}

extension RESPValue {
    /// The little-endian integers that are all of a string.
    func integers(_ count: Int) -> [UInt64]? {
        guard case .bulkString(let buffer) = self, buffer.readableBytes == 8 * count else { return nil }
        return buffer.withUnsafeReadableBytes { bytes in
            (0..<count).map { bytes.littleEndian(at: 8 * $0, as: UInt64.self) }
        }
    }

    /// The marks that are all of a string.
    var marks: [TagMark]? {
        guard case .bulkString(let buffer) = self else { return nil }
        return buffer.withUnsafeReadableBytes { TagMark.parse($0) }
    }
}
