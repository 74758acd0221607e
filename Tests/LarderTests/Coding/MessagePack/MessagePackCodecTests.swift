import Foundation
import LarderTesting
import Testing

@testable import Larder

/// Swift values of all kinds, there and back.
@Suite struct MessagePackCodecTests {
    private let codec = MessagePackCodec()

    private func expectBack<Value: Codable & Equatable>(
        _ value: Value,
        _ location: SourceLocation = #_sourceLocation
    ) throws {
        let bytes = try self.codec.encode(value)
        let back = try self.codec.decode(Value.self, from: bytes)
        #expect(back == value, sourceLocation: location)
    }

    private enum Shape: Codable, Equatable {
        case point
        case circle(radius: Double)
        indirect case group(Shape, name: String?)
        case pair(Int, Int)
    }

    private struct Everything: Codable, Equatable {
        var flag = true
        var text = "größe"
        var none: String?
        var some: Int? = 5
        var tiny = Int8.min
        var small = UInt16.max
        var large = UInt64.max
        var negative = Int64.min
        var float = Float.pi
        var double = -0.0
        var data = Data([1, 2, 3])
        var bytes: [UInt8] = [4, 5]
        var date = Date(timeIntervalSinceReferenceDate: 789_012_345.678901)
        var url = URL(string: "https://example.org/a?b=c#d")
        var decimal = Decimal(string: "12345678901234567890.123456789")
        var uuid = UUID(uuid: (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16))
        var shapes: [Shape] = [.point, .circle(radius: 2), .group(.pair(1, -1), name: nil), .group(.point, name: "x")]
        var matrix: [[Int?]] = [[], [1, nil], [nil]]
        var named = ["a": [1.5], "": [], "5": [1], "05": [2]]
        var numbered = [1: "one", -70_000: "far", .max: "last"]
        var nested = ["x": ["y": ["z": 1]]]
        var set: Set<String> = ["a", "b"]
        var range = 1..<5
    }

    @Test func valuesOfAllKindsComeBack() throws {
        try self.expectBack(Everything())
        try self.expectBack([Everything(), Everything()])
        try self.expectBack(["k": Everything()])
    }

    @Test func singleValuesComeBack() throws {
        for value in [Int.min, -1, 0, 1, .max] { try self.expectBack(value) }
        for value in [UInt64.min, .max, 1 << 63] { try self.expectBack(value) }
        for value in [0, -0.0, .infinity, -.infinity, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 0.1] as [Double]
        {
            try self.expectBack(value)
            let bytes = try self.codec.encode(value)
            #expect(try self.codec.decode(Double.self, from: bytes).bitPattern == value.bitPattern)
        }
        for value in [0.1, -.infinity, .leastNonzeroMagnitude, .greatestFiniteMagnitude] as [Float] {
            try self.expectBack(value)
        }
        let nan = Double(bitPattern: 0x7FF8_0000_0000_0123)
        #expect(try self.codec.decode(Double.self, from: self.codec.encode(nan)).bitPattern == nan.bitPattern)
        let single = Float(bitPattern: 0x7FC0_0123)
        #expect(try self.codec.decode(Float.self, from: self.codec.encode(single)).bitPattern == single.bitPattern)
        #expect(try self.codec.decode(Double.self, from: self.codec.encode(Float.nan)).isNaN)
        try self.expectBack("")
        try self.expectBack(String(repeating: "x", count: 70_000))
        try self.expectBack(true)
        try self.expectBack(Int?.none)
        try self.expectBack(Int?.some(3))
        try self.expectBack([Int?]())
        try self.expectBack([String: Int]())
        try self.expectBack(Data())
        try self.expectBack([UInt8]())
    }

    @Test func datesComeBackExactly() throws {
        var random = SeededGenerator(seed: 5)
        for _ in 0..<2_000 {
            let interval = Double.random(in: -1e11...1e11, using: &random)
            try self.expectBack(Date(timeIntervalSinceReferenceDate: interval))
        }
        for date in [
            Date.distantPast, .distantFuture, Date(timeIntervalSince1970: 0), Date(timeIntervalSince1970: -0.5),
        ] {
            try self.expectBack(date)
        }
        for interval in [Double.nan, .infinity, 1e300] {
            #expect(throws: EncodingError.self) {
                try self.codec.encode(Date(timeIntervalSinceReferenceDate: interval))
            }
        }
        // Nearly a second is one, and no timestamp with 10⁹ nanoseconds.
        let bytes = try self.codec.encode(Date(timeIntervalSince1970: 978_307_200 - 1e-12))
        #expect(try self.codec.decode(Date.self, from: bytes).timeIntervalSinceReferenceDate.magnitude < 1e-9)
    }

    @Test func keysOfDictionariesKeepTheirType() throws {
        #expect(try self.codec.encode([5: 1]) == [0x81, 5, 1])
        #expect(try self.codec.encode(["5": 1]) == [0x81, 0xA1, 0x35, 1])
        #expect(try self.codec.encode([[-1: "x"]]) == [0x91, 0x81, 0xFF, 0xA1, 0x78])
        // Other keys are pairs, as Swift writes them.
        try self.expectBack([1.5: "x"])
        try self.expectBack([UUID(): 1])
    }

    // MARK: Containers asked for by hand

    private class Animal: Codable {
        var name = "a"
    }

    private final class Cat: Animal {
        var lives = 9
        var toys: [String] = ["ball"]

        private enum Keys: String, CodingKey { case lives, toys, hidden, list, inner }

        override init() { super.init() }

        required init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Keys.self)
            self.lives = try container.decode(Int.self, forKey: .lives)
            var list = try container.nestedUnkeyedContainer(forKey: .list)
            self.toys = []
            while !list.isAtEnd {
                if try list.decodeNil() { continue }
                self.toys.append(try list.decode(String.self))
            }
            let hidden = try container.nestedContainer(keyedBy: Keys.self, forKey: .hidden)
            #expect(try hidden.decode(Int.self, forKey: .inner) == 7)
            #expect(hidden.allKeys == [.inner])
            #expect(!hidden.contains(.toys))
            try super.init(from: container.superDecoder())
        }

        override func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Keys.self)
            // Written to in turns: what is asked for first stands first.
            var list = container.nestedUnkeyedContainer(forKey: .list)
            var hidden = container.nestedContainer(keyedBy: Keys.self, forKey: .hidden)
            try list.encodeNil()
            try container.encode(self.lives, forKey: .lives)
            for toy in self.toys { try list.encode(toy) }
            try hidden.encode(7, forKey: .inner)
            try super.encode(to: container.superEncoder())
        }
    }

    @Test func containersMayBeWrittenInTurns() throws {
        let cat = Cat()
        cat.name = "Murr"
        cat.toys = ["mouse", "thread"]
        let bytes = try self.codec.encode([cat, cat])
        let back = try self.codec.decode([Cat].self, from: bytes)
        #expect(back.map(\.name) == ["Murr", "Murr"])
        #expect(back.map(\.lives) == [9, 9])
        #expect(back.first?.toys == ["mouse", "thread"])
        let beginning: [UInt8] = [0x92, 0x84, 0xA4] + Array("list".utf8)
        #expect(bytes.starts(with: beginning))
    }

    private struct Mixed: Codable, Equatable {
        var numbers: [Int]
        var inner: [String: Int]

        init(numbers: [Int], inner: [String: Int]) {
            self.numbers = numbers
            self.inner = inner
        }

        private enum Keys: String, CodingKey { case a, b }

        init(from decoder: any Decoder) throws {
            var container = try decoder.unkeyedContainer()
            var numbers = try container.nestedUnkeyedContainer()
            self.numbers = []
            while !numbers.isAtEnd { self.numbers.append(try numbers.decode(Int.self)) }
            let inner = try container.nestedContainer(keyedBy: Keys.self)
            self.inner = ["a": try inner.decode(Int.self, forKey: .a), "b": try inner.decode(Int.self, forKey: .b)]
            #expect(try Int(from: container.superDecoder()) == 3)
            #expect(container.isAtEnd)
            #expect(throws: DecodingError.self) { try container.decode(Int.self) }
            #expect(throws: DecodingError.self) { try container.decodeNil() }
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.unkeyedContainer()
            var numbers = container.nestedUnkeyedContainer()
            var inner = container.nestedContainer(keyedBy: Keys.self)
            try 3.encode(to: container.superEncoder())
            #expect(container.count == 3)
            for number in self.numbers { try numbers.encode(number) }
            for key in [Keys.b, .a] { try inner.encode(self.inner[key.rawValue] ?? 0, forKey: key) }
        }
    }

    @Test func arraysMayHoldContainersOfAllKinds() throws {
        try self.expectBack(Mixed(numbers: [1, 2, 3], inner: ["a": 1, "b": 2]))
        try self.expectBack([Mixed(numbers: [], inner: ["a": 1, "b": 2])])
    }

    @Test func elementThatIsOfAnotherTypeIsNotTaken() throws {
        struct Either: Decodable, Equatable {
            var found: [String] = []

            init(from decoder: any Decoder) throws {
                var container = try decoder.unkeyedContainer()
                while !container.isAtEnd {
                    if let number = try? container.decode(Int.self) {
                        self.found.append("\(number)")
                    } else {
                        self.found.append(try container.decode(String.self))
                    }
                }
            }
        }
        #expect(try self.codec.decode(Either.self, from: [0x93, 1, 0xA1, 0x61, 2]).found == ["1", "a", "2"])
    }

    // MARK: Errors

    @Test func errorsSayWhere() throws {
        struct Inner: Codable { var value: Int }
        struct Outer: Codable { var list: [Inner] }
        let bytes = try self.codec.encode(["list": [["value": 1], ["value": nil]]] as [String: [[String: Int?]]])
        do {
            _ = try self.codec.decode(Outer.self, from: bytes)
            Issue.record("nil is no integer")
        } catch DecodingError.valueNotFound(_, let context) {
            #expect(context.codingPath.map(\.stringValue) == ["list", "1", "value"])
        }
        let missing = try self.codec.encode(["list": [["other": 1]]])
        do {
            _ = try self.codec.decode(Outer.self, from: missing)
            Issue.record("a key that is not there was found")
        } catch DecodingError.keyNotFound(let key, let context) {
            #expect(key.stringValue == "value")
            #expect(context.codingPath.map(\.stringValue) == ["list", "0"])
        }
        #expect(throws: DecodingError.self) { try self.codec.decode([Int].self, from: [0x80]) }
        #expect(throws: DecodingError.self) { try self.codec.decode([String: Int].self, from: [0x90]) }
        #expect(throws: DecodingError.self) { try self.codec.decode(String.self, from: [0xC4, 0]) }
    }

    private struct Endless: Encodable {
        func encode(to encoder: any Encoder) throws {
            var container = encoder.unkeyedContainer()
            try container.encode(Endless())
        }
    }

    private struct EndlessWrapper: Encodable {
        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encode(EndlessWrapper())
        }
    }

    private struct Twice: Encodable {
        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encode(1)
            try container.encode(2)
        }
    }

    @Test func valuesWithoutAFormAreErrors() {
        #expect(throws: EncodingError.self) { try self.codec.encode(Endless()) }
        #expect(throws: EncodingError.self) { try self.codec.encode(EndlessWrapper()) }
        #expect(throws: EncodingError.self) { try self.codec.encode(Twice()) }
    }

    @Test func largeMapsAreReadInAnyOrder() throws {
        let names = (0..<500).map { "key \($0 * 7_919 % 500)" }
        let map = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
        try self.expectBack(map)
        struct Reversed: Decodable {
            struct Key: CodingKey {
                var stringValue: String
                var intValue: Int? { nil }
                init(stringValue: String) { self.stringValue = stringValue }
                init?(intValue: Int) { nil }
            }
            var sum = 0

            init(from decoder: any Decoder) throws {
                let container = try decoder.container(keyedBy: Key.self)
                for index in (0..<500).reversed() {
                    self.sum += try container.decode(Int.self, forKey: Key(stringValue: "key \(index)"))
                }
                #expect(!container.contains(Key(stringValue: "key 500")))
            }
        }
        #expect(try self.codec.decode(Reversed.self, from: self.codec.encode(map)).sum == 499 * 500 / 2)
    }

    // MARK: Bytes from anywhere

    @Test func randomBytesCrashNothing() throws {
        var random = SeededGenerator(seed: 1)
        var read = 0
        for _ in 0..<50_000 {
            let bytes = (0..<Int.random(in: 0...24, using: &random)).map { _ in
                UInt8.random(in: .min ... .max, using: &random)
            }
            if (try? self.codec.decode([Int].self, from: bytes)) != nil { read += 1 }
            if (try? self.codec.decode([String: Int].self, from: bytes)) != nil { read += 1 }
            _ = try? self.codec.decode(Everything.self, from: bytes)
        }
        #expect(read > 0)
    }

    @Test func randomMutationsCrashNothing() throws {
        var random = SeededGenerator(seed: 2)
        let good = try self.codec.encode(Everything())
        var failed = 0
        for _ in 0..<5_000 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: .min ... .max, using: &random)
            }
            if Bool.random(using: &random) { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random)) }
            if (try? self.codec.decode(Everything.self, from: bytes)) == nil { failed += 1 }
        }
        #expect(failed > 1_000)
        for count in 0..<good.count {
            #expect(throws: DecodingError.self) {
                try self.codec.decode(Everything.self, from: Array(good.prefix(count)))
            }
        }
    }
}
