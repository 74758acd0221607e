import Larder

/// Entries under tags.
extension StoreConformance {
    static let tags: [StoreCheck] = [
        StoreCheck("every verb sees a tagged entry as get does: fresh, stale by a tag, dead by a tag, absent") { run in
            for state in TaggedState.allCases { try await run.expectEveryVerb(toSee: state) }
        },
        StoreCheck("an entry dies with any of its tags, and with no other") { run in
            try await run.set("both", 1, tags: ["a", "b"])
            try await run.set("a", 2, tags: ["a"])
            try await run.set("c", 3, tags: ["c"])
            try await run.set("none", 4, tags: [])
            try run.expect(try await run.read("both")?.marks.map(\.name).sorted(), ["a", "b"], "the entry's tags")
            try await run.invalidate("b", "x")
            try await run.expectDead("both", "an entry under the tag")
            try run.expect(try await run.fresh("a"), 2, "an entry under another tag")
            try await run.invalidate("a", "c")
            try await run.expectDead("a", "an entry under the first tag")
            try await run.expectDead("c", "an entry under the second tag")
            try run.expect(try await run.fresh("none"), 4, "an entry without tags")
        },
        StoreCheck("an entry that is written after an invalidation lives") { run in
            for round in 1...3 {
                try await run.set("k", Int64(round), tags: ["t"])
                try run.expect(try await run.fresh("k"), Int64(round), "the entry of round \(round)")
                try await run.invalidate("t")
                try await run.expectDead("k", "the entry of round \(round)")
            }
        },
        StoreCheck("a tag that nobody has ever used can be invalidated, expired and written under") { run in
            try await run.invalidate("never")
            try await run.expire("never")
            try await run.space.invalidate([], .dead)
            try await run.set("k", 1, tags: ["never"])
            try run.expect(try await run.fresh("k"), 1, "an entry under it")
        },
        StoreCheck("an expired tag leaves its entries stale until they are written anew; invalidating kills them") {
            run in
            try await run.set("k", 1, tags: ["s", "t"])
            try await run.set("l", 1, tags: ["t"])
            try await run.expire("t")
            try await run.expectStale("k", "an entry under an expired tag")
            try run.expect(try await run.read("k")?.isExpiredByTag, true, "whether it is stale by a tag")
            try await run.set("k", 2, tags: ["s", "t"])
            try run.expect(try await run.fresh("k"), 2, "the entry that was written anew")
            try await run.invalidate("t")
            try await run.expectDead("l", "the entry that was not, after an invalidation")
        },
        StoreCheck("a write without tags frees an entry of the tags it had") { run in
            try await run.set("k", 1, tags: ["t"])
            try await run.set("k", 2, tags: [])
            try await run.invalidate("t")
            try run.expect(try await run.fresh("k"), 2, "the entry")
            try run.expect(try await run.read("k")?.marks.count, 0, "its tags")
        },
        StoreCheck("what changes an entry in place leaves it its tags") { run in
            try await run.set("increment", 1, tags: ["t"])
            try await run.set("touch", 1, tags: ["t"])
            let key = ConformanceRun.key
            _ = try await run.space.increment(key("increment"), by: 1, initial: nil, within: .min ... .max)
            _ = try await run.space.touch(key("touch"), EntryLifetime(freshFor: .seconds(600)))
            let text = EntryValue.object(.boxing("text"))
            let lifetime = EntryLifetime(freshFor: ConformanceRun.lifetime)
            let write = EntryWrite(
                key: key("append"),
                value: text,
                coder: TextCoder(),
                lifetime: lifetime,
                tags: ["t"]
            )
            var untagged = write
            untagged.tags = []
            _ = try await run.space.append(write)
            _ = try await run.space.append(untagged)
            let initial = ConformanceRun.write("initial", 5, tags: ["t"])
            _ = try await run.space.increment(key("initial"), by: 1, initial: initial, within: .min ... .max)
            let names = ["increment", "touch", "append", "initial"]
            for name in names { try run.expect(try await run.read(name)?.marks.map(\.name), ["t"], "tags of \(name)") }
            try await run.invalidate("t")
            for name in names { try await run.expectDead(name, "\(name) after its tag was invalidated") }
        },
        StoreCheck("entries of one call have each its own tags") { run in
            let writes = [
                ConformanceRun.write("a", 1, tags: ["t"]), ConformanceRun.write("b", 2, tags: ["t", "u"]),
                ConformanceRun.write("c", 3, tags: []), ConformanceRun.write("d", 4, tags: ["t", "u"]),
            ]
            try run.expect(try await run.space.write(writes, .always).count, 4, "answers")
            try await run.invalidate("u")
            try run.expect(try await run.fresh("a"), 1, "the entry under one tag")
            try await run.expectDead("b", "the first entry under both")
            try run.expect(try await run.fresh("c"), 3, "the entry under none")
            try await run.expectDead("d", "the second entry under both")
        },
        StoreCheck("a hundred tags of every length and text work") { run in
            let texts = [" ", "*", "a:b", "é猫", "{x}", "\\", "@stamp", "\"", "1", String(repeating: "t", count: 250)]
            let tags = texts + (0..<90).map { "tag\($0)" }
            for tag in texts {
                try await run.set("k", 1, tags: tags)
                try run.expect(try await run.fresh("k"), 1, "the entry under a hundred tags")
                try await run.invalidate(tag)
                try await run.expectDead("k", "the entry after an invalidation of \(tag.debugDescription)")
            }
        },
        StoreCheck("tags are those of their namespace") { run in
            let other = run.subject.store.open(try CacheNamespace(run.base + ":other"))
            try await run.set("k", 1, tags: ["t"])
            _ = try await other.write([ConformanceRun.write("k", 2, tags: ["t"])], .always)
            try await other.invalidate(["t"], .dead)
            try run.expect(try await run.fresh("k"), 1, "the entry of the other namespace")
            let options = ReadOptions(coder: TextCoder())
            guard case .absent = try await other.read([ConformanceRun.key("k")], options).first else {
                throw ConformanceFailure(subject: "the entry of this namespace", expected: "dead", found: "an entry")
            }
            try await run.space.clear()
            try await run.expectDead("k", "an entry under a tag after clear")
            try await run.set("k", 3, tags: ["t"])
            try run.expect(try await run.fresh("k"), 3, "an entry written after clear")
        },
        StoreCheck("a tagged entry ends with its time, and has its grace") { run in
            let write = ConformanceRun.write("grace", 1, tags: ["t"], grace: .seconds(60))
            _ = try await run.space.write([write], .always)
            try await run.set("k", 1, tags: ["t"])
            try await run.pass(ConformanceRun.lifetime)
            try await run.expectDead("k", "a tagged entry after its time")
            try await run.expectStale("grace", "a tagged entry in its grace")
            try await run.invalidate("t")
            try await run.expectDead("grace", "a tagged entry in its grace whose tag was invalidated")
        },
        StoreCheck("a tag lives as long as the longest of its entries") { run in
            try await run.set("short", 1, tags: ["t"])
            var write = ConformanceRun.write("long", 2, EntryLifetime(freshFor: .seconds(86_400)))
            write.tags = ["t"]
            _ = try await run.space.write([write], .always)
            try await run.set("short", 1, tags: ["t"])
            try await run.pass(.seconds(43_200))
            try run.expect(try await run.fresh("long"), 2, "the entry after half a day")
            _ = try await run.space.touch(ConformanceRun.key("long"), EntryLifetime(freshFor: .seconds(200_000)))
            try await run.pass(.seconds(100_000))
            try run.expect(try await run.fresh("long"), 2, "the entry after more than a day, touched")
            try await run.invalidate("t")
            try await run.expectDead("long", "the entry after its tag was invalidated")
        },
    ]
}

/// What an entry can be by its tags.
private enum TaggedState: CaseIterable {
    case absent
    case fresh
    case stale
    case dead

    var isFresh: Bool { self == .fresh }
}

extension ConformanceRun {
    private static let taggedVerbs = [
        "read", "lease", "contains", "add", "replace", "increment", "initial", "append", "touch", "remove",
    ]

    /// Expects of every verb that it sees an entry in this state.
    fileprivate func expectEveryVerb(toSee state: TaggedState) async throws {
        try await self.space.clear()
        if state != .absent { try await self.writeEach() }
        if state == .stale { try await self.expire("other", "t") }
        if state == .dead { try await self.invalidate("other", "t") }
        let isFresh = state.isFresh
        var names: [String] = []
        for try await key in self.space.keys(matching: "*") { names.append(key.name) }
        try self.expect(names.sorted(), isFresh ? Self.taggedVerbs.sorted() : [], "keys of \(state) entries")
        switch state {
        case .fresh: try self.expect(try await self.fresh("read"), 1, "a read of a fresh entry")
        case .stale: try await self.expectStale("read", "an entry stale by a tag")
        case .dead, .absent: try await self.expectDead("read", "an entry \(state) by a tag")
        }
        try await self.expectLease(state)
        try await self.expectWrites(isFresh, "\(state)")
    }

    private func writeEach() async throws {
        let writes = Self.taggedVerbs.filter { $0 != "append" }.map { Self.write($0, 1, tags: ["s", "t"]) }
        let text = EntryWrite(
            key: Self.key("append"),
            value: .object(.boxing("old")),
            coder: TextCoder(),
            lifetime: EntryLifetime(freshFor: Self.lifetime),
            tags: ["s", "t"]
        )
        _ = try await self.space.write(writes + [text], .always)
    }

    private func expectLease(_ state: TaggedState) async throws {
        switch (try await self.ask("lease", Self.token()), state) {
        case (.found(let entry), .fresh): try self.expect(entry.isStale, false, "staleness, with a lease")
        case (.found(let entry), .stale): try self.expect(entry.isStale, true, "staleness, with a lease")
        case (.absent(.granted), .dead), (.absent(.granted), .absent): break
        case (let answer, _):
            let subject = "a read with a lease of a key whose entry is \(state)"
            throw ConformanceFailure(subject: subject, expected: "what a read finds", found: "\(answer)")
        }
    }

    private func expectWrites(_ isFresh: Bool, _ what: String) async throws {
        let added = try await self.space.write([Self.write("add", 2)], .ifAbsent)
        try self.expect(added, [!isFresh], "add, entry \(what)")
        try self.expect(try await self.fresh("add"), isFresh ? 1 : 2, "the entry after add, \(what) before")
        let replaced = try await self.space.write([Self.write("replace", 2)], .ifPresent)
        try self.expect(replaced, [isFresh], "replace, entry \(what)")
        try self.expect(try await self.fresh("replace"), isFresh ? 2 : nil, "the entry after replace, \(what) before")
        let touched = try await self.space.touch(Self.key("touch"), EntryLifetime(freshFor: .seconds(90)))
        try self.expect(touched, isFresh, "touch, entry \(what)")
        try self.expect(try await self.fresh("touch"), isFresh ? 1 : nil, "the entry after touch, \(what) before")
        try self.expect(try await self.space.remove([Self.key("remove")]), [isFresh], "remove, entry \(what)")
        try self.expect(try await self.read("remove") == nil, "absence after remove, \(what) before")
        let key = Self.key("increment")
        if isFresh {
            let sum = try await self.space.increment(key, by: 1, initial: nil, within: .min ... .max)
            try self.expect(sum, 2, "increment, entry \(what)")
        } else {
            try await self.expect(.keyNotFound, "increment, entry \(what)") {
                try await self.space.increment(key, by: 1, initial: nil, within: .min ... .max)
            }
        }
        let initial = Self.write("initial", 10)
        let sum = try await self.space.increment(initial.key, by: 1, initial: initial, within: .min ... .max)
        try self.expect(sum, isFresh ? 2 : 11, "increment with an initial value, entry \(what)")
        let text = EntryWrite(
            key: Self.key("append"),
            value: .object(.boxing("new")),
            coder: TextCoder(),
            lifetime: EntryLifetime(freshFor: Self.lifetime)
        )
        try self.expect(try await self.space.append(text), isFresh ? 6 : 3, "append, entry \(what)")
    }
}
