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
        #expect(offset == 40)
    }

    @Test(arguments: golden)
    func everyTruncationIsNoHeader(_ example: Golden) {
        for count in 0..<EntryHeader.length { #expect(Self.parse(Array(example.bytes.prefix(count))) == nil) }
        #expect(Self.parse(example.bytes) != nil)
    }

    @Test(
        arguments: [
            (0, 0x4D), (1, 0), (1, 2), (3, 1), (4, 2), (4, 0xFF), (6, 39), (6, 41), (6, 0), (7, 1),
        ] as [(Int, UInt8)]
    )
    func headerOfAnotherFormatIsNone(_ offset: Int, _ byte: UInt8) {
        var bytes = Self.golden[0].bytes + [UInt8](repeating: 0, count: 400)
        bytes[offset] = byte
        #expect(Self.parse(bytes) == nil)
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
