import LarderTesting
import Testing

@testable import Larder

/// Bytes from anywhere: what they cost, and what of them is found where.
@Suite struct MessagePackDocumentTests {
    private let codec = MessagePackCodec()

    /// Reads whatever there is, and makes nothing of it.
    private struct Anything: Decodable {
        init(from decoder: any Decoder) {}
    }

    private static func array(_ count: Int, of element: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = [MessagePackFormat.array32]
        bytes.appendBigEndian(UInt32(count))
        for _ in 0..<count { bytes += element }
        return bytes
    }

    /// Some ten thousand bytes each, of shapes with as many values or containers as there can be.
    private static let hostile: [String: [UInt8]] = [
        "nulls": array(1 << 15, of: [0xC0]),
        "empty arrays": array(1 << 15, of: [0x90]),
        "empty maps": array(1 << 15, of: [0x80]),
        "arrays of one": array(1 << 14, of: [0x91, 0xC0]),
        "arrays of fifteen": array(1 << 11, of: [0x9F] + [UInt8](repeating: 0xC0, count: 15)),
        "arrays of sixteen": array(1_800, of: [0xDC, 0, 16] + [UInt8](repeating: 0xC0, count: 16)),
        "maps of one": array(11_000, of: [0x81, 0xA0, 0xC0]),
        "deep arrays": array(1 << 8, of: [UInt8](repeating: 0x91, count: 126) + [0x90]),
        "deep arrays with nulls": array(
            1 << 12,
            of: [UInt8](repeating: 0x92, count: 100) + Array(repeating: 0xC0, count: 101)
        ),
        "one map": [MessagePackFormat.map32, 0, 0, 64, 0] + Array(repeating: [0xA0, 0xC0], count: 1 << 14).joined(),
    ]

    @Test(arguments: hostile.keys.sorted()) func documentKeepsLittleBesideItsBytes(shape: String) throws {
        let bytes = try #require(Self.hostile[shape])
        let document = try MessagePackDocument(bytes, nestingLimit: self.codec.nestingLimit)
        #expect(document.ends.count * MemoryLayout<MessagePackDocument.End>.stride <= bytes.count / 2)
        #expect(document.end(of: 0) == bytes.count)
        _ = try self.codec.decode(Anything.self, from: bytes)
        // Some shapes are no array and no map, which is an error; what counts is that none of them traps.
        _ = try? self.codec.decode([Anything].self, from: bytes)
        _ = try? self.codec.decode([String: Anything].self, from: bytes)
    }

    @Test(
        arguments: [
            [0xDD, 0xFF, 0xFF, 0xFF, 0xFF], [0xDF, 0xFF, 0xFF, 0xFF, 0xFF], [0xDF, 0x80, 0, 0, 0, 0xC0],
            [0x91, 0xDD, 0xFF, 0xFF, 0xFF, 0xFF, 0xC0], [0x92, 0xDC, 0, 4, 0xDC, 0, 4, 0xC0],
            [0xC6, 0xFF, 0xFF, 0xFF, 0xFF],
            [0xDB, 0x7F, 0xFF, 0xFF, 0xFF, 0x61], [0x81, 0xA1],
        ] as [[UInt8]]
    ) func lengthThatTheBytesDoNotHaveIsRefused(bytes: [UInt8]) throws {
        let error = try #require(throws: DecodingError.self) { try self.codec.decode(Anything.self, from: bytes) }
        guard case .dataCorrupted(let context) = error else {
            Issue.record(error)
            return
        }
        #expect(context.debugDescription == "the bytes end too early")
    }

    /// A document with values of all kinds, and where each of them begins and ends.
    private struct Sample {
        var bytes: [UInt8] = []
        var ranges: [Range<Int>] = []

        mutating func add(_ depth: Int, _ random: inout SeededGenerator) {
            let start = self.bytes.count
            switch depth == 0 ? 0 : Int.random(in: 0...5, using: &random) {
            case 0...2:
                let scalars: [[UInt8]] = [[1], [0xC0], [0xA2, 0x61, 0x62], [0xCD, 1, 0], [0xC4, 1, 0], [0xFF]]
                self.bytes += scalars.randomElement(using: &random) ?? [0xC0]
            case 3:
                let count = Int.random(in: 0...12, using: &random)
                self.bytes.append(MessagePackFormat.fixedMap | UInt8(count))
                for index in 0..<count {
                    self.bytes.append(UInt8(index))
                    self.add(depth - 1, &random)
                }
            default:
                let count = Int.random(in: 0...40, using: &random)
                self.bytes.appendMessagePackContainer(count, fixed: MessagePackFormat.fixedArray, sixteen: 0xDC)
                for _ in 0..<count { self.add(depth - 1, &random) }
            }
            self.ranges.append(start..<self.bytes.count)
        }
    }

    @Test func valuesAreSkippedToTheirEnds() throws {
        var random = SeededGenerator(seed: 11)
        var kept = 0
        for _ in 0..<25 {
            var sample = Sample()
            sample.add(4, &random)
            let document = try MessagePackDocument(sample.bytes, nestingLimit: 128)
            kept += document.ends.count
            for range in sample.ranges { #expect(document.end(of: range.lowerBound) == range.upperBound) }
        }
        #expect(kept > 20)
    }

    // MARK: Keys that stand twice

    /// What a structure reads that asks for its keys in one order or the other.
    private struct Asked: Decodable {
        struct Key: CodingKey {
            var stringValue: String
            var intValue: Int? { nil }
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        var values: [String: Int] = [:]

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            let names = Set(container.allKeys.map(\.stringValue)).sorted()
            #expect(container.allKeys.count == names.count)
            for name in names { self.values[name] = try container.decode(Int.self, forKey: Key(stringValue: name)) }
            for name in names.reversed() {
                #expect(try container.decode(Int.self, forKey: Key(stringValue: name)) == self.values[name])
            }
        }
    }

    @Test(arguments: [3, 20, 40, 3_000]) func lastValueOfAKeyCounts(count: Int) throws {
        var random = SeededGenerator(seed: UInt64(count))
        var bytes: [UInt8] = []
        bytes.appendMessagePackContainer(count, fixed: MessagePackFormat.fixedMap, sixteen: MessagePackFormat.map16)
        var expected: [String: Int] = [:]
        for value in 0..<count {
            let number = Int.random(in: 0..<max(2, count / 2), using: &random)
            // Integers and their digits are one key.
            if Bool.random(using: &random) {
                bytes.appendMessagePack(signed: Int64(number))
            } else {
                bytes.appendMessagePack("\(number)")
            }
            bytes.appendMessagePack(signed: Int64(value))
            expected["\(number)"] = value
        }
        #expect(expected.count < count)
        #expect(try self.codec.decode([String: Int].self, from: bytes) == expected)
        #expect(try self.codec.decode(Asked.self, from: bytes).values == expected)
        let numbered = try self.codec.decode([Int: Int].self, from: bytes)
        #expect(Dictionary(uniqueKeysWithValues: numbered.map { ("\($0)", $1) }) == expected)
    }

    @Test func keyWithANumberIsFoundUnderEither() throws {
        struct Numbered: Decodable {
            enum CodingKeys: Int, CodingKey { case first = 1, second = -2 }
            var first: Int
            var second: Int
        }
        let byName: [UInt8] = [0x82, 0xA5] + Array("first".utf8) + [7, 0xA6] + Array("second".utf8) + [8]
        for bytes in [byName, [0x82, 1, 7, 0xFE, 8]] {
            let value = try self.codec.decode(Numbered.self, from: bytes)
            #expect(value.first == 7)
            #expect(value.second == 8)
        }
        // Text that looks like the number is another key.
        #expect(throws: DecodingError.self) {
            try self.codec.decode(Numbered.self, from: [0x82, 0xA1, 0x31, 7, 0xFE, 8])
        }
    }
}
