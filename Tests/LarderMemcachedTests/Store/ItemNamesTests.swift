import Larder
import Testing

@testable import LarderMemcached

@Suite struct ItemNamesTests {
    private static func name(_ namespace: CacheNamespace, _ key: String, version: Int = 1) -> ItemNames.ItemName {
        ItemNames(namespace).entry(StoreKey(version: version, name: key))
    }

    /// As Django names them: interop/vectors/django-memcached.
    @Test func ordinaryKeysAreNamedAsDjangoNamesThem() {
        #expect(Self.name("", "k") == .init(text: ":1:k"))
        #expect(Self.name("app", "k", version: 2) == .init(text: "app:2:k"))
        #expect(Self.name("", "é") == .init(text: ":1:é"))
        #expect(ItemNames("app").stamp == "@app:stamp")
        #expect(ItemNames("app").tag("books") == "@app:tag:books")
    }

    @Test func whatMemcachedRefusesIsReplacedAndKeptInTheItem() {
        let long = String(repeating: "k", count: 250)
        for key in [long, "a b", "#a", "\u{85} "] {
            let name = Self.name("app", key)
            #expect(name.text.hasPrefix("app:1:#"))
            #expect(name.text.utf8.count == 39)
            #expect(name.whole == Array("app:1:\(key)".utf8))
            #expect(MetaRequest.isFit(name.text))
            #expect(ItemNames("app").parse(name.text) == .replaced)
            #expect(ItemNames("app").parse(whole: name.whole ?? []) == StoreKey(version: 1, name: key))
        }
        #expect(Self.name("app", String(repeating: "k", count: 244)).whole == nil)
        #expect(Self.name("app", String(repeating: "k", count: 245)).whole != nil)
    }

    @Test(arguments: ["two words", "#x", "a#b", "ns", "", ":", "*", "é"])
    func everyNameOfEveryNamespaceIsFit(_ namespace: CacheNamespace) throws {
        let names = ItemNames(namespace)
        for key in ["k", "a b", String(repeating: "é", count: 300)] {
            let name = names.entry(StoreKey(version: .min, name: key))
            #expect(MetaRequest.isFit(name.text))
            #expect(name.text.hasPrefix(names.prefix))
            #expect(MetaRequest.isFit(names.tag(key)))
        }
        #expect(MetaRequest.isFit(names.stamp))
    }

    @Test func namespaceOfAnyLengthIsFit() throws {
        for length in [149, 150, 151, 240, 250] {
            let namespace = try CacheNamespace(String(repeating: "n", count: length))
            let names = ItemNames(namespace)
            #expect(
                MetaRequest.isFit(names.entry(StoreKey(version: .min, name: String(repeating: "k", count: 100))).text)
            )
            #expect(MetaRequest.isFit(names.tag(String(repeating: "t", count: 250))))
        }
    }

    @Test func namesOfOthersAreNotTakenForOurs() {
        let names = ItemNames("app")
        for text in ["app:01:k", "app:+1:k", "app:x:k", "app:1:", "app:1", "other:1:k", "app:sub:1:k", "@app:stamp"] {
            #expect(names.parse(text) == nil, "\(text)")
        }
        #expect(names.parse("app:-1:a:b") == .entry(StoreKey(version: -1, name: "a:b")))
        #expect(names.parse(whole: Array("other:1:k".utf8)) == nil)
        #expect(names.parse(whole: [0xFF, 0xFE]) == nil)
    }
}
