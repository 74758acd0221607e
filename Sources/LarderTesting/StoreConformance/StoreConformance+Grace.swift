import Larder

/// Entries past their time that may yet stand in for a fill that fails, and the rules for names.
extension StoreConformance {
    static let grace: [StoreCheck] = [
        StoreCheck("an entry with a grace is fresh, then stale, then gone") { run in
            let lifetime = EntryLifetime(freshFor: .seconds(60), grace: .seconds(60))
            _ = try await run.space.write([ConformanceRun.write("k", 1, lifetime)], .always)
            for wantsTimes in [false, true] {
                let entry = try await run.read("k", wantsTimes: wantsTimes)
                try run.expect(entry?.isStale, false, "staleness at first")
                try run.expect(entry?.timeLeft?.duration, atMost: .seconds(60), "time left at first")
            }
            try await run.pass(run.shortlyBeforeEnd)
            try run.expect(try await run.read("k")?.isStale, false, "staleness shortly before its end")
            try await run.pass(run.step)
            for wantsTimes in [false, true] {
                let entry = try await run.read("k", wantsTimes: wantsTimes)
                try run.expect(entry?.isStale, true, "staleness in its grace")
            }
            guard case .found(let entry) = try await run.ask("k", ConformanceRun.token()) else {
                throw ConformanceFailure(subject: "a read with a lease", expected: "the stale entry", found: "none")
            }
            try run.expect(entry.isStale, "staleness, with a lease")
            guard case .stale(1, _) = try await run.cache.lookup(CacheKey<Int>("k")) else {
                throw ConformanceFailure(subject: "lookup", expected: "a stale value", found: "something else")
            }
            try await run.pass(.seconds(60))
            try run.expect(try await run.read("k") == nil, "absence after its grace")
            try run.expect(try await run.read("k", wantsTimes: true) == nil, "absence after its grace, with times")
        },
        StoreCheck("a stale entry is absent for every verb") { run in
            let lifetime = EntryLifetime(freshFor: .seconds(60), grace: .seconds(600))
            let writes = ConformanceRun.verbs.map { ConformanceRun.write($0, 1, lifetime) }
            _ = try await run.space.write(writes, .always)
            try run.expect(try await run.cache.entryCount(), writes.count, "entries while they are fresh")
            try await run.pass(.seconds(60))
            try await run.expectStaleness()
            try await run.pass(.seconds(600))
            try run.expect(try await run.cache.contains(CacheKey<Int>("get")), false, "an entry after its grace")
        },
        StoreCheck("clear and remove take stale entries along") { run in
            let lifetime = EntryLifetime(freshFor: .seconds(60), grace: .seconds(600))
            let writes = ["a", "b", "c"].map { ConformanceRun.write($0, 1, lifetime) }
            _ = try await run.space.write(writes, .always)
            try await run.pass(.seconds(60))
            _ = try await run.space.remove([ConformanceRun.key("a")])
            try run.expect(try await run.read("a") == nil, "absence after remove")
            _ = try await run.space.removeAll(matching: "b")
            try run.expect(try await run.read("b") == nil, "absence after removeAll")
            try run.expect(try await run.read("c") != nil, "what removeAll does not match")
            try await run.space.clear()
            try run.expect(try await run.read("c") == nil, "absence after clear")
        },
        StoreCheck("the cost of a fill comes back with its entry") { run in
            var write = ConformanceRun.write("k", 1)
            write.fillCost = .milliseconds(250)
            _ = try await run.space.write([write], .always)
            try run.expect(try await run.read("k")?.fillCost, .milliseconds(250), "the cost")
            _ = try await run.space.write([ConformanceRun.write("k", 1)], .always)
            try run.expect(try await run.read("k")?.fillCost, nil, "the cost of an entry that was set")
        },
    ]

    static let names: [StoreCheck] = [
        StoreCheck("keys of any text but controls work, and the others are refused") { run in
            let names = [
                "a", " ", "a b", "é", "猫", "a:b", ":", "1:a", "@stamp", "k:lease", "{a}b", "{k", "*", "[x]", "\\",
                "-", String(repeating: "k", count: 1_000), "\"quoted\"", "$", "%s",
            ]
            for name in names { try await run.cache.set(CacheKey<String>(name), to: name) }
            for name in names {
                let value = try await run.cache.get(CacheKey<String>(name))
                try run.expect(value, name, "the entry of \(name.debugDescription)")
            }
            try run.expect(try await run.keys(run.cache), names.sorted(), "keys")
            for name in ["", "\u{0}", "a\nb", "a\r", "\u{7F}", "\u{85}", "\u{9F}x"] {
                let key = CacheKey<String>(name)
                let subject = "the key \(name.debugDescription)"
                try await run.expect(.invalidKey, "get of \(subject)") { try await run.cache.get(key) }
                try await run.expect(.invalidKey, "set of \(subject)") { try await run.cache.set(key, to: "") }
                try await run.expect(.invalidKey, "fetch of \(subject)") { try await run.cache.fetch(key) { "" } }
                try await run.expect(.invalidKey, "getMany of \(subject)") { try await run.cache.getMany(["a", key]) }
                try await run.expect(.invalidKey, "remove of \(subject)") { try await run.cache.remove(key) }
                try await run.expect(.invalidKey, "contains of \(subject)") { try await run.cache.contains(key) }
            }
        },
        StoreCheck("a read of no keys, a write of nothing and a removal of nothing are fine") { run in
            let options = ReadOptions(coder: TextCoder())
            try run.expect(try await run.space.read([], options).count, 0, "answers to a read")
            try run.expect(try await run.space.write([], .always), [], "answers to a write")
            try run.expect(try await run.space.commit([]), [], "answers to a commit")
            try run.expect(try await run.space.remove([]), [], "answers to a removal")
            try await run.space.release([])
            try run.expect(try await run.cache.getMany([CacheKey<Int>]()), [:], "getMany")
            try run.expect(try await run.cache.removeMany([CacheKey<Int>]()), 0, "removeMany")
            try await run.cache.setMany([CacheKey<Int>: Int]())
        },
    ]
}

extension ConformanceRun {
    /// Expects that the verbs' entries, which are in their grace, are seen by none but `lookup`.
    fileprivate func expectStaleness() async throws {
        let cache = self.cache
        func key(_ name: String) -> CacheKey<Int> { CacheKey<Int>(name) }
        try self.expect(try await self.keys(cache), [], "keys of stale entries")
        try self.expect(try await cache.get(key("get")), nil, "get of a stale entry")
        try self.expect(try await cache.getMany([key("getMany")]), [:], "getMany of a stale entry")
        try self.expect(try await cache.contains(key("contains")), false, "contains of a stale entry")
        try self.expect(try await cache.ttl(of: key("ttl")), nil, "ttl of a stale entry")
        try self.expect(try await cache.touch(key("touch")), false, "touch of a stale entry")
        try self.expect(try await cache.replace(key("replace"), with: 2), false, "replace of a stale entry")
        try self.expect(try await cache.add(key("add"), 2), "add to a stale entry")
        try self.expect(try await cache.get(key("add")), 2, "get after add")
        try await self.expect(.keyNotFound, "increment of a stale entry") {
            try await cache.increment(key("increment"))
        }
        let sum = try await cache.increment(key("incrementInitial"), by: 5, initial: 10)
        try self.expect(sum, 15, "increment of a stale entry with an initial value")
        let text = CacheKey<String>("appendTo")
        try self.expect(try await cache.append(text, "new"), 3, "append to a stale entry")
        try await self.expect(.keyNotFound, "incrementVersion of a stale entry") {
            try await cache.incrementVersion(of: key("incrementVersion"))
        }
        try self.expect(try await cache.remove(key("remove")), false, "remove of a stale entry")
        try self.expect(try await cache.fetch(key("fetch")) { 3 }, 3, "fetch of a stale entry")
        try self.expect(try await cache.get(key("fetch")), 3, "get after that fetch")
    }
}
