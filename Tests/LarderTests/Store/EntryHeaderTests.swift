import LarderTesting
import Testing

@testable import Larder

/// The bytes are a format that other programs, and older ones, read: a change here is a new version of it.
@Suite struct EntryHeaderTests {
    struct Golden: CustomTestStringConvertible {
        var testDescription: String
        var header: EntryHeader
        var bytes: [UInt8]
    }

    static let golden: [Golden] = {
        var plain = EntryHeader(
            codec: .json,
            isNull: false,
            fillCost: .milliseconds(250),
            lifetime: EntryLifetime(freshFor: .seconds(300), grace: .seconds(60)),
            generation: 0x0102_0304_0506_0708
        )
        plain.schema = 7
        let forever = EntryHeader(
            codec: .bytes,
            isNull: true,
            fillCost: nil,
            lifetime: EntryLifetime(freshFor: nil),
            generation: .max
        )
        let longest = EntryHeader(
            codec: CodecID(custom: 200),
            isNull: false,
            fillCost: .seconds(100_000),
            lifetime: EntryLifetime(freshFor: EntryLifetime.longest, grace: EntryLifetime.longest),
            generation: 0
        )
        var tagged = plain
        tagged.marks = [
            TagMark(name: "a", generation: 0x1112_1314_1516_1718, freshness: .max),
            TagMark(name: "größe", generation: 0, freshness: 1),
        ]
        var sealed = plain
        sealed.codec = .messagePack
        sealed.compression = .zstandard
        sealed.seal = .aesGCM
        var foreign = forever
        foreign.isNull = false
        foreign.compression = CompressionID(custom: 255)
        foreign.seal = SealID(custom: 128)
        return [
            Golden(
                testDescription: "JSON for five minutes with a grace",
                header: plain,
                bytes: [
                    0x4C, 1, 3, 0, 0, 0, 40, 0,
                    7, 0, 0, 0, 0x90, 0xD0, 0x03, 0x00,
                    0xE0, 0x93, 0x04, 0, 0, 0, 0, 0,
                    0x60, 0xEA, 0, 0, 0, 0, 0, 0,
                    8, 7, 6, 5, 4, 3, 2, 1,
                ]
            ),
            Golden(
                testDescription: "a nil for ever",
                header: forever,
                bytes: [0x4C, 1, 0, 0, 1, 0, 40, 0] + [UInt8](repeating: 0, count: 24)
                    + [UInt8](repeating: 0xFF, count: 8)
            ),
            Golden(
                testDescription: "the largest numbers",
                header: longest,
                bytes: [
                    0x4C, 1, 200, 0, 0, 0, 40, 0,
                    0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF,
                    0x00, 0x30, 0x35, 0x41, 0xDE, 0x02, 0, 0,
                    0x00, 0x30, 0x35, 0x41, 0xDE, 0x02, 0, 0,
                    0, 0, 0, 0, 0, 0, 0, 0,
                ]
            ),
            Golden(
                testDescription: "two tags",
                header: tagged,
                bytes: [
                    0x4C, 1, 3, 0, 0, 0, 82, 0,
                    7, 0, 0, 0, 0x90, 0xD0, 0x03, 0x00,
                    0xE0, 0x93, 0x04, 0, 0, 0, 0, 0,
                    0x60, 0xEA, 0, 0, 0, 0, 0, 0,
                    8, 7, 6, 5, 4, 3, 2, 1,
                    0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11,
                    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                    1, 0x61,
                    0, 0, 0, 0, 0, 0, 0, 0,
                    1, 0, 0, 0, 0, 0, 0, 0,
                    7, 0x67, 0x72, 0xC3, 0xB6, 0xC3, 0x9F, 0x65,
                ]
            ),
            Golden(
                testDescription: "compressed and sealed",
                header: sealed,
                bytes: [
                    0x4C, 1, 4, 4, 0, 1, 40, 0,
                    7, 0, 0, 0, 0x90, 0xD0, 0x03, 0x00,
                    0xE0, 0x93, 0x04, 0, 0, 0, 0, 0,
                    0x60, 0xEA, 0, 0, 0, 0, 0, 0,
                    8, 7, 6, 5, 4, 3, 2, 1,
                ]
            ),
            Golden(
                testDescription: "a compressor and a seal from elsewhere",
                header: foreign,
                bytes: [0x4C, 1, 0, 255, 0, 128, 40, 0] + [UInt8](repeating: 0, count: 24)
                    + [UInt8](repeating: 0xFF, count: 8)
            ),
        ]
    }()

    private static func parse(_ bytes: [UInt8]) -> (header: EntryHeader, valueOffset: Int)? {
        bytes.withUnsafeBytes { EntryHeader.parse($0) }
    }

    @Test(arguments: golden)
    func headerIsWrittenAndReadAsTheFormatSays(_ example: Golden) throws {
        #expect(example.header.bytes == example.bytes)
        let (header, offset) = try #require(Self.parse(example.bytes + [1, 2, 3]))
        var expected = example.header
        if expected.fillCost == .seconds(100_000) { expected.fillCost = .microseconds(Int64(UInt32.max)) }
        #expect(header == expected)
        #expect(offset == example.bytes.count)
    }

    @Test(arguments: golden)
    func everyTruncationIsNoHeader(_ example: Golden) {
        for count in 0..<example.bytes.count { #expect(Self.parse(Array(example.bytes.prefix(count))) == nil) }
        #expect(Self.parse(example.bytes) != nil)
    }

    @Test(
        arguments: [
            (0, 0x4D), (1, 0), (1, 2), (4, 2), (4, 0xFF), (6, 39), (6, 41), (6, 0), (7, 1),
        ] as [(Int, UInt8)]
    )
    func headerOfAnotherFormatIsNone(_ offset: Int, _ byte: UInt8) {
        var bytes = Self.golden[0].bytes + [UInt8](repeating: 0, count: 400)
        bytes[offset] = byte
        #expect(Self.parse(bytes) == nil)
    }

    @Test func tagSectionThatCannotBeReadIsNoHeader() {
        let good = Self.golden[3].bytes
        let faults: [(String, (inout [UInt8]) -> Void)] = [
            ("a name that goes past the header", { $0[74] = 8 }),
            ("a name that ends before the header does", { $0[74] = 6 }),
            ("an empty name", { $0[56] = 0 }),
            ("a header that ends within the second tag", { $0[6] = 81 }),
            ("a header that ends within the generations", { $0[6] = 60 }),
            ("a header that ends before a name", { $0[6] = 75 }),
            ("a header that is longer than the entry", { $0[7] = 1 }),
            ("a name that is not UTF-8", { $0[77] = 0xFF }),
        ]
        for (name, spoil) in faults {
            var bytes = good
            spoil(&bytes)
            #expect(Self.parse(bytes) == nil, "\(name)")
            #expect(Self.parse(bytes + [UInt8](repeating: 0x20, count: 20)) == nil, "\(name)")
        }
        // The header ends where the first tag does: that one is all there is.
        var first = good
        first[6] = 58
        #expect(Self.parse(first)?.header.marks.map(\.name) == ["a"])
        #expect(Self.parse(first)?.valueOffset == 58)
    }

    @Test func mostTagsWithTheLongestNamesFitTheHeader() throws {
        var header = Self.golden[0].header
        header.marks = (0..<100).map { index in
            let name = String(repeating: "x", count: 250 - "\(index)".count) + "\(index)"
            return TagMark(name: name, generation: UInt64(index), freshness: 7)
        }
        let (parsed, offset) = try #require(Self.parse(header.bytes + [1]))
        #expect(parsed == header)
        #expect(offset == 40 + 100 * 267)
    }

    @Test func randomMutationsCrashNothingAndMakeNoImpossibleHeader() {
        var random = SeededGenerator(seed: 3)
        var parsed = 0
        for _ in 0..<100_000 {
            var bytes = Self.golden.randomElement(using: &random)?.bytes ?? []
            bytes += (0..<Int.random(in: 0...8, using: &random)).map { _ in
                UInt8.random(in: .min ... .max, using: &random)
            }
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: .min ... .max, using: &random)
            }
            if Bool.random(using: &random) {
                bytes = Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &random)))
            }
            guard let (header, offset) = Self.parse(bytes) else { continue }
            parsed += 1
            #expect(offset <= bytes.count)
            #expect(header.lifetime.freshFor.map { $0 > .zero } ?? true)
            #expect(header.lifetime.grace >= .zero)
            #expect(Self.parse(header.bytes)?.header == header)
        }
        #expect(parsed > 10_000)
    }

    @Test func randomBytesCrashNothing() {
        var random = SeededGenerator(seed: 4)
        for _ in 0..<100_000 {
            var bytes = (0..<Int.random(in: 0...64, using: &random)).map { _ in
                UInt8.random(in: .min ... .max, using: &random)
            }
            if bytes.count > 1 { bytes.replaceSubrange(0..<2, with: [0x4C, 1]) }
            _ = Self.parse(bytes)
        }
    }
}
