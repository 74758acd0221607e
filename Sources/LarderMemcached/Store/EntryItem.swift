import Larder
import NIOCore

/// What an item holds for one key: an entry, a lease, or both.
///
/// Both are in one item, so that one number (CAS) guards both: whatever changes the entry ends its lease in the same step.
///
/// | offset | bytes | field |
/// |---|---|---|
/// | 0 | 1 | `M` |
/// | 1 | 1 | version of the format: 1 |
/// | 2 | 1 | flags: bit 0, there is an entry |
/// | 3 | 1 | 0 |
/// | 4 | 8 | when the entry ends, grace included, in milliseconds since 1970; 0, never |
/// | 12 | 2 | length of the whole name; 0 where the item is named like the entry |
/// | 14 | 2 | length of the lease; 0, there is none |
/// | 16 | | the name, the lease, and up to the end the entry: ``EntryHeader`` and value |
///
/// The lease: token (16), stamp (16), serial (8), the greatest serial that somebody has been shown together with it (8), when it ends
/// in milliseconds since 1970 (8), and the marks of the tags that were named with it, as a header has them. Integers are
/// little-endian. What is of another version, or does not parse, counts as nothing.
struct EntryItem: Sendable {
    var name: [UInt8]?
    var lease: ItemLease?
    var entry: Entry?

    /// An entry and its end.
    struct Entry: Sendable {
        /// When it ends, grace included, in milliseconds since 1970; 0, never.
        var end: Int64
        var header: EntryHeader
        var value: ByteBuffer
    }

    private static let length = 16

    init(name: [UInt8]?, lease: ItemLease? = nil, entry: Entry? = nil) {
        self.name = name
        self.lease = lease
        self.entry = entry
    }

    /// Reads an item; `nil` where it is nothing of ours.
    ///
    /// - Parameter buffer: The item's bytes.
    init?(_ buffer: ByteBuffer) {
        let parts = buffer.withUnsafeReadableBytes { bytes -> (Self, begin: Int)? in
            guard bytes.count >= Self.length, bytes[0] == UInt8(ascii: "M"), bytes[1] == 1, bytes[2] <= 1 else {
                return nil
            }
            let nameEnd = Self.length + Int(bytes.littleEndian(at: 12, as: UInt16.self))
            let leaseEnd = nameEnd + Int(bytes.littleEndian(at: 14, as: UInt16.self))
            guard leaseEnd <= bytes.count else { return nil }
            var item = Self(name: nil)
            if nameEnd > Self.length { item.name = Array(bytes[Self.length..<nameEnd]) }
            if leaseEnd > nameEnd {
                item.lease = ItemLease(UnsafeRawBufferPointer(rebasing: bytes[nameEnd..<leaseEnd]))
            }
            guard bytes[2] == 1 else { return (item, bytes.count) }
            let rest = UnsafeRawBufferPointer(rebasing: bytes[leaseEnd...])
            // One that this version cannot read is as good as none.
            guard let (header, offset) = EntryHeader.parse(rest) else { return (item, bytes.count) }
            let end = bytes.littleEndian(at: 4, as: Int64.self)
            item.entry = Entry(end: end, header: header, value: ByteBuffer())
            return (item, leaseEnd + offset)
        }
        guard let parts else { return nil }
        self = parts.0
        if let value = buffer.getSlice(at: buffer.readerIndex + parts.begin, length: buffer.readableBytes - parts.begin)
        {
            self.entry?.value = value
        }
    }

    /// The item's bytes.
    ///
    /// - Throws: `CacheError` with `.invalidTag` where the tags have no place in it.
    func bytes() throws -> [UInt8] {
        let lease = try self.lease?.bytes() ?? []
        var bytes: [UInt8] = [UInt8(ascii: "M"), 1, self.entry == nil ? 0 : 1, 0]
        bytes.reserveCapacity(Self.length + lease.count + 128 + (self.entry?.value.readableBytes ?? 0))
        bytes.appendLittleEndian(self.entry?.end ?? 0)
        bytes.appendLittleEndian(UInt16(clamping: self.name?.count ?? 0))
        bytes.appendLittleEndian(UInt16(lease.count))
        bytes += (self.name ?? []).prefix(Int(UInt16.max))
        bytes += lease
        if let entry = self.entry {
            bytes += try entry.header.checkedBytes()
            bytes += entry.value.readableBytesView
        }
        return bytes
    }

    /// When the server may forget the item, in seconds since 1970; 0, never.
    ///
    /// The milliseconds within decide; this comes later than the last of them by more than the server's clock can be ahead.
    var expiry: Int64 {
        if let entry = self.entry, entry.end == 0 { return 0 }
        guard let end = [self.entry?.end, self.lease?.end].compactMap(\.self).max() else { return 0 }
        return ServerSecond.fit((end &+ 999) / 1_000 &+ 2)
    }
}

/// A lease as it lies in an item.
struct ItemLease: Sendable, Hashable {
    var token: LeaseToken
    var stamp: NamespaceStamp
    var serial: UInt64
    /// The greatest serial that somebody has been shown together with the lease.
    var shown: UInt64
    /// When it ends, in milliseconds since 1970.
    var end: Int64
    var marks: [TagMark]

    init(token: LeaseToken, stamp: NamespaceStamp, serial: UInt64, end: Int64, marks: [TagMark]) {
        self.token = token
        self.stamp = stamp
        self.serial = serial
        self.shown = serial
        self.end = end
        self.marks = marks
    }

    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= 56,
            let marks = TagMark.parse(UnsafeRawBufferPointer(rebasing: bytes[56...]))
        else { return nil }
        let word = { bytes.littleEndian(at: 8 * $0, as: UInt64.self) }
        self.token = LeaseToken(high: word(0), low: word(1))
        self.stamp = NamespaceStamp(generation: word(2), epoch: word(3))
        self.serial = word(4)
        self.shown = word(5)
        self.end = bytes.littleEndian(at: 48, as: Int64.self)
        self.marks = marks
    }

    func bytes() throws -> [UInt8] {
        var bytes: [UInt8] = []
        for word in [
            self.token.high, self.token.low, self.stamp.generation, self.stamp.epoch, self.serial, self.shown,
        ] {
            bytes.appendLittleEndian(word)
        }
        bytes.appendLittleEndian(self.end)
        for mark in self.marks {
            try mark.checkName()
            bytes.append(mark)
        }
        guard bytes.count <= Int(UInt16.max) else {
            throw CacheError(.invalidTag, "\(self.marks.count) tags do not fit a lease")
        }
        return bytes
    }
}

extension TagMark {
    fileprivate func checkName() throws {
        let count = self.name.utf8.count
        guard (1...Self.longestEncodedName).contains(count) else {
            throw CacheError(.invalidTag, "a tag has \(count) bytes; 1 to \(Self.longestEncodedName) are possible")
        }
    }
}

extension EntryHeader {
    /// Whether all of it fits a header.
    var isWritable: Bool {
        self.marks.allSatisfy { (1...TagMark.longestEncodedName).contains($0.name.utf8.count) }
            && self.marks.reduce(Self.length) { $0 + 17 + $1.name.utf8.count } <= Self.longestLength
    }

    /// The header's bytes.
    ///
    /// - Throws: `CacheError` with `.invalidTag` where the tags do not fit.
    fileprivate func checkedBytes() throws -> [UInt8] {
        for mark in self.marks { try mark.checkName() }
        guard self.isWritable else {
            throw CacheError(.invalidTag, "\(self.marks.count) tags do not fit the header of an entry")
        }
        return self.bytes
    }
}

extension EntryItem.Entry {
    /// An entry that is about to be written.
    ///
    /// - Parameters:
    ///   - write: The entry.
    ///   - generation: The generation of its namespace.
    ///   - marks: Its tags.
    ///   - now: The time on its server.
    init(_ write: PreparedWrite, generation: UInt64, marks: [TagMark], now: Int64) {
        self.header = write.header
        self.header.generation = generation
        self.header.marks = marks
        self.value = write.value
        self.end = Self.end(write.header.lifetime, now: now)
    }

    /// When an entry ends that is written now.
    static func end(_ lifetime: EntryLifetime, now: Int64) -> Int64 {
        guard lifetime.freshFor != nil else { return 0 }
        return now &+ Int64(clamping: lifetime.freshMilliseconds &+ lifetime.graceMilliseconds)
    }

    /// How long the entry stays fresh.
    func timeLeft(now: Int64) -> TimeLeft {
        guard let freshFor = self.header.lifetime.freshFor else { return .forever }
        let left = Duration.milliseconds(self.end &- now) - self.header.lifetime.grace
        return .remaining(min(left, freshFor))
    }

    /// The entry as the cache gets it; `nil` where its bytes are no value.
    func stored(now: Int64, isExpiredByTag: Bool) -> StoredEntry? {
        guard let value = self.value.withUnsafeReadableBytes({ self.header.value($0) }) else { return nil }
        var entry = StoredEntry(
            value: value,
            timeLeft: self.timeLeft(now: now),
            freshFor: self.header.lifetime.freshFor,
            fillCost: self.header.fillCost
        )
        entry.grace = self.header.lifetime.grace
        entry.marks = self.header.marks
        entry.isExpiredByTag = isExpiredByTag
        return entry
    }
}

/// An entry to be written, as bytes.
struct PreparedWrite: Sendable {
    let key: StoreKey
    let header: EntryHeader
    let value: ByteBuffer
    let tags: [String]

    /// - Throws: `CacheError` with `.encodingFailed`.
    init(_ write: EntryWrite) throws {
        let (header, value) = try EntryHeader.writing(write)
        self.key = write.key
        self.header = header
        self.value = ByteBuffer(bytes: value)
        self.tags = write.tags
    }
}
