/// Reads the entries of a snapshot, whatever has become of its bytes: what is whole comes out, the rest is passed over.
struct SnapshotReader {
    /// Brings more bytes, at most as many as it is asked for; none at the end.
    typealias Source = (_ most: Int) throws -> [UInt8]

    let header: SnapshotHeader
    /// The entries read so far, all of them whole.
    private(set) var wholeCount: UInt64 = 0

    /// The entries that the header counts and that have not come.
    var missingCount: Int {
        Int(clamping: self.header.count - min(self.wholeCount, self.header.count))
    }

    private let source: Source
    private var buffer: [UInt8]
    private var start = 0
    private let checksum: CRC32C

    /// Bytes to ask for at a time: enough for a few hundred entries.
    ///
    /// A length that a file claims is not believed before its bytes are there.
    private static var portion: Int { 1 << 16 }

    /// - Throws: ``CacheError`` with ``CacheError/Code/notASnapshot``; what `source` throws.
    init(_ source: @escaping Source) throws {
        var buffer: [UInt8] = []
        while buffer.count < SnapshotFormat.headerSize {
            let more = try source(Self.portion)
            if more.isEmpty { break }
            buffer += more
        }
        self.header = try SnapshotHeader(buffer[...])
        self.checksum = SnapshotRecord.checksum(self.header.nonce)
        self.start = SnapshotFormat.headerSize
        self.buffer = buffer
        self.source = source
    }

    /// The next entry that is whole; `nil` at the end.
    ///
    /// - Throws: What the source throws.
    mutating func next() throws -> SnapshotRecord? {
        while try self.has(SnapshotFormat.recordHeadSize) {
            let head = self.buffer[self.start..<self.start + SnapshotFormat.recordHeadSize]
            var checksum = self.checksum
            checksum.update(head.prefix(SnapshotFormat.recordHeadSize - 4))
            guard head.littleEndian(at: SnapshotFormat.recordHeadSize - 4, as: UInt32.self) == checksum.value else {
                // Not a head, or not any more: the next one may begin at any byte.
                self.start += 1
                continue
            }
            let keyLength = Int(head.littleEndian(at: 0, as: UInt32.self))
            let size = SnapshotFormat.recordHeadSize + keyLength + Int(head.littleEndian(at: 4, as: UInt32.self))
            guard try self.has(size) else { return nil }
            let record = self.record(keyLength: keyLength, size: size)
            self.start += size
            if let record {
                self.wholeCount += 1
                return record
            }
        }
        return nil
    }

    /// The entry at the start; `nil` if its key or value is damaged.
    private func record(keyLength: Int, size: Int) -> SnapshotRecord? {
        let bytes = self.buffer[self.start..<self.start + size]
        let key = bytes.dropFirst(SnapshotFormat.recordHeadSize).prefix(keyLength)
        let value = bytes.dropFirst(SnapshotFormat.recordHeadSize + keyLength)
        var checksum = self.checksum
        checksum.update(key)
        checksum.update(value)
        guard bytes.littleEndian(at: 20, as: UInt32.self) == checksum.value else { return nil }
        func codec(at offset: Int) -> CodecID { CodecID(header: bytes[bytes.startIndex + offset]) }
        let isAbsence = bytes[bytes.startIndex + 18] == 1
        return SnapshotRecord(
            key: EncodedValue(codec: codec(at: 16), bytes: Array(key)),
            value: isAbsence ? nil : EncodedValue(codec: codec(at: 17), bytes: Array(value)),
            deadline: bytes.littleEndian(at: 8, as: Int64.self)
        )
    }

    /// Whether so many bytes are left, which are then in the buffer.
    private mutating func has(_ count: Int) throws -> Bool {
        if self.buffer.count - self.start >= count { return true }
        self.buffer.removeSubrange(..<self.start)
        self.start = 0
        while self.buffer.count < count {
            let more = try self.source(Self.portion)
            if more.isEmpty { return false }
            self.buffer += more
        }
        return true
    }
}
