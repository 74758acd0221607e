import Testing

@testable import Larder

/// How stores that keep bytes turn an entry into them and back.
@Suite struct EntryHeaderValueTests {
    private static let lifetime = EntryLifetime(freshFor: .seconds(60), grace: .seconds(5))

    private struct FixedCoder: EntryCoder {
        var encoded: EncodedValue

        func encode(_ box: ValueBox, for key: StoreKey) throws -> EncodedValue { self.encoded }

        func decode(_ encoded: EncodedValue, of key: StoreKey) throws -> EntryValue { .encoded(encoded) }
    }

    private static var sealed: EncodedValue {
        var encoded = EncodedValue(codec: .integer, bytes: [1, 2, 3])
        encoded.compression = .gzip
        encoded.seal = .chaChaPoly
        return encoded
    }

    private func written(_ value: EntryValue) throws -> (header: EntryHeader, value: [UInt8]) {
        try EntryHeader.writing(
            EntryWrite(
                key: StoreKey(version: 1, name: "k"),
                value: value,
                coder: FixedCoder(encoded: Self.sealed),
                lifetime: Self.lifetime,
                fillCost: .milliseconds(3)
            )
        )
    }

    private func read(_ header: EntryHeader, _ bytes: [UInt8]) -> EntryValue? {
        bytes.withUnsafeBytes { header.value($0) }
    }

    @Test func integersAndAbsencesAreWrittenWithoutTheCoder() throws {
        let (header, bytes) = try self.written(.integer(-2))
        #expect(bytes == [UInt8](repeating: 0xFF, count: 7) + [0xFE])
        #expect(header.codec == .integer)
        #expect(header.compression == .none)
        #expect(header.seal == .none)
        #expect(header.lifetime == Self.lifetime)
        #expect(header.fillCost == .milliseconds(3))
        guard case .integer(-2) = self.read(header, bytes) else {
            Issue.record("the integer is another one")
            return
        }
        let (null, nothing) = try self.written(.null)
        #expect(null.isNull && nothing.isEmpty)
        guard case .null = self.read(null, nothing) else {
            Issue.record("nil is not nil")
            return
        }
    }

    @Test(arguments: [EntryValue.object(.boxing("text")), .encoded(sealed)])
    func marksOfTheBytesAreThoseOfTheHeader(_ value: EntryValue) throws {
        let (header, bytes) = try self.written(value)
        #expect(header.codec == .integer)
        #expect(header.compression == .gzip)
        #expect(header.seal == .chaChaPoly)
        #expect(!header.isNull)
        // Sealed bytes are no integer, whatever their codec.
        guard case .encoded(let encoded) = self.read(header, bytes) else {
            Issue.record("the bytes are gone")
            return
        }
        #expect(encoded == Self.sealed)
    }

    @Test func integerOfAnotherLengthIsNoValue() throws {
        let (header, bytes) = try self.written(.integer(7))
        #expect(self.read(header, Array(bytes.dropLast())) == nil)
        #expect(self.read(header, bytes + [0]) == nil)
        #expect(self.read(header, []) == nil)
    }
}
