import Larder
import LarderRedisClient
import NIOCore

/// Reads what Redis holds under an entry's key.
enum EntryReading {
    /// Nothing of ours, an entry of an old generation, or an entry.
    case absent
    case dead
    case alive(EntryValue, EntryHeader)

    static func read(_ reply: RESPValue, stamp: NamespaceStamp) -> Self {
        guard case .bulkString(let buffer) = reply else { return .absent }
        return buffer.withUnsafeReadableBytes { bytes in
            guard let (header, offset) = EntryHeader.parse(bytes) else { return .absent }
            guard header.generation == stamp.generation else { return .dead }
            let value = UnsafeRawBufferPointer(rebasing: bytes[offset...])
            if header.isNull { return .alive(.null, header) }
            if header.codec == .integer {
                guard value.count == 8 else { return .absent }
                return .alive(.integer(value.bigEndian(at: 0, as: Int64.self)), header)
            }
            return .alive(.encoded(EncodedValue(codec: header.codec, bytes: [UInt8](value))), header)
        }
    }

    /// An entry as the cache gets it.
    ///
    /// - Parameters:
    ///   - value: The entry's value.
    ///   - header: Its header.
    ///   - millisecondsLeft: What Redis says the key has left, grace included; `nil` where it was not asked.
    /// - Returns: The entry.
    static func entry(_ value: EntryValue, _ header: EntryHeader, millisecondsLeft: Int64?) -> StoredEntry {
        var left: TimeLeft?
        if let freshFor = header.lifetime.freshFor {
            if let millisecondsLeft {
                // Never more than it began with: the time may be that of another entry which this one has just replaced.
                var remaining = min(.milliseconds(millisecondsLeft) - header.lifetime.grace, freshFor)
                // Redis serves a key within its last millisecond, and says that it has none left.
                if header.lifetime.grace == .zero { remaining = max(remaining, .milliseconds(1)) }
                left = .remaining(remaining)
            }
        } else {
            left = .forever
        }
        return StoredEntry(
            value: value,
            timeLeft: left,
            freshFor: header.lifetime.freshFor,
            fillCost: header.fillCost
        )
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

/// An entry as the scripts take it: what stands before the generation, what stands behind it, and how long it lives.
struct EntryWriting {
    let codec: CodecID
    let value: [UInt8]
    private let header: EntryHeader

    init(_ write: EntryWrite) throws {
        var isNull = false
        switch write.value {
        case .null:
            self.codec = .bytes
            self.value = []
            isNull = true
        case .integer(let integer):
            self.codec = .integer
            var bytes: [UInt8] = []
            bytes.appendBigEndian(integer)
            self.value = bytes
        case .object(let box):
            let encoded = try write.coder.encode(box)
            self.codec = encoded.codec
            self.value = encoded.bytes
        case .encoded(let encoded):
            self.codec = encoded.codec
            self.value = encoded.bytes
        }
        self.header = EntryHeader(
            codec: self.codec,
            isNull: isNull,
            fillCost: write.fillCost,
            lifetime: write.lifetime,
            generation: 0
        )
    }

    var arguments: [ScriptArgument] {
        let head = self.header.bytes.prefix(EntryHeader.generationOffset)
        let lifetime = self.header.lifetime
        // Tags will stand before the value, behind the generation.
        return [.bytes(Array(head)), .bytes(self.value), .integer(Int64(clamping: Self.milliseconds(lifetime)))]
    }

    /// How long Redis is to keep an entry.
    static func milliseconds(_ lifetime: EntryLifetime) -> UInt64 {
        guard lifetime.freshFor != nil else { return RedisNamespace.foreverMilliseconds }
        return lifetime.freshMilliseconds + lifetime.graceMilliseconds
    }
}

/// An argument of a script.
enum ScriptArgument: RedisArgument {
    case bytes([UInt8])
    case text(String)
    case integer(Int64)

    static func stamp(_ stamp: NamespaceStamp) -> Self { .bytes(stamp.bytes) }

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

    /// - Parameter reply: What Redis holds under the stamp's key; anything but a stamp is none.
    init?(reply: RESPValue) {
        guard let (generation, epoch) = reply.twoIntegers else { return nil }
        self.init(generation: generation, epoch: epoch)
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
        guard let (high, low) = reply.twoIntegers else { return nil }
        self.init(high: high, low: low)
    }
}

extension RESPValue {
    fileprivate var twoIntegers: (UInt64, UInt64)? {
        guard case .bulkString(let buffer) = self, buffer.readableBytes == 16 else { return nil }
        return buffer.withUnsafeReadableBytes { bytes in
            (bytes.littleEndian(at: 0, as: UInt64.self), bytes.littleEndian(at: 8, as: UInt64.self))
        }
    }
}
