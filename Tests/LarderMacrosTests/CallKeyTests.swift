import Foundation
import LarderMacros
import LarderTesting
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

    /// What holds sets and dictionaries, at several depths.
    private struct Unordered: Codable {
        var names: Set<String>
        var counts: [String: Int]
        var dates: [Date: Set<Int>]
        var nested: [[Set<String>?]]
        var numbers: [Int: Double]
    }

    /// Sets and dictionaries keep their elements in an order that depends on where they lie and how they have grown.
    @Test func unorderedArgumentsHaveOneKeyInAnyOrder() throws {
        let names = (0..<50).map { "name \($0)" }
        var orders: Set<[String]> = []
        var keys: Set<String> = []
        for _ in 0..<20 {
            let shuffled = names.shuffled()
            var set = Set<String>(minimumCapacity: Int.random(in: 0...1_000))
            for name in shuffled { set.insert(name) }
            orders.insert(Array(set))
            var counts: [String: Int] = [:]
            var dates: [Date: Set<Int>] = [:]
            for name in shuffled {
                counts[name] = name.count
                dates[Date(timeIntervalSince1970: Double(name.dropFirst(5)) ?? 0)] = Set((0..<20).shuffled())
            }
            let argument = Unordered(
                names: set,
                counts: counts,
                dates: dates,
                nested: [[set, nil]],
                numbers: Dictionary(uniqueKeysWithValues: (0..<20).shuffled().map { ($0, Double($0)) })
            )
            keys.insert(try CallKey("f").adding(argument).adding(set).adding(counts).adding(dates).text)
        }
        #expect(orders.count > 1)
        #expect(keys.count == 1)
    }

    @Test func argumentsAreWrittenAsTheyAreInAnyCodec() throws {
        func text(_ argument: some Encodable) throws -> String { try CallKey("").adding(argument).text }
        #expect(try text(Date(timeIntervalSinceReferenceDate: 0.5)) == "|3:0.5")
        #expect(try text([Double.nan, .infinity, -.infinity]) == "|14:[nan,inf,-inf]")
        #expect(try text([Float.nan, 0.1]) == "|9:[nan,0.1]")
        #expect(try text(["nan"]) == #"|7:["nan"]"#)
        #expect(try text(Data([1, 2])) == #"|6:"AQI=""#)
        #expect(try text(URL(string: "https://a.org/b")) == #"|17:"https://a.org/b""#)
        #expect(try text(Decimal(string: "1.50")) == "|3:1.5")
        #expect(try text([Int128.max]) == "|41:[170141183460469231731687303715884105727]")
        #expect(try text(["b": [1: true], "a\"": [:]]) == #"|27:{"a\5c"":{},"b":{"1":true}}"#)
        #expect(try text([1.5: "x", 0.5: "y"]) == #"|21:[[0.5,"y"],[1.5,"x"]]"#)
        #expect(try text(Int??.some(nil)) == "|6:[null]")
        #expect(try text(Int??.none) == "|4:null")
        #expect(try text(Int???.some(.some(nil))) == "|8:[[null]]")
        #expect(try text([Int?.some(1), nil]) == "|8:[1,null]")
    }

    private class Animal: Encodable {
        let name = "Murr"
    }

    private final class Cat: Animal {
        enum Keys: CodingKey { case lives, toys, home }

        override func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Keys.self)
            var toys = container.nestedUnkeyedContainer(forKey: .toys)
            try toys.encodeNil()
            try container.encode(9, forKey: .lives)
            var home = toys.nestedContainer(keyedBy: Keys.self)
            try home.encode(Optional(1), forKey: .home)
            try super.encode(to: toys.superEncoder())
            #expect(toys.count == 3)
            try super.encode(to: container.superEncoder())
        }
    }

    private class Named: Encodable {
        enum Keys: CodingKey { case attributes, name, category }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Keys.self)
            var attributes = container.nestedContainer(keyedBy: Keys.self, forKey: .attributes)
            try attributes.encode("Murr", forKey: .name)
        }
    }

    private final class Filed: Named {
        private let category: String

        init(_ category: String) { self.category = category }

        override func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Keys.self)
            var attributes = container.nestedContainer(keyedBy: Keys.self, forKey: .attributes)
            try attributes.encode(self.category, forKey: .category)
            try super.encode(to: encoder)
        }
    }

    @Test func containersOfOneNameAreOne() throws {
        let text = #"{"attributes":{"category":"novel","name":"Murr"}}"#
        #expect(try CallKey("f").adding(Filed("novel")).text == "f|\(text.utf8.count):\(text)")
    }

    @Test func containersMayBeWrittenInTurns() throws {
        let text = #"{"lives":9,"super":{"name":"Murr"},"toys":[null,{"home":1},{"name":"Murr"}]}"#
        #expect(try CallKey("f").adding(Cat()).text == "f|\(text.utf8.count):\(text)")
    }

    /// Lists of texts that are made of what keys are made of, so that a careless format would confuse them.
    @Test func noTwoListsOfArgumentsReadAlike() {
        var random = SeededGenerator(seed: 7)
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
