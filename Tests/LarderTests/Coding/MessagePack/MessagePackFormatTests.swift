import Foundation
import Testing

@testable import Larder

/// The bytes of MessagePack, against those of another implementation, and against what the specification forbids.
@Suite struct MessagePackFormatTests {
    private let codec = MessagePackCodec()

    private static func bytes(_ packed: String) -> [UInt8] {
        let parts = packed.split(separator: "+")
        let digits = parts.first ?? ""
        var bytes = stride(from: 0, to: digits.utf8.count, by: 2).compactMap { offset in
            UInt8(digits.dropFirst(offset).prefix(2), radix: 16)
        }
        for part in parts.dropFirst() {
            let fill = part.split(separator: "*")
            let byte: UInt8 = fill[0] == "a" ? 0x61 : UInt8(fill[0]) ?? 0
            bytes += repeatElement(byte, count: Int(fill[1]) ?? 0)
        }
        return bytes
    }

    private func expect<Value: Codable & Equatable>(
        _ value: Value,
        _ bytes: [UInt8],
        _ name: String
    ) throws {
        let encoded = try self.codec.encode(value)
        #expect(encoded == bytes, "\(name)")
        let decoded = try self.codec.decode(Value.self, from: bytes)
        #expect(decoded == value, "\(name)")
    }

    @Test func bytesAreThoseOfAnotherImplementation() throws {
        for (name, value, packed) in MessagePackVectors.all {
            let bytes = Self.bytes(packed)
            switch value {
            case .integer(let value): try self.expect(value, bytes, name)
            case .unsigned(let value): try self.expect(value, bytes, name)
            case .double(let value): try self.expect(value, bytes, name)
            case .float(let value): try self.expect(value, bytes, name)
            case .bool(let value): try self.expect(value, bytes, name)
            case .null: try self.expect(Int?.none, bytes, name)
            case .text(let part, let count): try self.expect(String(repeating: part, count: count), bytes, name)
            case .data(let byte, let count): try self.expect(Data(repeating: byte, count: count), bytes, name)
            case .ones(let count): try self.expect([Int](repeating: 1, count: count), bytes, name)
            case .date(let seconds, let nanoseconds):
                let date = Date(timeIntervalSince1970: Double(seconds) + Double(nanoseconds) / 1e9)
                let decoded = try self.codec.decode(Date.self, from: bytes)
                #expect(abs(decoded.timeIntervalSince(date)) < 1e-5, "\(name)")
                // What no double can hold is rounded.
                if nanoseconds != 999_999_999 { try self.expect(date, bytes, name) }
            case .map(let value): try self.expect(value, bytes, name)
            case .numbered(let value): try self.expect(value, bytes, name)
            }
        }
    }

    private struct Book: Codable, Equatable {
        var title: String
        var year: Int
        var price: Double
        var tags: [Tag?]
        var data: Data
        var published: Date
        var ratings: [String: Int]
        var small: Float

        enum Tag: Codable, Equatable {
            case text(String)
            case flag(Bool)

            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                if let flag = try? container.decode(Bool.self) {
                    self = .flag(flag)
                } else {
                    self = .text(try container.decode(String.self))
                }
            }

            func encode(to encoder: any Encoder) throws {
                var container = encoder.singleValueContainer()
                switch self {
                case .text(let text): try container.encode(text)
                case .flag(let flag): try container.encode(flag)
                }
            }
        }
    }

    @Test func documentOfAnotherImplementationIsRead() throws {
        let book = try self.codec.decode(Book.self, from: Self.bytes(MessagePackVectors.book))
        let expected = Book(
            title: "Emma",
            year: 1_815,
            price: 9.5,
            tags: [.text("jam"), nil, .flag(true)],
            data: Data([0, 1]),
            published: Date(timeIntervalSince1970: -4_876_243_200),
            ratings: ["a": -3, "b": 70_000],
            small: 2.5
        )
        #expect(book == expected)
        #expect(try self.codec.decode(Book.self, from: self.codec.encode(expected)) == expected)
    }

    @Test func everyWidthOfANumberIsReadByEveryTypeThatHoldsIt() throws {
        // 5, in all ways to write it.
        let fives: [[UInt8]] = [
            [5], [0xCC, 5], [0xCD, 0, 5], [0xCE, 0, 0, 0, 5], [0xCF, 0, 0, 0, 0, 0, 0, 0, 5],
            [0xD0, 5], [0xD1, 0, 5], [0xD2, 0, 0, 0, 5], [0xD3, 0, 0, 0, 0, 0, 0, 0, 5],
        ]
        for bytes in fives {
            #expect(try self.codec.decode(Int8.self, from: bytes) == 5)
            #expect(try self.codec.decode(UInt64.self, from: bytes) == 5)
            #expect(try self.codec.decode(Double.self, from: bytes) == 5)
            #expect(try self.codec.decode(Float.self, from: bytes) == 5)
        }
        #expect(try self.codec.decode(Int16.self, from: [0xD0, 0xFF]) == -1)
        #expect(try self.codec.decode(Double.self, from: [0xFF]) == -1)
        #expect(throws: DecodingError.self) { try self.codec.decode(UInt8.self, from: [0xFF]) }
        #expect(throws: DecodingError.self) { try self.codec.decode(Int8.self, from: [0xCC, 0x80]) }
        #expect(throws: DecodingError.self) {
            try self.codec.decode(Int.self, from: [0xCF] + [UInt8](repeating: 255, count: 8))
        }
        // 1.5 is no integer, and a number that is none of Float's is none.
        #expect(throws: DecodingError.self) { try self.codec.decode(Int.self, from: [0xCA, 0x3F, 0xC0, 0, 0]) }
        #expect(try self.codec.decode(Double.self, from: [0xCA, 0x3F, 0xC0, 0, 0]) == 1.5)
        #expect(throws: DecodingError.self) { try self.codec.decode(Float.self, from: self.codec.encode(1e300)) }
    }

    /// What a decoder says of bytes that it refuses.
    private func complaint(_ bytes: [UInt8]) -> String {
        do {
            _ = try self.codec.decode([Int].self, from: bytes)
            return "nothing"
        } catch DecodingError.dataCorrupted(let context) {
            return context.debugDescription
        } catch {
            return "\(error)"
        }
    }

    @Test func bytesThatTheSpecificationForbidsAreNamed() {
        #expect(self.complaint([]) == "the bytes end too early")
        #expect(self.complaint([0xC1]) == "there is a byte that the format never uses")
        #expect(self.complaint([0x91, 0xD4, 5, 0]) == "extension type 5 is not known")
        #expect(self.complaint([0xC7, 3, 0xFE, 0, 0, 0]) == "extension type -2 is not known")
        #expect(self.complaint([0xC9, 0, 0, 0, 1, 0x7F, 0]) == "extension type 127 is not known")
        #expect(self.complaint([0xD4, 0xFF, 0]) == "a timestamp does not have 1 bytes")
        #expect(self.complaint([0x90, 0]) == "something stands behind the value")
        #expect(self.complaint([0x91, 0xA2, 0x61]) == "the bytes end too early")
    }

    @Test func lengthsAreNotBelieved() {
        for first in [0xC6, 0xC9, 0xDB, 0xDD, 0xDF] as [UInt8] {
            #expect(self.complaint([first, 0xFF, 0xFF, 0xFF, 0xFF]).contains("end too early"), "\(first)")
            #expect(self.complaint([first, 0x7F, 0xFF, 0xFF, 0xFF, 0, 0, 0]) != "nothing", "\(first)")
        }
        for first in [0xC5, 0xDA, 0xDC, 0xDE] as [UInt8] {
            #expect(self.complaint([first, 0xFF, 0xFF, 0, 0]).contains("end too early"), "\(first)")
        }
    }

    @Test func timestampsThatAreNoDatesAreRefused() throws {
        let nanoseconds: [UInt8] = [0xD7, 0xFF, 0xFF, 0xFF, 0xFF, 0xFC, 0, 0, 0, 0]
        #expect(throws: DecodingError.self) { try self.codec.decode(Date.self, from: nanoseconds) }
        for seconds in [Int64.min, .max, 1 << 50] {
            var bytes: [UInt8] = [0xC7, 12, 0xFF, 0, 0, 0, 0]
            bytes.appendBigEndian(seconds)
            #expect(throws: DecodingError.self) { try self.codec.decode(Date.self, from: bytes) }
        }
        // What is read can be printed.
        for interval in [1e14, -1e14] {
            let bytes = try self.codec.encode(Date(timeIntervalSinceReferenceDate: interval))
            #expect(!"\(try self.codec.decode(Date.self, from: bytes))".isEmpty)
        }
    }

    @Test func depthIsLimitedInBytes() throws {
        let deep = [UInt8](repeating: 0x91, count: 128) + [0x90]
        #expect(self.complaint(deep) == "containers lie in each other more than 128 deep")
        #expect(self.complaint([UInt8](repeating: 0x91, count: 1_000_000)).contains("more than 128 deep"))
        #expect(self.complaint([UInt8](repeating: 0x81, count: 1_000_000)).contains("more than 128 deep"))
        let shallow = MessagePackCodec(nestingLimit: 2)
        #expect(try shallow.decode([[Int]].self, from: [0x91, 0x91, 1]) == [[1]])
        #expect(throws: DecodingError.self) { try shallow.decode([[[Int]]].self, from: [0x91, 0x91, 0x91, 1]) }
    }

    @Test func keysThatAreNeitherTextNorIntegersAreRefused() throws {
        #expect(throws: DecodingError.self) { try self.codec.decode([String: Int].self, from: [0x81, 0xC0, 1]) }
        #expect(throws: DecodingError.self) { try self.codec.decode([String: Int].self, from: [0x81, 0x90, 1]) }
        // Digits are a key of both.
        #expect(try self.codec.decode([Int: Int].self, from: [0x81, 0xA1, 0x35, 1]) == [5: 1])
        #expect(try self.codec.decode([String: Int].self, from: [0x81, 5, 1]) == ["5": 1])
        #expect(throws: DecodingError.self) { try self.codec.decode([Int: Int].self, from: [0x81, 0xA1, 0x61, 1]) }
        #expect(throws: DecodingError.self) { try self.codec.decode([String: Int].self, from: [0x81, 0xA1, 0xFF]) }
    }

    @Test func textThatIsNoUTF8IsRefused() {
        #expect(throws: DecodingError.self) { try self.codec.decode(String.self, from: [0xA2, 0xC3, 0x28]) }
        #expect(throws: DecodingError.self) { try self.codec.decode(URL.self, from: [0xA1, 0xFF]) }
    }
}
