import LarderMacros
import Testing

@Suite struct CallKeyTests {
    @Test func argumentsStandBehindTheirLengths() throws {
        #expect(CallKey("f").adding("a|b").adding(3).adding(true).adding(2.5).text == "f|3:a|b|3|true|2.5")
        #expect(CallKey("top", separator: ":").adding("a").adding(UInt8.max).text == "top:1:a:255")
        #expect(try CallKey("f").adding(Int?.none).adding(["a"]).text == "f|4:null|5:[\"a\"]")
        #expect(CallKey("f").adding(type: Int.self).text == "f|9:Swift.Int")
    }

    /// At run time a private type's name has an address in it, which another process does not have.
    @Test func privateTypesAreNamedAfterTheirFile() {
        struct Local {}
        let key = CallKey("f").adding(type: [Private<Local>].self, file: "Shop/Shop.swift").text
        let name = "Shop/Shop.swift.Swift.Array<LarderMacrosTests.Private<LarderMacrosTests.CallKeyTests.Local>>"
        #expect(key == "f|\(name.utf8.count):\(name)")
        #expect(CallKey("f").adding(type: Private<Int>.self).text.contains("CallKeyTests.swift"))
    }

    @Test func controlCharactersAreWrittenAsText() {
        #expect(CallKey("f").adding("a\n\\\u{7F}").text == #"f|10:a\0a\5c\7f"#)
        // U+0085 is C2 85 in UTF-8; U+00E9 is C3 A9, and no control character.
        #expect(CallKey("f").adding("\u{85}é").text == #"f|8:\c2\85é"#)
    }

    @Test func unorderedArgumentsHaveOneKeyInAnyOrder() throws {
        let names = (0..<50).map { "name \($0)" }
        let keys = try (0..<20).map { _ in try CallKey("f").adding(Set(names.shuffled())).text }
        #expect(Set(keys).count == 1)
        let members = try (0..<20).map { _ in
            try CallKey("f").adding(Dictionary(uniqueKeysWithValues: names.shuffled().map { ($0, $0.count) })).text
        }
        #expect(Set(members).count == 1)
    }

    /// Lists of texts that are made of what keys are made of, so that a careless format would confuse them.
    @Test func noTwoListsOfArgumentsReadAlike() {
        var random = SplitMix(state: 7)
        let pieces = ["", "|", ":", "1", "1:", "|1:", "a", "\\", "\\5c", "\u{85}", "\n", "é"]
        var seen: [String: [String]] = [:]
        for _ in 0..<20_000 {
            let list = (0..<Int.random(in: 0...3, using: &random)).map { _ in
                (0..<Int.random(in: 0...3, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
                    .joined()
            }
            let text = list.reduce(CallKey("f")) { $0.adding($1) }.text
            let other = seen.updateValue(list, forKey: text)
            #expect(other == nil || other == list)
            #expect(!text.unicodeScalars.contains { $0.properties.generalCategory == .control })
        }
        #expect(seen.count > 1_000)
    }
}

private struct Private<Value> {}

/// Numbers that look random and are the same in each run: SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
