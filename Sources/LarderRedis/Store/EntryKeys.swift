import Larder

/// How the entries of a namespace are named in Redis.
///
/// An entry is `namespace:version:key`, as Django names it. Its lease lies in the same slot of a cluster: `key:lease` where
/// the entry's name has a hash tag, else `{key}:lease`.
///
/// What is written for replicas to acknowledge has a name with `:lease:lease` at its end; see ``AcknowledgedSender``.
///
/// What belongs to the namespace as a whole lies in one slot of a cluster, its home: the stamp, `{@namespace}:stamp`, the
/// serial, `{@namespace}:serial`, the records of its tags, `{@namespace}:tag:tag`, and where losses make it cold its servers,
/// `{@namespace}:servers`. These are no names of entries or
/// leases, and no other namespace's: none begins with `@` or `{@`, or contains `}:tag:`.
struct EntryKeys: Sendable {
    let prefix: String
    let stamp: String
    let serial: String
    /// The identities of the servers under which the namespace is valid; see ``LossGate``.
    let servers: String
    private let tagPrefix: String

    init(_ namespace: CacheNamespace) {
        self.prefix = namespace.name + ":"
        self.stamp = "{@\(namespace.name)}:stamp"
        self.serial = "{@\(namespace.name)}:serial"
        self.servers = "{@\(namespace.name)}:servers"
        self.tagPrefix = "{@\(namespace.name)}:tag:"
    }

    /// The keys that scripts in the namespace's home slot have to know; the names of tags' records they make themselves.
    var home: [String] { [self.stamp, self.serial] }

    /// The name of a tag's record.
    ///
    /// The scripts make it from the stamp's name: see ``EntryScripts``.
    func tag(_ name: String) -> String { self.tagPrefix + name }

    /// The channel on which the end of a lease is told: it has the name of the lease's key.
    ///
    /// Channels belong to the whole server, whichever database the keys are in: who listens has to look at the key again.
    static func channel(ofLease lease: String) -> String { lease }

    func entry(_ key: StoreKey) -> String {
        "\(self.prefix)\(key.version):\(key.name)"
    }

    /// The name of an entry's lease.
    ///
    /// - Throws: `CacheError` with `.invalidKey` where no name would lie in the entry's slot.
    func lease(of entry: String, _ key: StoreKey) throws -> String {
        if Self.hasHashTag(entry) {
            if key.name.utf8.suffix(6).elementsEqual(":lease".utf8) {
                throw CacheError(
                    .invalidKey,
                    "in Redis, a key with a hash tag must not end in \":lease\": that is the name of a lease",
                    key: key.name
                )
            }
            return entry + ":lease"
        }
        if entry.utf8.contains(UInt8(ascii: "}")) {
            throw CacheError(
                .invalidKey,
                "in Redis, a key with a \"}\" needs a \"{\" before it, with something between the two",
                key: key.name
            )
        }
        return "{\(entry)}:lease"
    }

    /// Whether a key is one that this store could have written.
    func isOurs(_ key: StoreKey) -> Bool {
        (try? self.lease(of: self.entry(key), key)) != nil
    }

    /// The entry that a name stands for; `nil` where it is none of this namespace.
    func parse(_ name: String) -> StoreKey? {
        guard name.utf8.starts(with: self.prefix.utf8) else { return nil }
        let rest = name.utf8.dropFirst(self.prefix.utf8.count)
        guard let colon = rest.firstIndex(of: UInt8(ascii: ":")),
            let version = Int(Substring(rest[..<colon])),
            // `+1` and `01` are numbers too, and belong to other namespaces.
            rest[..<colon].elementsEqual(String(version).utf8),
            let key = String(rest[rest.index(after: colon)...]), !key.isEmpty
        else { return nil }
        return StoreKey(version: version, name: key)
    }

    /// The entry whose lease has a name; `nil` where it is none of this namespace.
    func parseLease(_ name: String) -> StoreKey? {
        let ending = ":lease"
        guard name.utf8.count > ending.utf8.count, name.utf8.suffix(ending.utf8.count).elementsEqual(ending.utf8)
        else { return nil }
        let stem = name.utf8.dropLast(ending.utf8.count)
        // `{entry}:lease`, or `entry:lease` where the entry has a hash tag, with which it may begin.
        let candidates = [stem.dropFirst().dropLast(), stem].compactMap { String($0) }
        for entry in candidates {
            if let key = self.parse(entry), let lease = try? self.lease(of: entry, key),
                lease.utf8.elementsEqual(name.utf8)
            {
                return key
            }
        }
        return nil
    }

    /// The pattern that the leases of the namespace match, and maybe others.
    var leasePattern: String { "*\(GlobPattern.escaping(self.prefix).text)*:lease" }

    /// The pattern that all entries match whose own text matches `pattern`.
    ///
    /// Others may match it too: what it finds has to be parsed and matched again.
    func scanPattern(_ pattern: GlobPattern) -> String {
        "\(GlobPattern.escaping(self.prefix).text)*:\(pattern.text)"
    }

    /// Whether Redis takes a part of the name for its hash tag: what stands between the first `{` and the first `}` after
    /// it, if that is something.
    static func hasHashTag(_ name: String) -> Bool {
        guard let open = name.utf8.firstIndex(of: UInt8(ascii: "{")) else { return false }
        let inside = name.utf8[name.utf8.index(after: open)...]
        guard let close = inside.firstIndex(of: UInt8(ascii: "}")) else { return false }
        return close != inside.startIndex
    }
}
