import Larder
import LarderRedis
import LarderRedisClient
import LarderTesting
import Testing

/// What can only happen where the generations lie on another server than the entries: something comes between looking at
/// the ones and working on the others.
@Suite(.timeLimit(.minutes(2))) struct RedisApartTests {
    /// A namespace as a process has it whose calls the test gets between, and as another has it.
    private func withTwo(
        _ body: (_ space: TagSpace, _ other: TagSpace, _ sender: ScatteringSender) async throws -> Void
    ) async throws {
        try await withRedis(.init(), .apart) { redis in
            let sender = try #require(redis.sender)
            try await body(TagSpace(redis), TagSpace(redis.with(redis.client)), sender)
        }
    }

    // MARK: Round trips

    @Test func eachVerbCostsTheRoundTripsThatAreWrittenDown() async throws {
        try await withTwo { space, _, sender in
            let key = TagSpace.key("k")
            let start = TagSpace.integer("k", 1)
            let lifetime = EntryLifetime(freshFor: .seconds(100))
            let many = ["x", "y", "z"].map { TagSpace.integer($0, 1) }
            let script = ["EVALSHA"]
            let look = ["MGET"]
            func fill(_ name: String, _ tags: [String], late: [String] = []) async throws {
                let lease = try await space.take(name, tags: tags)
                try await #expect(space.commit(lease, late: late))
            }
            let verbs: [(String, [[String]], () async throws -> Void)] = [
                ("set", [look, script], { try await space.write("k", 1) }),
                ("get", [look], { try await #expect(space.value("k") == 1) }),
                (
                    "increment", [look, script],
                    {
                        _ = try await space.space.increment(key, by: 1, initial: start, within: .min ... .max)
                    }
                ),
                ("touch", [look, script], { try await #expect(space.space.touch(key, lifetime)) }),
                ("append", [look, script], { _ = try await space.space.append(TagSpace.text("text", "x")) }),
                ("report", [look, script], { _ = try await space.report("k") }),
                ("remove", [look, script], { _ = try await space.space.remove([key]) }),
                ("setMany", [look, script + script + script], { _ = try await space.space.write(many, .always) }),
                (
                    "getMany", [look],
                    {
                        _ = try await space.space.read(many.map(\.key), ReadOptions(coder: PlainTextCoder()))
                    }
                ),
                ("lease and commit", [look, script, look, script], { try await fill("k", []) }),
                ("set with tags", [script, script], { try await space.write("t", 1, tags: ["a"]) }),
                ("get with tags", [look], { try await #expect(space.value("t") == 1) }),
                (
                    "touch with tags", [script, script],
                    { _ = try await space.space.touch(TagSpace.key("t"), lifetime) }
                ),
                ("remove with tags", [look, script], { _ = try await space.space.remove([TagSpace.key("t")]) }),
                ("lease and commit with tags", [script, script, script, script], { try await fill("t", ["a"]) }),
                ("with late tags", [look, script, script, script], { try await fill("l", [], late: ["b"]) }),
                ("marks", [script], { _ = try await space.mark("a") }),
                ("invalidate", [script], { try await space.space.invalidate(["c"], .dead) }),
                ("clear", [["MSET"]], { try await space.space.clear() }),
            ]
            // The server knows the scripts afterwards, and a dead entry takes another look.
            for (_, _, perform) in verbs { try await perform() }
            try await space.redis.server.command("FLUSHDB")
            try await space.write("stamp", 1)
            for (name, trips, perform) in verbs {
                _ = sender.takeTrips()
                try await perform()
                #expect(sender.takeTrips() == trips, "\(name)")
            }
        }
    }

    // MARK: Between the generations and the entry

    @Test func entryThatIsNewerThanTheGenerationsIsNotTakenForDead() async throws {
        try await withTwo { space, other, sender in
            let key = TagSpace.key("k")
            let lifetime = EntryLifetime(freshFor: .seconds(100))
            @Sendable func renew() async throws {
                try await other.space.invalidate(["a"], .dead)
                try await other.write("k", 2, tags: ["a"])
            }
            func begin() async throws {
                try await space.write("k", 1, tags: ["a"])
                sender.before(2) { try await renew() }
            }
            try await begin()
            try await #expect(space.write("k", 3, .ifAbsent) == false)
            try await #expect(space.value("k") == 2)
            try await begin()
            try await #expect(space.write("k", 3, .ifPresent))
            try await #expect(space.value("k") == 3)
            try await begin()
            let sum = try await space.space.increment(key, by: 5, initial: nil, within: .min ... .max)
            #expect(sum == 7)
            try await begin()
            try await #expect(space.space.touch(key, lifetime))
            try await begin()
            try await #expect(space.report("k").state == .fresh)
            try await begin()
            guard case .found = try await space.ask("k") else {
                Issue.record("the new entry was not found")
                return
            }
            try await begin()
            var names: [String] = []
            sender.before(3) { try await renew() }
            for try await key in space.space.keys(matching: "*") { names.append(key.name) }
            #expect(names == ["k"])
            try await begin()
            try await #expect(space.space.remove([key]) == [true])
            // The same with the namespace.
            try await space.write("k", 1)
            sender.before(2) {
                try await other.space.clear()
                try await other.write("k", 2)
            }
            try await #expect(space.write("k", 3, .ifAbsent) == false)
            try await #expect(space.value("k") == 2)
        }
    }

    @Test func deadEntryIsAbsentForEveryVerbAfterASecondLook() async throws {
        try await withTwo { space, other, _ in
            let key = TagSpace.key("k")
            for tags in [[], ["a"]] {
                func kill() async throws {
                    try await other.write("k", 1, tags: tags)
                    if tags.isEmpty {
                        try await other.space.clear()
                    } else {
                        try await other.space.invalidate(tags, .dead)
                    }
                }
                try await kill()
                try await #expect(space.write("k", 2, .ifPresent) == false)
                try await #expect(space.space.remove([key]) == [false])
                try await kill()
                try await #expect(space.write("k", 2, .ifAbsent))
                try await kill()
                _ = try await space.take("k")
                try await #expect(space.exists("ns:1:k") == false)
                try await kill()
                try await #expect(space.value("k") == nil)
                try await #expect(space.exists("ns:1:k") == false)
                _ = try await space.space.remove([key])
            }
        }
    }

    // MARK: Between the two steps of a commit

    @Test func entryWhoseTagIsInvalidatedBetweenTheStepsOfItsCommitIsBornDead() async throws {
        try await withTwo { space, other, sender in
            let lease = try await space.take("k", tags: ["a"])
            sender.before(2) { try await other.space.invalidate(["a"], .dead) }
            _ = try await space.commit(lease)
            try await #expect(space.value("k") == nil)
            try await #expect(other.value("k", expecting: ["a"]) == nil)
            // A late tag is judged in the first step, and bound to what it was then.
            let second = try await space.take("k")
            sender.before(2) { try await other.space.invalidate(["b"], .dead) }
            _ = try await space.commit(second, late: ["b"])
            try await #expect(other.value("k", expecting: ["b"]) == nil)
        }
    }

    @Test func commitIsRefusedWhenSomebodyWhoKnowsOfAnInvalidationHasSeenItsLease() async throws {
        try await withTwo { space, other, sender in
            // The lease names no tag, so it stands, and whoever is shown it may join the fill.
            let lease = try await space.take("k")
            let marks = try await space.space.marks(of: ["a"], for: .seconds(30))
            sender.before(2) {
                try await other.space.invalidate(["a"], .dead)
                let holder = try await other.holder("k")
                #expect(holder.token == lease.token && holder.serial > lease.serial)
            }
            try await #expect(space.commit(lease, marks: marks) == false)
            try await #expect(space.exists("ns:1:k") == false)
            try await #expect(space.exists("{ns:1:k}:lease") == false)
            // An invalidation that does not concern the fill costs it another round, no more.
            let second = try await space.take("k")
            let others = try await space.space.marks(of: ["b"], for: .seconds(30))
            sender.before(2) {
                try await other.space.invalidate(["a"], .dead)
                _ = try await other.holder("k")
            }
            try await #expect(space.commit(second, marks: others))
            try await #expect(space.value("k") == 7)
        }
    }

    @Test func leaseThatIsTakenOverBetweenTheStepsIsNotRedeemed() async throws {
        try await withTwo { space, other, sender in
            let lease = try await space.take("k", tags: ["a"])
            sender.before(2) {
                try await other.space.invalidate(["a"], .dead)
                _ = try await other.take("k", tags: ["a"])
            }
            try await #expect(space.commit(lease) == false)
            try await #expect(space.exists("ns:1:k") == false)
        }
    }

    // MARK: Removing by a pattern

    @Test func commitDuringTheWalksIsFoundByTheSecondOrHasNoLeaseAnyMore() async throws {
        try await withTwo { space, other, sender in
            // Trips: the epoch, the walk over leases (with their end, if there are any), the walk over entries.
            for trip in 1...4 {
                let lease = try await other.take("k")
                let lasting = try await other.take("else")
                let user = try await other.take("{user}:k")
                sender.before(trip) { _ = try await other.commit(lease) }
                _ = try await space.space.removeAll(matching: "k")
                try await #expect(other.value("k") == nil, "trip \(trip)")
                try await #expect(other.commit(lease) == false, "trip \(trip)")
                // As everywhere, all leases end.
                for lease in [lasting, user] { try await #expect(other.commit(lease) == false, "trip \(trip)") }
            }
        }
    }
}
