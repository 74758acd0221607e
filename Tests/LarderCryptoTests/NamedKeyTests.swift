import Larder
import LarderCrypto
import Testing

/// Keys and sealers as configurations name them.
@Suite struct NamedKeyTests {
    private static func key(_ name: String, _ byte: UInt8 = 7) -> SealingKeys.Key {
        SealingKeys.Key(name: name, bytes: Array(repeating: byte, count: 32))
    }

    /// `printf main | sha256sum | cut -c1-8`, as other programs find it: what is sealed must stay readable.
    @Test(arguments: [("main", 0x0D6E_4079), ("summer", 0xE836_6425)] as [(String, UInt32)])
    func aKeysNumberIsTheBeginningOfItsNamesHash(_ name: String, _ number: UInt32) throws {
        #expect(try SealingKey(Self.key(name)).number == number)
    }

    @Test func theCurrentKeySealsAndAllOpen() throws {
        let old = try #require(try Sealers.named["aes-gcm"]?(SealingKeys(current: Self.key("spring", 1))))
        let keys = SealingKeys(current: Self.key("summer", 2), previous: [Self.key("spring", 1)])
        let new = try #require(try Sealers.named["aes-gcm"]?(keys))
        let sealed = try old.seal([1, 2, 3], boundTo: [9])
        #expect(try new.open(sealed, boundTo: [9]) == [1, 2, 3])
        let sealedByNew = try new.seal([1, 2, 3], boundTo: [9])
        #expect(throws: SealError.self) { _ = try old.open(sealedByNew, boundTo: [9]) }
    }

    @Test func eachNameIsItsSealer() throws {
        let keys = SealingKeys(current: Self.key("main"))
        var ids: [String: SealID] = [:]
        for (name, make) in Sealers.named { ids[name] = try make(keys).id }
        #expect(ids == ["aes-gcm": .aesGCM, "chacha20-poly1305": .chaChaPoly, "hmac-sha256": .hmacSHA256])
    }

    @Test func wrongKeysAreRefusedByNameAndNotShown() throws {
        let short = SealingKeys.Key(name: "main", bytes: Array("geheim".utf8))
        let error = #expect(throws: CacheError.self) { _ = try KeyRing(SealingKeys(current: short)) }
        #expect(error?.message == "the key \"main\" has 6 bytes; accepted are 32")
        let twice = SealingKeys(current: Self.key("main"), previous: [Self.key("main", 8)])
        let other = #expect(throws: CacheError.self) { _ = try KeyRing(twice) }
        #expect(other?.message == "the key \"main\" is there twice; accepted is each key once")
        var dumped = ""
        dump(short, to: &dumped)
        #expect("\(short)" == "the key \"main\" (redacted)")
        #expect(!dumped.contains("103") && !dumped.contains("geheim"))
    }
}
