import Foundation
import Testing

@testable import Larder

@Suite struct ValueCodingTests {
    struct Book: Codable, Sendable, Equatable {
        var title: String
        var year: Int?
    }

    private static let key = StoreKey(version: 1, name: "key")

    private func coder<Value: Codable & Sendable>(_ type: Value.Type) -> ValueCoder<Value> {
        let counters = CounterStorage(cache: "test", store: "test")
        let transforms = EntryTransforms(namespace: "test", compression: nil, sealer: nil)
        return ValueCoder(reference: CodecReference(JSONCodec(), transforms, counters: counters))
    }

    private func encoded<Value: Codable & Sendable>(_ value: Value) throws -> EncodedValue {
        guard case .object(let box) = self.coder(Value.self).entry(for: value) else {
            throw Failure()
        }
        return try self.coder(Value.self).encode(box, for: Self.key)
    }

    private func read<Value: Codable & Sendable>(_ codec: CodecID, _ text: String, as type: Value.Type) -> Value? {
        let encoded = EncodedValue(codec: codec, bytes: Array(text.utf8))
        return try? self.coder(type).value(of: .encoded(encoded), at: Self.key)
    }

    @Test func textAndBytesAreKeptAsTheyAre() throws {
        #expect(try self.encoded("né") == EncodedValue(codec: .text, bytes: [0x6E, 0xC3, 0xA9]))
        #expect(try self.encoded("") == EncodedValue(codec: .text, bytes: []))
        #expect(try self.encoded([1, 2] as [UInt8]) == EncodedValue(codec: .bytes, bytes: [1, 2]))
        #expect(try self.encoded(Data([3])) == EncodedValue(codec: .bytes, bytes: [3]))
        #expect(try self.encoded(String?.some("x")) == EncodedValue(codec: .text, bytes: [0x78]))
        #expect(try self.encoded(Data?.some(Data([3]))) == EncodedValue(codec: .bytes, bytes: [3]))
    }

    @Test func everythingElseGoesThroughTheCodec() throws {
        #expect(try self.encoded(true) == EncodedValue(codec: .json, bytes: Array("true".utf8)))
        #expect(try self.encoded([1, 2]) == EncodedValue(codec: .json, bytes: Array("[1,2]".utf8)))
        #expect(try self.encoded(UInt64.max) == EncodedValue(codec: .json, bytes: Array("18446744073709551615".utf8)))
        #expect(try self.encoded(Book?.some(Book(title: "a"))).codec == .json)
    }

    @Test func emptyCollectionsAreNotTakenForBytesOrText() throws {
        #expect(try self.encoded([Int]()) == EncodedValue(codec: .json, bytes: Array("[]".utf8)))
        #expect(try self.encoded([Book]()) == EncodedValue(codec: .json, bytes: Array("[]".utf8)))
        #expect(try self.encoded([String: Int]()) == EncodedValue(codec: .json, bytes: Array("{}".utf8)))
        #expect(self.read(.bytes, "", as: [Int].self) == nil)
        #expect(self.read(.bytes, "", as: [Book].self) == nil)
        #expect(self.read(.bytes, "", as: [UInt8].self) == [])
    }

    @Test func integersAreIntegersInTheStore() {
        func integer<Value: Codable & Sendable>(_ value: Value) -> Int64? {
            if case .integer(let integer) = self.coder(Value.self).entry(for: value) { integer } else { nil }
        }
        #expect(integer(Int8.min) == -128)
        #expect(integer(UInt64(Int64.max)) == .max)
        #expect(integer(UInt64(Int64.max) + 1) == nil)
        #expect(integer(Int?.some(5)) == 5)
        #expect(integer(true) == nil)
        #expect(integer(1.0) == nil)
    }

    @Test func integerInTheStoreIsReadByTypesThatHoldIt() throws {
        #expect(try self.coder(Int.self).value(of: .integer(300), at: Self.key) == 300)
        #expect(try self.coder(UInt16.self).value(of: .integer(300), at: Self.key) == 300)
        #expect(try self.coder(Int?.self).value(of: .integer(300), at: Self.key) == 300)
        #expect((try? self.coder(Int8.self).value(of: .integer(300), at: Self.key)) == nil)
        #expect((try? self.coder(UInt.self).value(of: .integer(-1), at: Self.key)) == nil)
        #expect((try? self.coder(String.self).value(of: .integer(300), at: Self.key)) == nil)
        #expect((try? self.coder(Double.self).value(of: .integer(300), at: Self.key)) == nil)
        #expect((try? self.coder(Bool.self).value(of: .integer(1), at: Self.key)) == nil)
    }

    @Test func nilIsReadByOptionalTypesOnly() throws {
        #expect(try self.coder(String?.self).value(of: .null, at: Self.key) == nil)
        #expect(try self.coder(Int?.self).value(of: .null, at: Self.key) == nil)
        #expect((try? self.coder(String.self).value(of: .null, at: Self.key)) == nil)
        guard case .null = self.coder(Book?.self).entry(for: nil) else {
            Issue.record("nil is not null")
            return
        }
    }

    @Test func bytesOfAnotherTypeAreAnErrorNotACrash() {
        #expect(self.read(.json, "{\"title\":\"a\"}", as: Book.self) == Book(title: "a"))
        #expect(self.read(.json, "{\"titel\":\"a\"}", as: Book.self) == nil)
        #expect(self.read(.json, "", as: Book.self) == nil)
        #expect(self.read(.json, "\u{0}", as: Book.self) == nil)
        #expect(self.read(.json, String(repeating: "[", count: 100_000), as: [Int].self) == nil)
        #expect(self.read(.text, "{\"title\":\"a\"}", as: Book.self) == nil)
        #expect(self.read(.text, "a", as: [UInt8].self) == nil)
        #expect(self.read(.json, "\"a\"", as: String.self) == "a")
        #expect(self.read(.json, "\"a\"", as: Int.self) == nil)
        #expect(self.read(CodecID(custom: 200), "x", as: Book.self) == nil)
        let broken = EncodedValue(codec: .text, bytes: [0xC3, 0x28])
        #expect((try? self.coder(String.self).value(of: .encoded(broken), at: Self.key)) == nil)
        #expect((try? self.coder(String?.self).value(of: .encoded(broken), at: Self.key)) == nil)
    }

    @Test func entriesOfEveryBuiltInCodecAreRead() throws {
        let codecs: [any CacheCodec] = [JSONCodec(), MessagePackCodec(), PropertyListCodec()]
        #expect(codecs.map(\.id) == [.json, .messagePack, .propertyList])
        let book = Book(title: "Emma", year: 1_815)
        for codec in codecs {
            let encoded = EncodedValue(codec: codec.id, bytes: try codec.encode(book))
            #expect(try self.coder(Book.self).value(of: .encoded(encoded), at: Self.key) == book)
            #expect(try self.coder(Book?.self).value(of: .encoded(encoded), at: Self.key) == book)
            // Under another's mark they are nothing.
            for other in codecs where other.id != codec.id {
                let mislabelled = EncodedValue(codec: other.id, bytes: encoded.bytes)
                #expect((try? self.coder(Book.self).value(of: .encoded(mislabelled), at: Self.key)) == nil)
            }
        }
    }

    @Test func codecOfOnesOwnIsAskedBeforeTheBuiltInOnes() throws {
        struct Shouting: CacheCodec {
            let id = CodecID.json

            func encode<Wanted: Encodable>(_ value: Wanted) throws -> [UInt8] { try JSONCodec().encode(value) }

            func decode<Wanted: Decodable>(_ type: Wanted.Type, from bytes: [UInt8]) throws -> Wanted {
                throw Failure()
            }
        }
        let counters = CounterStorage(cache: "test", store: "test")
        let transforms = EntryTransforms(namespace: "test", compression: nil, sealer: nil)
        let reference = CodecReference(Shouting(), transforms, counters: counters)
        let coder = ValueCoder<Book>(reference: reference)
        let json = EncodedValue(codec: .json, bytes: Array("{\"title\":\"a\"}".utf8))
        #expect(throws: CacheError.self) { try coder.value(of: .encoded(json), at: Self.key) }
    }

    @Test func errorsCarryNothingOfTheValue() throws {
        enum Status: String, Codable { case open }
        struct Account: Codable { let statuses: [String: Status] }
        struct Number: Codable { let value: Int8 }
        let account = Array("{\"statuses\":{\"hunter2\":\"hunter2\"}}".utf8)
        let first = #expect(throws: CacheError.self) {
            try self.coder(Account.self).value(of: .encoded(EncodedValue(codec: .json, bytes: account)), at: Self.key)
        }
        let number = Array("{\"value\":1234567}".utf8)
        let second = #expect(throws: CacheError.self) {
            try self.coder(Number.self).value(of: .encoded(EncodedValue(codec: .json, bytes: number)), at: Self.key)
        }
        struct Secret: Codable {
            let text: String
            func encode(to encoder: any Encoder) throws {
                throw EncodingError.invalidValue(self, .init(codingPath: [], debugDescription: self.text))
            }
        }
        let third = #expect(throws: CacheError.self) { try self.encoded(Secret(text: "hunter2")) }
        for error in [first, second, third] {
            let text = "\(String(describing: error)) \(String(reflecting: error?.underlying))"
            #expect(!text.contains("hunter2"))
            #expect(!text.contains("1234567"))
        }
    }

    @Test func valueThatCannotBeEncodedIsATypedError() async throws {
        let error = #expect(throws: CacheError.self) { try self.encoded(Double.nan) }
        #expect(error?.code == .encodingFailed)
        #expect(throws: CacheError.self) { try self.encoded(Int??.some(nil)) }
    }
}
