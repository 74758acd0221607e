import Larder
import LarderRedis
import LarderTesting
import Testing

/// Entries with tags in Redis: what kills them, what makes them stale, and how long the tags' records stay.
@Suite(.timeLimit(.minutes(2))) struct RedisTagTests {
    // MARK: Dead and stale

    @Test(arguments: Manner.allCases)
    func invalidatedTagLeavesItsEntriesDeadForEveryVerbAndOthersAlive(_ manner: Manner) async throws {
        try await withRedis(.init(), manner) { redis in
            let space = TagSpace(redis)
            func plant() async throws {
                try await space.write("k", 1, tags: ["a", "b"])
                try await space.write("other", 2, tags: ["b"])
                try await space.write("plain", 3)
                try await space.space.invalidate(["a"], .dead)
            }
            try await plant()
            try await #expect(space.value("k") == nil)
            try await #expect(space.exists("ns:1:k") == false, "a dead entry that was met goes")
            try await #expect(space.value("other") == 2)
            try await #expect(space.value("plain") == 3)
            try await plant()
            try await #expect(space.value("k", expecting: ["a", "b"]) == nil)
            try await plant()
            try await #expect(space.write("k", 9, .ifPresent) == false)
            try await #expect(space.write("k", 9, .ifAbsent))
            try await plant()
            try await #expect(space.space.remove([TagSpace.key("k"), TagSpace.key("other")]) == [false, true])
            try await plant()
            try await #expect(space.space.touch(TagSpace.key("k"), EntryLifetime(freshFor: .seconds(5))) == false)
            try await plant()
            let start = TagSpace.integer("k", 10)
            let sum = try await space.space.increment(TagSpace.key("k"), by: 1, initial: start, within: .min ... .max)
            #expect(sum == 11)
            try await plant()
            try await #expect(space.space.append(TagSpace.text("k", "text")) == 4)
            try await plant()
            guard case .absent(.granted) = try await space.ask("k") else {
                Issue.record("a dead entry did not leave its lease free")
                return
            }
            var names: [String] = []
            for try await key in space.space.keys(matching: "*") { names.append(key.name) }
            #expect(names.sorted() == ["other", "plain"])
        }
    }

    @Test(arguments: Manner.allCases)
    func expiredTagLeavesItsEntriesStale(_ manner: Manner) async throws {
        try await withRedis(.init(), manner) { redis in
            let space = TagSpace(redis)
            let marks = try await space.space.marks(of: ["a", "b"], for: .seconds(30))
            try await space.write("k", 1, tags: ["a", "b"], ttl: .seconds(100), grace: .seconds(10))
            let before = try #require(try await space.read("k", wantsTimes: true))
            #expect(before.marks == marks)
            #expect(before.grace == .seconds(10))
            #expect(!before.isExpiredByTag && !before.isStale)
            try await space.space.invalidate(["b"], .stale)
            for reader in [space, TagSpace(redis)] {
                for expected in [[], ["a", "b"]] {
                    let entry = try #require(try await reader.read("k", expecting: expected, wantsTimes: true))
                    #expect(entry.isExpiredByTag && entry.isStale)
                    #expect(entry.marks == marks)
                    #expect(entry.timeLeft?.duration.map { $0 > .seconds(60) } == true)
                }
            }
            guard case .found(let entry) = try await space.ask("k") else {
                Issue.record("a read with a lease does not find the stale entry")
                return
            }
            #expect(entry.isExpiredByTag)
            let now = try await space.space.marks(of: ["a", "b"], for: .seconds(30))
            #expect(now[0] == marks[0])
            #expect(now[1].generation == marks[1].generation && now[1].freshness != marks[1].freshness)
            // Stale is absent for all but reading.
            try await #expect(space.write("k", 2, .ifPresent) == false)
            try await #expect(space.space.touch(TagSpace.key("k"), EntryLifetime(freshFor: .seconds(5))) == false)
            try await #expect(space.write("k", 3, tags: ["a", "b"], .ifAbsent))
            let after = try #require(try await space.read("k"))
            #expect(!after.isExpiredByTag)
            #expect(after.marks == now)
        }
    }

    @Test(arguments: Manner.allCases)
    func expiringATagWithoutARecordMakesNone(_ manner: Manner) async throws {
        try await withRedis(.init(), manner) { redis in
            let space = TagSpace(redis)
            try await space.write("k", 1, tags: ["a"])
            try await redis.server.command("DEL", "{@ns}:tag:a")
            try await space.space.invalidate(["a"], .stale)
            try await #expect(space.exists("{@ns}:tag:a") == false)
            try await #expect(space.value("k") == nil)
        }
    }

    @Test(arguments: Manner.allCases)
    func lostOrForeignRecordOfATagIsAMissAndNeverBringsAnEntryBack(_ manner: Manner) async throws {
        try await withRedis(.init(), manner) { redis in
            let losses: [[String]] = [
                ["DEL", "{@ns}:tag:a"], ["SET", "{@ns}:tag:a", "short"],
                ["SET", "{@ns}:tag:a", "24 bytes, but not our own"],
                ["SET", "{@ns}:tag:a", "24 bytes, but not ours.."],
            ]
            for loss in losses {
                let space = TagSpace(redis)
                for expected in [[], ["a"]] {
                    try await redis.server.command("DEL", "{@ns}:tag:a")
                    try await space.write("k", 1, tags: ["a"])
                    try await redis.raw(loss)
                    try await #expect(space.value("k", expecting: expected) == nil, "\(loss)")
                }
                try await redis.server.command("DEL", "{@ns}:tag:a")
                try await space.write("k", 1, tags: ["a"])
                try await redis.raw(loss)
                try await space.write("other", 2, tags: ["a"])
                try await #expect(space.value("k") == nil, "\(loss)")
                try await #expect(space.value("other") == 2, "\(loss)")
            }
            let space = TagSpace(redis)
            try await space.write("k", 1, tags: ["a"])
            try await redis.server.command("DEL", "{@ns}:tag:a")
            try await redis.server.command("RPUSH", "{@ns}:tag:a", "a list")
            try await #expect(space.value("k") == nil)
            try await space.write("k", 2, tags: ["a"])
            try await #expect(space.value("k") == 2)
        }
    }

    @Test(arguments: Manner.allCases)
    func tagSectionThatCannotBeReadIsAMiss(_ manner: Manner) async throws {
        try await withRedis(.init(), manner) { redis in
            // The header's length, the length of the name, and what both leave of the section.
            let faults: [(offset: String, byte: String)] = [
                ("56", "\u{0}"), ("56", "\u{7F}"), ("56", "\u{1}"), ("6", "\u{29}"), ("6", "\u{3A}"), ("7", "\u{2}"),
            ]
            for (offset, byte) in faults {
                let space = TagSpace(redis)
                try await space.write("k", 1, tags: ["tag", "b"])
                try await redis.raw(["SETRANGE", "ns:1:k", offset, byte])
                try await #expect(space.report("k").state == .unreadable, "\(offset)")
                for expected in [[], ["tag", "b"]] {
                    try await #expect(space.value("k", expecting: expected) == nil, "\(offset)")
                    try await #expect(TagSpace(redis).value("k", expecting: expected) == nil, "\(offset)")
                }
                try await #expect(space.write("k", 2, .ifPresent) == false, "\(offset)")
                let lease = try await space.take("k")
                try await #expect(space.commit(lease, 3), "\(offset)")
                try await #expect(space.value("k") == 3, "\(offset)")
            }
        }
    }

    @Test(arguments: Manner.allCases)
    func mostTagsWithTheLongestNamesAreKept(_ manner: Manner) async throws {
        try await withRedis(.init(), manner) { redis in
            let space = TagSpace(redis)
            let tags = (0..<100).map { String(repeating: "ß", count: 123) + "\(1_000 + $0)" }
            try await space.write("k", 1, tags: tags)
            for reader in [space, TagSpace(redis)] {
                let entry = try #require(try await reader.read("k"))
                #expect(entry.marks.map(\.name) == tags)
                guard case .integer(1) = entry.value else {
                    Issue.record("\(entry.value)")
                    return
                }
            }
            try await space.space.invalidate([tags[99]], .dead)
            try await #expect(space.value("k") == nil)
            let tooMany = TagSpace.integer("k", 1, tags: (0..<300).map { String(repeating: "x", count: 240) + "\($0)" })
            let error = await #expect(throws: CacheError.self) { _ = try await space.space.write([tooMany], .always) }
            #expect(error?.code == .invalidTag)
            let empty = await #expect(throws: CacheError.self) { try await space.space.invalidate([""], .dead) }
            #expect(empty?.code == .invalidTag)
        }
    }

    @Test(arguments: Manner.allCases)
    func tagsThatOnlyLookAlikeAreTwo(_ manner: Manner) async throws {
        try await withRedis(.init(), manner) { redis in
            let (composed, decomposed) = ("\u{E9}", "e\u{301}")
            for (own, alike) in [(composed, decomposed), (decomposed, composed)] {
                let space = TagSpace(redis)
                try await space.write("k", 1, tags: [own])
                try await space.write("l", 2, tags: [alike])
                for name in ["k", "l"] {
                    try await #expect(space.read(name, expecting: [own]) != nil)
                    try await #expect(space.read(name, expecting: [alike]) != nil)
                }
                try await space.space.invalidate([own], .dead)
                for expected in [[], [own], [alike]] {
                    try await #expect(space.value("k", expecting: expected) == nil)
                    try await #expect(space.value("l", expecting: expected) == 2)
                }
            }
        }
    }

    // MARK: Verbs that leave the tags

    @Test(arguments: Manner.allCases)
    func incrementAppendAndTouchKeepTheTags(_ manner: Manner) async throws {
        try await withRedis(.init(), manner) { redis in
            let space = TagSpace(redis)
            let verbs: [(String, () async throws -> Void)] = [
                (
                    "increment",
                    {
                        let key = TagSpace.key("k")
                        let start = TagSpace.integer("k", 5, tags: ["x"])
                        let sum = try await space.space.increment(key, by: 2, initial: start, within: .min ... .max)
                        #expect(sum == 3)
                    }
                ),
                (
                    "touch",
                    {
                        let lifetime = EntryLifetime(freshFor: .seconds(5_000))
                        try await #expect(space.space.touch(TagSpace.key("k"), lifetime))
                        for tag in ["a", "b"] {
                            let ends = try await (space.left("{@ns}:tag:\(tag)"), space.left("ns:1:k"))
                            #expect(ends.0 > ends.1 && ends.1 > 4_000_000)
                        }
                    }
                ),
            ]
            for (name, verb) in verbs {
                try await space.write("k", 1, tags: ["a", "b"])
                try await verb()
                try await #expect(space.read("k")?.marks.map(\.name) == ["a", "b"], "\(name)")
                try await space.space.invalidate(["b"], .dead)
                try await #expect(space.value("k") == nil, "\(name)")
            }
            _ = try await space.space.write([TagSpace.text("k", "Em", tags: ["a", "b"])], .always)
            try await #expect(space.space.append(TagSpace.text("k", "ma", tags: ["x"])) == 4)
            let text = try #require(try await space.read("k"))
            #expect(text.marks.map(\.name) == ["a", "b"])
            guard case .encoded(let encoded) = text.value else {
                Issue.record("\(text.value)")
                return
            }
            #expect(encoded.bytes == Array("Emma".utf8))
        }
    }

    @Test(arguments: Manner.allCases)
    func entriesThatIncrementAndAppendMakeHaveTheirTags(_ manner: Manner) async throws {
        try await withRedis(.init(), manner) { redis in
            let space = TagSpace(redis)
            let start = TagSpace.integer("count", 5, tags: ["a"])
            let count = TagSpace.key("count")
            try await #expect(space.space.increment(count, by: 2, initial: start, within: .min ... .max) == 7)
            try await #expect(space.space.increment(count, by: 2, initial: nil, within: .min ... .max) == 9)
            try await #expect(space.space.append(TagSpace.text("text", "Emma", tags: ["a"])) == 4)
            for name in ["count", "text"] {
                try await #expect(space.read(name)?.marks.map(\.name) == ["a"])
                try await #expect(TagSpace(redis).read(name)?.marks.map(\.name) == ["a"])
            }
            try await space.space.invalidate(["a"], .dead)
            for name in ["count", "text"] { try await #expect(space.read(name) == nil) }
        }
    }

    // MARK: The records

    @Test(arguments: Manner.allCases)
    func recordOutlivesItsEntriesAndIsNeverShortened(_ manner: Manner) async throws {
        try await withRedis(.init(), manner) { redis in
            let space = TagSpace(redis)
            try await space.write("short", 1, tags: ["a"], ttl: .seconds(10))
            try await #expect(space.left("{@ns}:tag:a") > 540_000)
            try await space.write("long", 1, tags: ["a"], ttl: .seconds(5_000), grace: .seconds(500))
            let long = try await space.left("{@ns}:tag:a")
            // Moved twice as far as it had to be.
            #expect(long > 11_000_000 && long <= 11_120_000)
            try await #expect(long > space.left("ns:1:long"))
            try await space.write("short", 2, tags: ["a"], ttl: .seconds(10))
            _ = try await space.mark("a")
            let lease = try await space.take("k", tags: ["a"])
            try await #expect(space.commit(lease, ttl: .seconds(20)))
            try await space.space.invalidate(["a"], .stale)
            try await #expect(space.left("{@ns}:tag:a") > long - 60_000)
            try await space.write("forever", 1, tags: ["a", "b"], ttl: nil)
            for tag in ["a", "b"] {
                try await #expect(space.left("{@ns}:tag:\(tag)") > space.left("ns:1:forever"))
            }
            try await space.space.invalidate(["a"], .dead)
            let dead = try await space.left("{@ns}:tag:a")
            #expect(dead > 1_000_000 && dead <= 1_200_000)
            _ = try await space.space.marks(of: ["a", "c"], for: .seconds(7_200))
            for tag in ["a", "c"] { try await #expect(space.left("{@ns}:tag:\(tag)") > 7_200_000) }
        }
    }

    @Test func manyWritesUnderOneTagMoveItsEndSeldom() async throws {
        try await withRedis { redis in
            let space = TagSpace(redis)
            let writes = (0..<200).map { TagSpace.integer("n\($0)", 1, tags: ["a"]) }
            try await space.write("first", 1, tags: ["a"])
            let counts = try await redis.commands { _ = try await space.space.write(writes, .always) }
            #expect(counts["set"] == 200)
            #expect(counts["pexpire", default: 0] == 0)
        }
    }

    @Test(arguments: Manner.allCases)
    func readingAnEntryForEverKeepsItsTags(_ manner: Manner) async throws {
        try await withRedis(.init(), manner) { redis in
            try await TagSpace(redis).write("k", 1, tags: ["a", "b"], ttl: nil)
            for key in ["ns:1:k", "{@ns}:tag:a", "{@ns}:tag:b"] {
                try await redis.server.command("PEXPIRE", key, "1000000")
            }
            try await #expect(TagSpace(redis).value("k") == 1)
            let left = try await TagSpace(redis).left("ns:1:k")
            #expect(left > 89 * 86_400_000)
            for tag in ["a", "b"] { try await #expect(TagSpace(redis).left("{@ns}:tag:\(tag)") > left) }
        }
    }

    @Test(arguments: Manner.allCases)
    func recordsAreNoEntries(_ manner: Manner) async throws {
        try await withRedis(.init(), manner) { redis in
            let space = TagSpace(redis)
            try await space.write("k", 1, tags: ["a", "1:k", "x:2:y"])
            for pattern in ["*", "*a*", "k", "y"] {
                var names: [String] = []
                for try await key in space.space.keys(matching: GlobPattern(pattern)) { names.append(key.name) }
                #expect(names == (pattern == "*" || pattern == "k" ? ["k"] : []), "\(pattern)")
            }
            try await #expect(space.space.removeAll(matching: "*") == 1)
            for tag in ["a", "1:k", "x:2:y"] { try await #expect(space.exists("{@ns}:tag:\(tag)"), "\(tag)") }
            try await #expect(space.exists("{@ns}:stamp"))
        }
    }

    // MARK: Counting

    @Test func readWithTagsIsOneRoundTripInTheSteadyState() async throws {
        try await withRedis { redis in
            let tags = ["a", "b", "c"]
            let writer = TagSpace(redis)
            try await writer.write("k", 1, tags: tags)
            try await writer.write("l", 2, tags: ["c", "d"])
            try await writer.write("plain", 3)
            // The server knows the script afterwards.
            try await #expect(TagSpace(redis).value("k") == 1)
            try await #expect(writer.reading("k", finds: 1) == ["mget": 1])

            let expecting = TagSpace(redis)
            for expected in [tags, tags + ["unused"]] {
                try await #expect(expecting.reading("k", expecting: expected, finds: 1) == ["mget": 1])
            }

            let reader = TagSpace(redis)
            // Nothing is known of the namespace: the entry says that it has tags.
            try await #expect(reader.reading("k", finds: 1) == ["mget": 1, "evalsha": 1, "pttl": 1])
            try await #expect(reader.reading("k", finds: 1) == ["mget": 1])
            // The namespace has tags, those of these keys are not known.
            for (name, value) in [("l", Int64(2)), ("plain", 3)] {
                try await #expect(reader.reading(name, finds: value) == ["evalsha": 1, "pttl": 1], "\(name)")
                try await #expect(reader.reading(name, finds: value) == ["mget": 1], "\(name)")
            }
            let times = try await reader.sent { try await #expect(reader.read("k", wantsTimes: true)?.timeLeft != nil) }
            #expect(times == ["mget": 1, "pttl": 1])
            let many = try await reader.sent {
                let found = try await reader.space.read(
                    ["k", "l", "plain"].map(TagSpace.key),
                    ReadOptions(coder: PlainTextCoder())
                )
                #expect(found.count == 3)
            }
            #expect(many == ["mget": 1])
            // Somebody else gives an entry another tag.
            try await writer.write("k", 4, tags: ["e"])
            try await #expect(reader.value("k") == 4)
            try await #expect(reader.reading("k", finds: 4) == ["mget": 1])
            try await writer.space.invalidate(["e"], .dead)
            try await #expect(reader.value("k") == nil)
        }
    }

    @Test func entriesWithGraceAreReadInOneRoundTripTooOnceOneWasMet() async throws {
        try await withRedis { redis in
            let writer = TagSpace(redis)
            try await writer.write("k", 1, tags: ["a"], grace: .seconds(50))
            try await writer.write("l", 2, grace: .seconds(50))
            try await #expect(TagSpace(redis).value("k") == 1)
            let reader = TagSpace(redis)
            try await #expect(reader.value("k") == 1)
            try await #expect(reader.value("l") == 2)
            try await #expect(reader.reading("k", finds: 1) == ["mget": 1, "pttl": 1])
            try await #expect(reader.reading("l", finds: 2) == ["mget": 1, "pttl": 1])
            try await redis.pass(.seconds(1_001))
            for name in ["k", "l"] { try await #expect(reader.read(name)?.isStale == true) }
        }
    }

    @Test func namespaceWithoutTagsPaysNothingForThem() async throws {
        try await withRedis { redis in
            let writer = TagSpace(redis)
            let reader = TagSpace(redis)
            for index in 0..<20 { try await writer.write("n\(index)", 1) }
            let counts = try await redis.commands {
                for index in 0..<20 { try await #expect(reader.value("n\(index)") == 1) }
            }
            #expect(counts == ["mget": 20])
        }
    }

    @Test func invalidationCostsTheSameForTenEntriesAndForTenThousand() async throws {
        try await withRedis { redis in
            let space = TagSpace(redis)
            try await space.space.invalidate(["warm"], .dead)
            try await space.space.invalidate(["warm"], .stale)
            func plant(_ tag: String, _ count: Int) async throws {
                for begin in stride(from: 0, to: count, by: 1_000) {
                    let writes = (begin..<min(begin + 1_000, count)).map {
                        TagSpace.integer("\(tag)\($0)", 1, tags: [tag, "all"])
                    }
                    _ = try await space.space.write(writes, .always)
                }
            }
            try await plant("few", 10)
            try await plant("many", 10_000)
            for manner in [TagInvalidation.stale, .dead] {
                let few = try await redis.commands { try await space.space.invalidate(["few"], manner) }
                let many = try await redis.commands { try await space.space.invalidate(["many"], manner) }
                #expect(few == many)
                #expect(few["evalsha"] == 1 && few["eval"] == nil)
                #expect(few.values.reduce(0, +) < 8, "\(few)")
            }
            for name in ["few0", "few9", "many0", "many9999"] { try await #expect(space.value(name) == nil) }
            let both = try await space.sent { try await space.space.invalidate(["few", "many", "all"], .dead) }
            #expect(both == ["evalsha": 1])
        }
    }
}
