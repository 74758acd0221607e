import Larder

/// A record as it lies in a file of its own: an entry, a lease, a tag, or the state of a namespace.
///
/// | offset | bytes | field |
/// |---|---|---|
/// | 0 | 2 | `LF` |
/// | 2 | 1 | version of the format: 1 |
/// | 3 | 1 | kind: `e`, `l`, `t` or `s` |
/// | 4 | 4 | checksum (CRC-32) of all that follows |
/// | 8 | 8 | when nothing is left of it, in milliseconds since 1970 |
/// | 16 | 8 | version of the key |
/// | 24 | 4 | length of the namespace's name |
/// | 28 | 4 | length of the record's own name |
/// | 32 | | both names, then what the record says |
///
/// Integers are little-endian. A file that does not hold just this is none: it was torn by a loss of power, or a newer program
/// has written it.
struct FileRecord {
    enum Kind: UInt8 {
        case entry = 0x65
        case lease = 0x6C
        case tag = 0x74
        case stamp = 0x73

        /// The folder for records of this kind.
        var folder: String {
            switch self {
            case .entry: "entries"
            case .lease: "leases"
            case .tag: "tags"
            case .stamp: "namespaces"
            }
        }
    }

    /// What a record is about.
    struct Name {
        var kind: Kind
        var namespace: String
        var version: Int = 0
        var name: String = ""
    }

    static let fixedLength = 32
    private static let formatVersion: UInt8 = 1

    /// When nothing is left of it.
    let end: Int64
    /// Where what it says begins.
    let payloadOffset: Int

    /// The bytes of a record.
    static func bytes(_ name: Name, end: Int64, _ payload: [[UInt8]]) -> [UInt8] {
        var bytes: [UInt8] = []
        let (namespace, own) = (name.namespace.utf8, name.name.utf8)
        let length = payload.reduce(Self.fixedLength + namespace.count + own.count) { $0 + $1.count }
        bytes.reserveCapacity(length)
        bytes += [UInt8(ascii: "L"), UInt8(ascii: "F"), Self.formatVersion, name.kind.rawValue, 0, 0, 0, 0]
        bytes.appendLittleEndian(end)
        bytes.appendLittleEndian(Int64(name.version))
        bytes.appendLittleEndian(UInt32(namespace.count))
        bytes.appendLittleEndian(UInt32(own.count))
        bytes += namespace
        bytes += own
        for part in payload { bytes += part }
        let checksum = bytes.withUnsafeBytes { Checksum.of(UnsafeRawBufferPointer(rebasing: $0[8...])) }
        for index in 0..<4 { bytes[4 + index] = UInt8(truncatingIfNeeded: checksum >> (8 * UInt32(index))) }
        return bytes
    }

    /// Reads a record of a name that is known.
    ///
    /// - Returns: `nil` where the bytes are anything else.
    init?(_ bytes: UnsafeRawBufferPointer, of name: Name) {
        guard let (found, end, payloadOffset) = Self.parse(bytes, kind: name.kind), found.version == name.version,
            found.namespace.elementsEqual(name.namespace.utf8), found.name.elementsEqual(name.name.utf8)
        else { return nil }
        self.end = end
        self.payloadOffset = payloadOffset
    }

    /// The names in a record of an entry.
    ///
    /// - Returns: Namespace and key; `nil` where the bytes are no such record.
    static func key(in bytes: UnsafeRawBufferPointer) -> (namespace: String, key: StoreKey)? {
        guard let (found, _, _) = Self.parse(bytes, kind: .entry),
            let namespace = String(validating: found.namespace, as: UTF8.self),
            let name = String(validating: found.name, as: UTF8.self)
        else { return nil }
        return (namespace, StoreKey(version: found.version, name: name))
    }

    /// The end of a record of any kind that is whole.
    static func end(in bytes: UnsafeRawBufferPointer, kind: Kind) -> Int64? { Self.parse(bytes, kind: kind)?.end }

    private typealias RawName = (
        namespace: Slice<UnsafeRawBufferPointer>, version: Int, name: Slice<UnsafeRawBufferPointer>
    )

    private static func parse(
        _ bytes: UnsafeRawBufferPointer,
        kind: Kind
    ) -> (name: RawName, end: Int64, payloadOffset: Int)? {
        guard bytes.count >= Self.fixedLength, bytes[0] == UInt8(ascii: "L"), bytes[1] == UInt8(ascii: "F"),
            bytes[2] == Self.formatVersion, bytes[3] == kind.rawValue,
            bytes.littleEndian(at: 4, as: UInt32.self) == Checksum.of(UnsafeRawBufferPointer(rebasing: bytes[8...]))
        else { return nil }
        let namespaceLength = Int(bytes.littleEndian(at: 24, as: UInt32.self))
        let nameLength = Int(bytes.littleEndian(at: 28, as: UInt32.self))
        let payloadOffset = Self.fixedLength + namespaceLength + nameLength
        guard payloadOffset <= bytes.count else { return nil }
        let middle = Self.fixedLength + namespaceLength
        let version = Int(bytes.littleEndian(at: 16, as: Int64.self))
        return (
            (bytes[Self.fixedLength..<middle], version, bytes[middle..<payloadOffset]),
            bytes.littleEndian(at: 8, as: Int64.self), payloadOffset
        )
    }
}

// MARK: What records say

extension FileRecord {
    static func payload(_ stamp: KeptStamp) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendLittleEndian(stamp.stamp.generation)
        bytes.appendLittleEndian(stamp.stamp.epoch)
        bytes.appendLittleEndian(stamp.serial)
        return bytes
    }

    func stamp(_ bytes: UnsafeRawBufferPointer) -> KeptStamp? {
        guard let integers = self.integers(bytes, 3), self.payloadOffset + 24 == bytes.count else { return nil }
        return KeptStamp(
            stamp: NamespaceStamp(generation: integers[0], epoch: integers[1]),
            serial: integers[2]
        )
    }

    static func payload(_ tag: KeptTag) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendLittleEndian(tag.generation)
        bytes.appendLittleEndian(tag.freshness)
        bytes.appendLittleEndian(tag.serial)
        return bytes
    }

    func tag(_ bytes: UnsafeRawBufferPointer) -> KeptTag? {
        guard let integers = self.integers(bytes, 3), self.payloadOffset + 24 == bytes.count else { return nil }
        return KeptTag(generation: integers[0], freshness: integers[1], serial: integers[2], end: self.end)
    }

    static func payload(_ lease: KeptLease) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendLittleEndian(lease.token.high)
        bytes.appendLittleEndian(lease.token.low)
        bytes.appendLittleEndian(lease.stamp.generation)
        bytes.appendLittleEndian(lease.stamp.epoch)
        bytes.appendLittleEndian(lease.serial)
        bytes.appendLittleEndian(lease.duration)
        for mark in lease.marks { bytes.append(mark) }
        return bytes
    }

    func lease(_ bytes: UnsafeRawBufferPointer) -> KeptLease? {
        guard let integers = self.integers(bytes, 6),
            let marks = TagMark.parse(UnsafeRawBufferPointer(rebasing: bytes[(self.payloadOffset + 48)...]))
        else { return nil }
        return KeptLease(
            token: LeaseToken(high: integers[0], low: integers[1]),
            stamp: NamespaceStamp(generation: integers[2], epoch: integers[3]),
            serial: integers[4],
            marks: marks,
            end: self.end,
            duration: Int64(bitPattern: integers[5])
        )
    }

    /// Header and place of the value of an entry's record.
    func entry(_ bytes: UnsafeRawBufferPointer) -> (header: EntryHeader, value: UnsafeRawBufferPointer)? {
        let payload = UnsafeRawBufferPointer(rebasing: bytes[self.payloadOffset...])
        guard let (header, offset) = EntryHeader.parse(payload) else { return nil }
        return (header, UnsafeRawBufferPointer(rebasing: payload[offset...]))
    }

    private func integers(_ bytes: UnsafeRawBufferPointer, _ count: Int) -> [UInt64]? {
        guard bytes.count >= self.payloadOffset + 8 * count else { return nil }
        return (0..<count).map { bytes.littleEndian(at: self.payloadOffset + 8 * $0, as: UInt64.self) }
    }
}
