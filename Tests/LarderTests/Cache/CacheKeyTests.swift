import Testing

@testable import Larder

@Suite struct CacheKeyTests {
    @Test(arguments: ["a", " ", "a:b", "é", "猫", "\u{A0}", "\u{A1}", "À", "\u{2028}", "\u{200B}", "\u{10FFFF}"])
    func textWithoutControlCharactersIsAKey(_ name: String) {
        #expect(KeyRules.fault(in: name) == nil)
    }

    @Test func everyControlCharacterIsRefusedWithItsPlace() {
        for code in Array(0...0x1F) + Array(0x7F...0x9F) {
            guard let scalar = Unicode.Scalar(UInt32(code)) else { continue }
            let text = String(Character(scalar))
            #expect(KeyRules.fault(in: text)?.contains("at byte 0") == true, "U+\(String(code, radix: 16))")
            #expect(KeyRules.fault(in: "é" + text + "x")?.contains("at byte 2") == true, "U+\(String(code, radix: 16))")
        }
    }

    @Test func emptyKeyIsRefusedWithASentence() {
        let error = #expect(throws: CacheError.self) { try KeyRules.check("") }
        #expect(error?.code == .invalidKey)
        #expect(error?.message == "a key must not be empty")
    }

    @Test func substringsAndLiteralsMakeTheSameKey() {
        let id = 42
        let key: CacheKey<Int> = "book:\(id)"
        #expect(key == CacheKey("book:42"))
        #expect(key.description == "book:42")
        #expect(key.version == nil)
        #expect(key.version(2).version == 2)
        #expect(key.version(2) != key)
    }
}

@Suite struct CacheNamespaceTests {
    @Test(arguments: [
        "", "a", "a:b", "a:b2", "2", "a:", ":", "a b", "猫", "a:2b", "a:-", "a:+1", "-1", "a*b[c]?\\", "{a}", "a{@b}",
        "}:tag",
    ])
    func textThatKeepsTheRulesIsANamespace(_ name: String) throws {
        #expect(try CacheNamespace(name).name == name)
    }

    @Test(arguments: [
        "a:2", "a:02", "a:-1", "a:b:3", ":1", "@a", "a:@stamp", "a\n", "\u{0}", "a:99999999999999999999", "{@a}",
        "{@a}:tag", "{@", "a}:tag:b",
    ])
    func textThatReadsLikeAnotherNamespacesKeysIsRefused(_ name: String) {
        let error = #expect(throws: CacheError.self) { try CacheNamespace(name) }
        #expect(error?.code == .invalidNamespace)
        #expect(error?.message.contains(name.debugDescription) == true)
    }
}
