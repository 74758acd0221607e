import Larder
import LarderRedis
import LarderTesting
import Testing

/// What the store says of a key, and that saying it changes nothing.
@Suite(.timeLimit(.minutes(2))) struct RedisReportTests {
    @Test(arguments: Manner.allCases)
    func reportTellsEachState(_ manner: Manner) async throws {
        try await withRedis(.init(), manner) { redis in
            let space = TagSpace(redis)
            func plant() async throws {
                try await space.write("k", 1, tags: ["a", "b"], ttl: .seconds(100), grace: .seconds(50))
            }
            let states: [(EntryReport.State, () async throws -> Void)] = [
                (.absent, { _ = try await space.space.remove([TagSpace.key("k")]) }),
                (.fresh, {}),
                (.stale, { try await redis.pass(.seconds(101)) }),
                (.staleByTag("b"), { try await space.space.invalidate(["b"], .stale) }),
                (.deadByNamespace, { try await space.space.clear() }),
                (.deadByNamespace, { try await redis.server.command("DEL", "{@ns}:stamp") }),
                (.deadByTag("a"), { try await space.space.invalidate(["a"], .dead) }),
                (.deadByTag("b"), { try await redis.server.command("DEL", "{@ns}:tag:b") }),
                (.unreadable, { try await redis.server.command("SETRANGE", "ns:1:k", "1", "\u{2}") }),
                (
                    .unreadable,
                    {
                        try await redis.server.command("DEL", "ns:1:k")
                        try await redis.server.command("RPUSH", "ns:1:k", "a")
                    }
                ),
            ]
            for (state, change) in states {
                try await redis.server.command("DEL", "ns:1:k")
                try await plant()
                try await change()
                let before = try await redis.server.command("DBSIZE")
                let report = try await space.report("k")
                #expect(report.state == state)
                try await #expect(space.report("k").state == state)
                try await #expect(redis.server.command("DBSIZE") == before, "\(state)")
                #expect(report.tier == "redis")
                #expect(report.holder == nil)
                if state == .absent || state == .unreadable {
                    #expect(report.tags == [] && report.timeLeft == nil && report.size == nil && report.codec == nil)
                } else {
                    #expect(report.tags == ["a", "b"])
                    #expect(report.size == 8)
                    #expect(report.codec == .integer)
                    #expect(report.grace == .seconds(50))
                    #expect(report.fillCost == .milliseconds(3))
                    let left = try #require(report.timeLeft?.duration)
                    let age = try #require(report.age)
                    #expect(left + age == .seconds(100))
                    #expect(state == .stale ? left <= .seconds(-1) : left > .seconds(60), "\(left)")
                }
            }
        }
    }

    @Test(arguments: Manner.allCases)
    func reportTellsWhoFillsTheKey(_ manner: Manner) async throws {
        try await withRedis(.init(), manner) { redis in
            let space = TagSpace(redis)
            let lease = try await space.take("k", tags: ["a"], for: .seconds(40))
            let report = try await space.report("k")
            #expect(report.state == .absent)
            #expect(report.holder?.token == lease.token)
            let left = try #require(report.holder?.timeLeft)
            #expect(left <= .seconds(40) && left > .seconds(20))
            try await space.space.invalidate(["a"], .dead)
            try await #expect(space.report("k").holder == nil)
            try await #expect(space.exists("{ns:1:k}:lease"))
        }
    }

    @Test(arguments: Manner.allCases)
    func reportOnAnEntryForEverAndOnAnEmptyServer(_ manner: Manner) async throws {
        try await withRedis(.init(), manner) { redis in
            let space = TagSpace(redis)
            try await #expect(space.report("k").state == .absent)
            try await #expect(redis.server.command("DBSIZE") == ":0\r\n")
            _ = try await space.space.write([TagSpace.text("text", "größe", tags: ["a"])], .always)
            try await space.write("k", 1, ttl: nil)
            let forever = try await space.report("k")
            #expect(forever.state == .fresh)
            #expect(forever.timeLeft == .forever)
            #expect(forever.age == nil)
            #expect(forever.tags == [])
            let text = try await space.report("text")
            #expect(text.size == 7)
            #expect(text.codec == .text)
            #expect(text.tags == ["a"])
        }
    }
}
