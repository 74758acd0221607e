/// The bytes of a snapshot.
///
/// A header, then the entries one after the other, the most valuable first. All numbers have their least significant byte
/// first.
///
/// | header | |
/// |---|---|
/// | 8 bytes | `LARDERMC` |
/// | 4 bytes | the version of the format, 1 |
/// | 4 bytes | a random number, with which every checksum of an entry begins |
/// | 8 bytes | when the snapshot was made, in nanoseconds since 1970 |
/// | 8 bytes | the number of entries |
/// | 4 bytes | CRC-32C of all that |
///
/// | entry | |
/// |---|---|
/// | 4 and 4 bytes | the lengths of key and value |
/// | 8 bytes | when it expires, in nanoseconds since 1970; the greatest number for never |
/// | 1 and 1 byte | the codecs of key and value |
/// | 1 byte | 1 where the value is the `nil` of an optional, otherwise 0 |
/// | 1 byte | 0 |
/// | 4 bytes | CRC-32C of the random number, key and value |
/// | 4 bytes | CRC-32C of the random number and the 24 bytes before |
/// | | key and value |
///
/// The heads of entries have a checksum of their own, so that a damaged value costs no other entry. Where a head is
/// damaged, the next one is looked for byte by byte; the random number keeps values that contain the bytes of entries, by
/// chance or by malice, from being taken for such.
enum SnapshotFormat {
    static let magic = Array("LARDERMC".utf8)
    static let version: UInt32 = 1
    static let headerSize = 36
    static let recordHeadSize = 28
    /// The deadline of entries that have none.
    static let never = Int64.max
}

/// The first bytes of a snapshot.
struct SnapshotHeader: Sendable, Equatable {
    var nonce: UInt32
    /// In nanoseconds since 1970.
    var savedAt: Int64
    var count: UInt64

    var bytes: [UInt8] {
        var bytes = SnapshotFormat.magic
        bytes.append(littleEndian: SnapshotFormat.version)
        bytes.append(littleEndian: self.nonce)
        bytes.append(littleEndian: self.savedAt)
        bytes.append(littleEndian: self.count)
        var checksum = CRC32C()
        checksum.update(bytes)
        bytes.append(littleEndian: checksum.value)
        return bytes
    }

    init(nonce: UInt32, savedAt: Int64, count: UInt64) {
        self.nonce = nonce
        self.savedAt = savedAt
        self.count = count
    }

    /// - Throws: ``CacheError`` with ``CacheError/Code/notASnapshot``.
    init(_ bytes: ArraySlice<UInt8>) throws(CacheError) {
        let magicSize = SnapshotFormat.magic.count
        guard bytes.count >= SnapshotFormat.headerSize, bytes.prefix(magicSize).elementsEqual(SnapshotFormat.magic)
        else { throw CacheError(.notASnapshot, "the file is not a snapshot of a memory cache") }
        let version = bytes.littleEndian(at: 8, as: UInt32.self)
        guard version == SnapshotFormat.version else {
            throw CacheError(.notASnapshot, "the snapshot has format \(version), and this is \(SnapshotFormat.version)")
        }
        var checksum = CRC32C()
        checksum.update(bytes.prefix(SnapshotFormat.headerSize - 4))
        guard bytes.littleEndian(at: SnapshotFormat.headerSize - 4, as: UInt32.self) == checksum.value else {
            throw CacheError(.notASnapshot, "the head of the snapshot is damaged")
        }
        self.nonce = bytes.littleEndian(at: 12, as: UInt32.self)
        self.savedAt = bytes.littleEndian(at: 16, as: Int64.self)
        self.count = bytes.littleEndian(at: 24, as: UInt64.self)
    }
}

/// An entry of a snapshot.
struct SnapshotRecord: Sendable, Equatable {
    var key: EncodedValue
    /// `nil` where the value is the `nil` of an optional.
    var value: EncodedValue?
    /// When it expires, in nanoseconds since 1970.
    var deadline: Int64

    /// - Throws: ``CacheError`` with ``CacheError/Code/valueTooLarge`` for keys and values from 4 GiB on.
    func bytes(nonce: UInt32) throws(CacheError) -> [UInt8] {
        let value = self.value?.bytes ?? []
        guard let keyLength = UInt32(exactly: self.key.bytes.count), let valueLength = UInt32(exactly: value.count)
        else { throw CacheError(.valueTooLarge, "an entry of 4 GiB does not fit into a snapshot") }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(SnapshotFormat.recordHeadSize + self.key.bytes.count + value.count)
        bytes.append(littleEndian: keyLength)
        bytes.append(littleEndian: valueLength)
        bytes.append(littleEndian: self.deadline)
        bytes.append(self.key.codec.rawValue)
        bytes.append(self.value?.codec.rawValue ?? 0)
        bytes.append(self.value == nil ? 1 : 0)
        bytes.append(0)
        var checksum = Self.checksum(nonce)
        checksum.update(self.key.bytes)
        checksum.update(value)
        bytes.append(littleEndian: checksum.value)
        var headChecksum = Self.checksum(nonce)
        headChecksum.update(bytes)
        bytes.append(littleEndian: headChecksum.value)
        bytes += self.key.bytes
        bytes += value
        return bytes
    }

    static func checksum(_ nonce: UInt32) -> CRC32C {
        var checksum = CRC32C()
        var bytes: [UInt8] = []
        bytes.append(littleEndian: nonce)
        checksum.update(bytes)
        return checksum
    }
}

extension Array<UInt8> {
    fileprivate mutating func append(littleEndian number: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: number.littleEndian) { self.append(contentsOf: $0) }
    }
}

extension ArraySlice<UInt8> {
    /// The number that begins so many bytes after the first.
    func littleEndian<Number: FixedWidthInteger & BitwiseCopyable>(at offset: Int, as _: Number.Type) -> Number {
        self.withUnsafeBytes { Number(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Number.self)) }
    }
}
