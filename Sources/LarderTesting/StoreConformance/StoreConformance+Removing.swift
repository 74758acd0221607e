import Larder

/// What takes entries away, and what it leaves.
extension StoreConformance {
    static let removing: [StoreCheck] = [
        StoreCheck("remove says whether there was an entry") { run in
            let key = CacheKey<Int>("k")
            try run.expect(try await run.cache.remove(key), false, "remove of nothing")
            try await run.cache.set(key, to: 1)
            try run.expect(try await run.cache.remove(key), "remove of an entry")
            try run.expect(try await run.cache.contains(key), false, "contains after that")
            try run.expect(try await run.cache.remove(key), false, "remove once more")
            try await run.cache.setMany(["a": 1, "b": 2] as [CacheKey<Int>: Int])
            let names = ["a", "b", "c", "a"].map { CacheKey<Int>($0) }
            try run.expect(try await run.cache.removeMany(names), 2, "removeMany")
        },
        StoreCheck("clear leaves every verb without an entry, and later writes work") { run in
            try await run.writeAll(into: run.cache, ttl: nil)
            try await run.cache.clear()
            try await run.expectAbsence(in: run.cache, "an entry before clear")
            try run.expect(try await run.cache.get(CacheKey<Int>("add")), 2, "an entry written after clear")
            try await run.cache.clear()
            try run.expect(try await run.cache.contains(CacheKey<Int>("add")), false, "that entry after another clear")
            try await run.cache.set(CacheKey<Int>("add"), to: 5)
            try run.expect(try await run.cache.entryCount(), 1, "entries after both")
        },
        StoreCheck("clear reaches every version, and removal one") { run in
            let key = CacheKey<Int>("k")
            for version in [-1, 0, 1, 2, 1_000] { try await run.cache.set(key.version(version), to: version) }
            for version in [-1, 0, 1, 2, 1_000] {
                try run.expect(try await run.cache.get(key.version(version)), version, "version \(version)")
            }
            try run.expect(try await run.cache.remove(key.version(2)), "remove of version 2")
            try run.expect(try await run.cache.get(key), 1, "version 1 after that")
            try await run.cache.clear()
            for version in [-1, 0, 1, 2, 1_000] {
                let value = try await run.cache.get(key.version(version))
                try run.expect(value, nil, "version \(version) after clear")
            }
        },
        StoreCheck("namespaces do not touch each other, even where one's name begins the other's") { run in
            let suffixes = ["", ":b", ":b:c", "b", ":", "::", "*", "?"]
            for suffix in suffixes {
                for other in suffixes { try await run.cache(other).set(CacheKey<String>("k"), to: other) }
                try await run.cache(suffix).clear()
                for other in suffixes {
                    let value = try await run.cache(other).get(CacheKey<String>("k"))
                    try run.expect(value, other == suffix ? nil : other, "\(other) after clear of \(suffix)")
                }
                try await run.cache(suffix).set(CacheKey<String>("k"), to: suffix)
                let removed = try await run.cache(suffix).removeAll(matching: "*")
                try run.expect(removed, 1, "what removeAll of \(suffix) removed")
                for other in suffixes where other != suffix {
                    let value = try await run.cache(other).get(CacheKey<String>("k"))
                    try run.expect(value, other, "\(other) after removeAll of \(suffix)")
                }
            }
        },
        StoreCheck("caches of one namespace share their entries") { run in
            let other = try run.cache()
            let key = CacheKey<Int>("k")
            try await run.cache.set(key, to: 1)
            try run.expect(try await other.get(key), 1, "the other cache's view after set")
            try await other.remove(key)
            try run.expect(try await run.cache.get(key), nil, "this cache's view after remove")
            try await other.set(key, to: 2)
            try await run.cache.clear()
            try run.expect(try await other.get(key), nil, "the other cache's view after clear")
        },
    ]

    static let walking: [StoreCheck] = [
        StoreCheck("keys and removeAll take just what their pattern says") { run in
            let names = [
                "book:1", "book:2", "book:10", "bo*k:1", "bo?k:1", "bo[o]k:1", "bo\\ok:1", "Book:1", "shelf:1",
            ]
            let expectations: [(GlobPattern, [String])] = [
                ("*", names),
                ("book:*", ["book:1", "book:2", "book:10"]),
                ("book:?", ["book:1", "book:2"]),
                ("bo?k:1", ["book:1", "bo*k:1", "bo?k:1"]),
                ("bo[o*]k:1", ["book:1", "bo*k:1"]),
                ("bo[^o]k:1", ["bo*k:1", "bo?k:1"]),
                ("[a-c]ook:1", ["book:1"]),
                ("bo\\*k:1", ["bo*k:1"]),
                ("bo\\?k:1", ["bo?k:1"]),
                ("bo\\[o\\]k:1", ["bo[o]k:1"]),
                ("bo\\\\ok:1", ["bo\\ok:1"]),
                ("nothing", []),
                ("", []),
                ("book", []),
            ]
            for (pattern, expected) in expectations {
                for name in names { try await run.cache.set(CacheKey<Int>(name), to: 1) }
                let found = try await run.keys(run.cache, pattern)
                try run.expect(found, expected.sorted(), "keys that match \(pattern)")
                let removed = try await run.cache.removeAll(matching: pattern)
                try run.expect(removed, expected.count, "how many removeAll of \(pattern) removed")
                let left = try await run.keys(run.cache)
                try run.expect(left, names.filter { !expected.contains($0) }.sorted(), "what \(pattern) left")
            }
            for name in names {
                for other in names { try await run.cache.set(CacheKey<Int>(other), to: 1) }
                let pattern = GlobPattern.escaping(name)
                try run.expect(try await run.keys(run.cache, pattern), [name], "keys of \(name), escaped")
            }
        },
        StoreCheck("glob characters in a namespace are just characters") { run in
            for suffix in ["a*b", "a?b", "a[b", "a[x]b", "a\\b", "a^b", "a-b", "*", "[", "\\", "a]b"] {
                let cache = try run.cache(suffix)
                let others = try ["aXb", "axb", "ab", "a\\\\b", ""].map { try run.cache($0) }
                for other in others { try await other.set(CacheKey<Int>("k"), to: 1) }
                try await cache.setMany(["k": 1, "l": 2] as [CacheKey<Int>: Int])
                try run.expect(try await run.keys(cache), ["k", "l"], "keys of the namespace \(suffix)")
                try run.expect(try await cache.removeAll(matching: "k"), 1, "what removeAll in \(suffix) removed")
                try run.expect(try await run.keys(cache), ["l"], "keys of \(suffix) after that")
                for other in others {
                    let value = try await other.get(CacheKey<Int>("k"))
                    try run.expect(value, 1, "\(other.namespace) after removeAll in \(suffix)")
                }
                try await cache.clear()
            }
        },
        StoreCheck("keys are those of the cache's version, removeAll takes all versions") { run in
            let second = try run.cache(version: 2)
            try await run.cache.setMany(["a": 1, "b": 1] as [CacheKey<Int>: Int])
            try await second.set(CacheKey<Int>("c"), to: 1)
            try run.expect(try await run.keys(run.cache), ["a", "b"], "keys of version 1")
            try run.expect(try await run.keys(second), ["c"], "keys of version 2")
            try run.expect(try await second.entryCount(), 1, "entries of version 2")
            try run.expect(try await run.cache.removeAll(matching: "*"), 3, "what removeAll removed")
            try run.expect(try await run.keys(second), [], "keys of version 2 after that")
        },
        StoreCheck("a walk sees every entry once, and can be begun again") { run in
            let names = (0..<300).map { "n\($0)" }
            try await run.cache.setMany(
                Dictionary(uniqueKeysWithValues: names.map { (CacheKey<Int>($0), 1) })
            )
            let keys = run.cache.keys(matching: "n*")
            for round in 1...2 {
                var seen: [String] = []
                for try await name in keys { seen.append(name) }
                try run.expect(seen.sorted(), names.sorted(), "walk \(round)")
            }
            try run.expect(try await run.cache.entryCount(), 300, "entryCount")
        },
    ]
}

extension ConformanceRun {
    /// The keys of a cache that match, in order.
    func keys(_ cache: Cache, _ pattern: GlobPattern = "*") async throws -> [String] {
        var names: [String] = []
        for try await name in cache.keys(matching: pattern) { names.append(name) }
        return names.sorted()
    }
}
