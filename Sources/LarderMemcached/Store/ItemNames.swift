import Larder

/// How the items of a namespace are named in memcached.
///
/// An entry is `namespace:version:key`, as Django names it; its lease is in the same item. What belongs to the namespace as a whole
/// begins with `@`, as no entry of any namespace does: the stamp, `@namespace:stamp`, and the records of its tags, `@namespace:tag:tag`.
///
/// memcached takes names of 250 bytes without spaces and control characters. Of what does not fit, a part is replaced by its MD5
/// behind a `#`: the namespace (`#…:version:key`), the key (`namespace:version:#…`), the tag. A key that begins with `#` is replaced
/// as well, so that none is mistaken for such a name. An entry with a replaced key has its whole name in the item, so that two
/// names with one MD5 are misses to each other.
struct ItemNames: Sendable {
    /// The namespace as it stands in names.
    private let namespace: String
    private let name: String
    let stamp: String

    /// A namespace that is longer is replaced, so that versions and digests have room behind it.
    private static let longestNamespace = 150

    init(_ namespace: CacheNamespace) {
        let name = namespace.name
        self.name = name
        let isFit =
            name.utf8.count <= Self.longestNamespace && !name.hasPrefix("#")
            && name.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
        self.namespace = isFit ? name : Self.digest(of: name)
        self.stamp = "@\(self.namespace):stamp"
    }

    private static func digest(of text: String) -> String { "#\(MD5(text).hexadecimal)" }

    /// An item's name.
    struct ItemName: Sendable, Hashable {
        /// As memcached has it.
        var text: String
        /// The entry's whole name, where that is not it.
        var whole: [UInt8]?
    }

    /// The name of an entry's item.
    func entry(_ key: StoreKey) -> ItemName {
        let text = "\(self.namespace):\(key.version):\(key.name)"
        if key.name.utf8.first != UInt8(ascii: "#"), MetaRequest.isFit(text) { return ItemName(text: text) }
        let whole = "\(self.name):\(key.version):\(key.name)"
        return ItemName(text: "\(self.namespace):\(key.version):\(Self.digest(of: whole))", whole: Array(whole.utf8))
    }

    /// The name of the record of a tag.
    ///
    /// Tags with one MD5 would share a record, and be invalidated together.
    func tag(_ name: String) -> String {
        let text = "@\(self.namespace):tag:\(name)"
        if name.utf8.first != UInt8(ascii: "#"), MetaRequest.isFit(text) { return text }
        return "@\(self.namespace):tag:\(Self.digest(of: name))"
    }

    // MARK: Looking for entries

    /// What a name on a server stands for.
    enum Finding: Sendable, Hashable {
        case entry(StoreKey)
        /// An entry whose own name is in the item.
        case replaced
    }

    /// What the names of all entries begin with.
    var prefix: String { self.namespace + ":" }

    /// What a name stands for; `nil` where it is none of this namespace's entries.
    func parse(_ name: String) -> Finding? {
        guard let (version, key) = Self.split(name, behind: self.prefix) else { return nil }
        if key.utf8.first == UInt8(ascii: "#") { return .replaced }
        return .entry(StoreKey(version: version, name: key))
    }

    /// The entry that a whole name stands for; `nil` where it is none of this namespace's.
    func parse(whole bytes: [UInt8]) -> StoreKey? {
        guard let name = String(validating: bytes, as: UTF8.self),
            let (version, key) = Self.split(name, behind: self.name + ":")
        else { return nil }
        return StoreKey(version: version, name: key)
    }

    private static func split(_ name: String, behind prefix: String) -> (version: Int, key: String)? {
        guard name.utf8.starts(with: prefix.utf8) else { return nil }
        let rest = name.utf8.dropFirst(prefix.utf8.count)
        guard let colon = rest.firstIndex(of: UInt8(ascii: ":")),
            let version = Int(Substring(rest[..<colon])),
            // `+1` and `01` are numbers too, and belong to other namespaces.
            rest[..<colon].elementsEqual(String(version).utf8),
            let key = String(rest[rest.index(after: colon)...]), !key.isEmpty
        else { return nil }
        return (version, key)
    }
}
