import Testing

@testable import Larder

/// How deep values lie in each other, and what becomes of one that throws while it is written.
@Suite struct MessagePackNestingTests {
    private let codec = MessagePackCodec(nestingLimit: 5)

    /// Arrays in each other, written in one of the ways that there are.
    private struct Nested: Encodable {
        enum Way: CaseIterable { case value, wrapper, container, encoder, keyedContainer, keyedEncoder }

        var depth: Int
        var way: Way

        private enum Keys: CodingKey { case a }

        private struct Wrapper: Encodable {
            var nested: Nested

            func encode(to encoder: any Encoder) throws {
                var container = encoder.singleValueContainer()
                try container.encode(self.nested)
            }
        }

        func encode(to encoder: any Encoder) throws {
            switch self.way {
            case .value, .wrapper, .encoder:
                var container = encoder.unkeyedContainer()
                if self.depth == 1 { return }
                let inner = Nested(depth: self.depth - 1, way: self.way)
                switch self.way {
                case .value: try container.encode(inner)
                case .wrapper: try container.encode(Wrapper(nested: inner))
                default: try inner.encode(to: container.superEncoder())
                }
            case .container:
                var container = encoder.unkeyedContainer()
                for _ in 1..<self.depth { container = container.nestedUnkeyedContainer() }
            case .keyedContainer:
                var container = encoder.container(keyedBy: Keys.self)
                for _ in 1..<self.depth { container = container.nestedContainer(keyedBy: Keys.self, forKey: .a) }
            case .keyedEncoder:
                var container = encoder.container(keyedBy: Keys.self)
                if self.depth == 1 { return }
                // The last one is left empty.
                for _ in 2..<self.depth {
                    container = container.superEncoder(forKey: .a).container(keyedBy: Keys.self)
                }
                _ = container.superEncoder()
            }
        }
    }

    private struct Anything: Decodable {
        init(from decoder: any Decoder) {}
    }

    @Test(arguments: Nested.Way.allCases) private func limitIsThatOfTheDecoder(way: Nested.Way) throws {
        for depth in 1...5 {
            let bytes = try self.codec.encode(Nested(depth: depth, way: way))
            _ = try self.codec.decode(Anything.self, from: bytes)
            #expect(throws: DecodingError.self, "\(depth)") {
                try MessagePackCodec(nestingLimit: depth - 1).decode(Anything.self, from: bytes)
            }
        }
        for depth in 6...8 {
            #expect(throws: EncodingError.self, "\(depth)") { try self.codec.encode(Nested(depth: depth, way: way)) }
        }
    }

    @Test func deepestContainerMayHoldPlainValues() throws {
        enum Shelf: String, Codable { case poetry }
        let value = [[[[[Shelf.poetry]]]]]
        let bytes = try self.codec.encode(value)
        #expect(try self.codec.decode([[[[[Shelf]]]]].self, from: bytes) == value)
        #expect(throws: EncodingError.self) { try self.codec.encode([value]) }
        #expect(throws: DecodingError.self) { try self.codec.decode(Anything.self, from: [0x91] + bytes) }
        let flat = MessagePackCodec(nestingLimit: 0)
        #expect(try flat.decode(Shelf.self, from: flat.encode(Shelf.poetry)) == .poetry)
        #expect(throws: EncodingError.self) { try flat.encode([1]) }
    }

    // MARK: Values that throw

    private struct Failure: Error {}

    /// Writes a part of itself before it throws.
    private struct Failing: Encodable {
        private enum Keys: CodingKey { case part, rest }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Keys.self)
            try container.encode(1, forKey: .part)
            var rest = container.nestedUnkeyedContainer(forKey: .rest)
            try rest.encode(2)
            throw Failure()
        }
    }

    /// Goes on where a part of it has thrown.
    private struct Lenient: Codable, Equatable {
        var list = [1, 2]
        var number = 3

        private enum Keys: CodingKey { case failing, deep, list, number }

        init() {}

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Keys.self)
            #expect(container.allKeys.count == 2)
            self.list = try container.decode([Int].self, forKey: .list)
            self.number = try container.decode(Int.self, forKey: .number)
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Keys.self)
            #expect(throws: Failure.self) { try container.encode(Failing(), forKey: .failing) }
            #expect(throws: EncodingError.self) {
                try container.encode(Nested(depth: 9, way: .keyedContainer), forKey: .deep)
            }
            var list = container.nestedUnkeyedContainer(forKey: .list)
            for element in self.list {
                #expect(throws: Failure.self) { try list.encode(Failing()) }
                #expect(throws: EncodingError.self) { try list.encode(Int128.max) }
                try list.encode(element)
            }
            #expect(list.count == self.list.count)
            try container.encode(Second(), forKey: .number)
        }
    }

    /// Encodes itself as another value where the first one has thrown.
    private struct Second: Encodable {
        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            #expect(throws: Failure.self) { try container.encode(Failing()) }
            try container.encode(3)
        }
    }

    @Test func valueThatThrowsLeavesNothingBehind() throws {
        let bytes = try self.codec.encode([Lenient(), Lenient()])
        #expect(try self.codec.decode([Lenient].self, from: bytes) == [Lenient(), Lenient()])
        let one = [0x82, 0xA4] + Array("list".utf8) + [0x92, 1, 2, 0xA6] + Array("number".utf8) + [3]
        #expect(bytes == [0x92] + one + one)
    }
}
