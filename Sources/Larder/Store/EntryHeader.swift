/// The small header before an entry's bytes, in stores that keep bytes.
///
/// It is laid out so that a script in Redis can read and change single fields; integers are little-endian.
///
/// | offset | bytes | field |
/// |---|---|---|
/// | 0 | 1 | `L` |
/// | 1 | 1 | version of the format: 1 |
/// | 2 | 1 | codec, see ``CodecID`` |
/// | 3 | 1 | compression, see ``CompressionID``; 0, none |
/// | 4 | 1 | flags: bit 0, the value is a cached `nil` |
/// | 5 | 1 | seal, see ``SealID``; 0, none |
/// | 6 | 2 | length of the header; the value begins there |
/// | 8 | 4 | number of the value's schema; 0, none |
/// | 12 | 4 | cost of the fill in microseconds; 0, not known; the largest number, that or more |
/// | 16 | 8 | fresh for, in milliseconds; 0, for ever |
/// | 24 | 8 | grace after that, in milliseconds |
/// | 32 | 8 | generation of the namespace |
/// | 40 | | tags, up to the header's length |
///
/// A tag:
///
/// | bytes | field |
/// |---|---|
/// | 8 | generation |
/// | 8 | freshness |
/// | 1 | length of the name, at least 1 |
/// | | the name, in UTF-8 |
///
/// How long an entry has been there is not written down: the store's own clock says how long it has left, and that less
/// the grace is the time it stays fresh. So no reader's clock matters.
///
/// A header of another version, or one that does not parse, is a miss: a newer program may have written it.
package struct EntryHeader: Sendable, Hashable {
    /// What the value's bytes are.
    package var codec: CodecID
    /// How they were compressed after that.
    package var compression = CompressionID.none
    /// How they were sealed after that.
    package var seal = SealID.none
    /// Whether the value is a cached `nil`.
    package var isNull: Bool
    /// The number of the value's schema; 0, none.
    package var schema: UInt32 = 0
    /// What the fill took.
    package var fillCost: Duration?
    /// How long the entry was to live when it was written.
    package var lifetime: EntryLifetime
    /// The generation of the namespace that the entry belongs to.
    package var generation: UInt64
    /// The entry's tags, as they were when its fill took them.
    package var marks: [TagMark]

    /// The length of a header without tags.
    package static let length = 40
    /// The length of the longest header that can be written.
    package static let longestLength = Int(UInt16.max)
    /// Where the generation stands.
    package static let generationOffset = 32

    private static let mark = UInt8(ascii: "L")
    private static let formatVersion: UInt8 = 1

    /// Describes an entry that is about to be written.
    package init(
        codec: CodecID,
        isNull: Bool,
        fillCost: Duration?,
        lifetime: EntryLifetime,
        generation: UInt64,
        marks: [TagMark] = []
    ) {
        self.codec = codec
        self.isNull = isNull
        self.fillCost = fillCost
        self.lifetime = lifetime
        self.generation = generation
        self.marks = marks
    }

    /// The header's bytes.
    ///
    /// - Precondition: The tags' names have 1 to 255 bytes, and all of it is no longer than ``longestLength``.
    package var bytes: [UInt8] {
        let length = self.marks.reduce(Self.length) { $0 + $1.encodedLength }
        precondition(length <= Self.longestLength, "the tags of an entry do not fit its header")
        var bytes: [UInt8] = []
        bytes.reserveCapacity(length)
        bytes += [Self.mark, Self.formatVersion, self.codec.rawValue, self.compression.rawValue]
        bytes += [self.isNull ? 1 : 0, self.seal.rawValue]
        bytes.appendLittleEndian(UInt16(length))
        bytes.appendLittleEndian(self.schema)
        bytes.appendLittleEndian(self.fillCost.map(Self.microseconds) ?? 0)
        bytes.appendLittleEndian(self.lifetime.freshMilliseconds)
        bytes.appendLittleEndian(self.lifetime.graceMilliseconds)
        bytes.appendLittleEndian(self.generation)
        for mark in self.marks { bytes.append(mark) }
        return bytes
    }

    /// Reads a header.
    ///
    /// - Parameter bytes: An entry.
    /// - Returns: The header and where the value begins; `nil` where the bytes do not begin with a header of this version.
    package static func parse(_ bytes: UnsafeRawBufferPointer) -> (header: EntryHeader, valueOffset: Int)? {
        guard bytes.count >= Self.length, bytes[0] == Self.mark, bytes[1] == Self.formatVersion else { return nil }
        // Flags that this version does not know may change what the value means.
        guard bytes[4] <= 1 else { return nil }
        let length = Int(bytes.littleEndian(at: 6, as: UInt16.self))
        guard length >= Self.length, length <= bytes.count else { return nil }
        // Tags that cannot be read cannot be checked: the entry might be dead.
        guard let marks = TagMark.parse(UnsafeRawBufferPointer(rebasing: bytes[Self.length..<length])) else {
            return nil
        }
        let cost = bytes.littleEndian(at: 12, as: UInt32.self)
        let fresh = bytes.littleEndian(at: 16, as: UInt64.self)
        let grace = bytes.littleEndian(at: 24, as: UInt64.self)
        var header = EntryHeader(
            codec: CodecID(header: bytes[2]),
            isNull: bytes[4] & 1 == 1,
            fillCost: cost == 0 ? nil : .microseconds(Int64(cost)),
            lifetime: EntryLifetime(
                freshFor: fresh == 0 ? nil : .milliseconds(Int64(clamping: fresh)),
                grace: .milliseconds(Int64(clamping: grace))
            ),
            generation: bytes.littleEndian(at: Self.generationOffset, as: UInt64.self),
            marks: marks
        )
        header.compression = CompressionID(header: bytes[3])
        header.seal = SealID(header: bytes[5])
        header.schema = bytes.littleEndian(at: 8, as: UInt32.self)
        return (header, length)
    }

    private static func microseconds(_ duration: Duration) -> UInt32 {
        UInt32(clamping: max(1, duration.wholeNanoseconds / 1_000))
    }
}

extension TagMark {
    /// The longest name, in bytes, whose length fits the format.
    package static let longestEncodedName = Int(UInt8.max)

    /// How many bytes the mark takes in a header.
    var encodedLength: Int { 17 + self.name.utf8.count }

    /// Reads marks that stand one behind the other, as they do in a header.
    ///
    /// - Parameter bytes: The marks and nothing else.
    /// - Returns: The marks; `nil` where the bytes are anything else.
    package static func parse(_ bytes: UnsafeRawBufferPointer) -> [TagMark]? {
        var marks: [TagMark] = []
        var offset = 0
        while offset < bytes.count {
            guard bytes.count - offset > 17 else { return nil }
            let begin = offset + 17
            let end = begin + Int(bytes[offset + 16])
            guard end > begin, end <= bytes.count,
                let name = String(validating: bytes[begin..<end], as: UTF8.self)
            else { return nil }
            marks.append(
                TagMark(
                    name: name,
                    generation: bytes.littleEndian(at: offset, as: UInt64.self),
                    freshness: bytes.littleEndian(at: offset + 8, as: UInt64.self)
                )
            )
            offset = end
        }
        return marks
    }
}

extension EntryLifetime {
    /// How long the entry is fresh; 0 for ever.
    package var freshMilliseconds: UInt64 {
        UInt64(clamping: (self.freshFor ?? .zero).wholeNanoseconds / 1_000_000)
    }

    /// How long the entry is kept after that.
    package var graceMilliseconds: UInt64 {
        UInt64(clamping: self.grace.wholeNanoseconds / 1_000_000)
    }
}

extension [UInt8] {
    /// Appends a mark as it stands in a header.
    ///
    /// - Precondition: Its name has 1 to ``TagMark/longestEncodedName`` bytes.
    package mutating func append(_ mark: TagMark) {
        let length = mark.name.utf8.count
        precondition((1...TagMark.longestEncodedName).contains(length), "the name of a tag has no place in a header")
        self.appendLittleEndian(mark.generation)
        self.appendLittleEndian(mark.freshness)
        self.append(UInt8(length))
        self.append(contentsOf: mark.name.utf8)
    }

    /// Appends an integer, the least significant byte first.
    package mutating func appendLittleEndian(_ value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { self.append(contentsOf: $0) }
    }

    /// Appends an integer, the most significant byte first.
    package mutating func appendBigEndian(_ value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.bigEndian) { self.append(contentsOf: $0) }
    }
}

extension UnsafeRawBufferPointer {
    /// The integer at an offset, its least significant byte first.
    package func littleEndian<Value: FixedWidthInteger>(at offset: Int, as type: Value.Type) -> Value {
        Value(littleEndian: self.loadUnaligned(fromByteOffset: offset, as: type))
    }

    /// The integer at an offset, its most significant byte first.
    package func bigEndian<Value: FixedWidthInteger>(at offset: Int, as type: Value.Type) -> Value {
        Value(bigEndian: self.loadUnaligned(fromByteOffset: offset, as: type))
    }
}
