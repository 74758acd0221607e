import NIOCore
import Testing

@testable import LarderRedisClient

@Suite(.timeLimit(.minutes(1))) struct RESPDecodableTests {
    static func bulk(_ string: String) -> RESPValue { .bulkString(ByteBuffer(string: string)) }

    @Test func scalarsAreTheSameFromBothProtocols() throws {
        #expect(try Double(resp: .double(1.5)) == 1.5)
        #expect(try Double(resp: Self.bulk("1.5")) == 1.5)
        #expect(try Double(resp: Self.bulk("inf")) == .infinity)
        #expect(try Double(resp: .integer(3)) == 3)
        #expect(try Bool(resp: .boolean(true)))
        #expect(try Bool(resp: .integer(1)))
        #expect(try Bool(resp: .integer(0)) == false)
        #expect(try Int(resp: .integer(42)) == 42)
        #expect(try Int(resp: Self.bulk("-42")) == -42)
        #expect(try UInt64(resp: Self.bulk("18446744073709551615")) == .max)
        #expect(try String(resp: .double(3)) == "3")
        #expect(try String(resp: Self.bulk("3")) == "3")
        #expect(try String(resp: .verbatimString(format: "txt", ByteBuffer(string: "a"))) == "a")
        #expect(try [UInt8](resp: Self.bulk("ab")) == [0x61, 0x62])
        #expect(try String?(resp: .null) == nil)
    }

    @Test func collectionsAreTheSameFromBothProtocols() throws {
        let flat = RESPValue.array([Self.bulk("a"), .integer(1), Self.bulk("b"), .integer(2)])
        let map = RESPValue.map([
            .init(key: Self.bulk("a"), value: .integer(1)), .init(key: Self.bulk("b"), value: .integer(2)),
        ])
        let pairs = RESPValue.array([.array([Self.bulk("a"), .integer(1)]), .array([Self.bulk("b"), .integer(2)])])
        for value in [flat, map, pairs] {
            #expect(try [String: Int](resp: value) == ["a": 1, "b": 2])
        }
        #expect(try [String](resp: map) == ["a", "1", "b", "2"])
        #expect(try [String?](resp: .array([Self.bulk("a"), .null])) == ["a", nil])
        #expect(try [String: String?](resp: .array([Self.bulk("a"), .null])) == ["a": nil])
    }

    @Test func anotherTypeIsAnErrorThatNamesNoValue() {
        for value in [Self.bulk("secret"), .simpleString("secret"), .array([Self.bulk("secret")])] {
            #expect {
                _ = try Int(resp: value)
            } throws: { error in
                (error as? RedisError)?.code == .unexpectedReply && !"\(error)".contains("secret")
            }
        }
        #expect(throws: RedisError.self) { try Int(resp: .null) }
        #expect(throws: RedisError.self) { try [String: Int](resp: .array([.integer(1)])) }
        #expect(throws: RedisError.self) { try UInt64(resp: .integer(-1)) }
        #expect(throws: RedisError.self) { try String(resp: .bulkString(ByteBuffer(bytes: [0xFF, 0xFE]))) }
    }
}
