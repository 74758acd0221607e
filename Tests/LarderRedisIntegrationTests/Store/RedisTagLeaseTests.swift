import Larder
import LarderRedis
import LarderTesting
import Testing

/// Leases and commits under tags: what makes a lease void, and what a commit is refused for.
@Suite(.timeLimit(.minutes(2))) struct RedisTagLeaseTests {
    private static let lease = "{ns:1:k}:lease"

    @Test(arguments: Manner.allCases)
    func leaseCarriesStampSerialAndMarksAndItsHolderIsShown(_ manner: Manner) async throws {
        try await withRedis(.init(), manner) { redis in
            let space = TagSpace(redis)
            for _ in 0..<3 { try await space.space.invalidate(["x"], .dead) }
            let lease = try await space.take("k", tags: ["b", "a"], for: .seconds(40))
            #expect(lease.serial == 3)
            #expect(lease.marks.map(\.name) == ["b", "a"])
            let marks = try await space.space.marks(of: ["b", "a"], for: .seconds(1))
            #expect(lease.marks == marks)
            for tag in ["a", "b"] { try await #expect(space.left("{@ns}:tag:\(tag)") > 540_000) }
            let holder = try await space.holder("k")
            #expect(holder.token == lease.token)
            #expect(holder.serial == 3)
            #expect(holder.timeLeft <= .seconds(40) && holder.timeLeft > .seconds(20))
            try await space.space.invalidate(["x"], .dead)
            try await #expect(space.holder("k").serial == 4)
            // One request for several keys takes the tags once.
            let request = LeaseRequest(token: .random(), duration: .seconds(30), tags: ["a"])
            let options = ReadOptions(lease: request, coder: PlainTextCoder())
            let answers = try await space.space.read(["k", "l", "m"].map(TagSpace.key), options)
            let granted = answers.compactMap { answer -> Lease? in
                if case .absent(.granted(let lease)) = answer { lease } else { nil }
            }
            #expect(granted.map(\.key.name) == ["l", "m"])
            #expect(granted.allSatisfy { $0.marks == [marks[1]] })
        }
    }

    @Test(arguments: Manner.allCases)
    func committedEntryHasTheTagsOfLeaseFillAndValueEachOnce(_ manner: Manner) async throws {
        try await withRedis(.init(), manner) { redis in
            let space = TagSpace(redis)
            let lease = try await space.take("k", tags: ["a", "b"])
            let marks = try await space.space.marks(of: ["c", "a"], for: .seconds(30))
            _ = try await space.mark("d")
            try await #expect(space.commit(lease, 7, marks: marks + marks, late: ["d", "b", "e"]))
            let entry = try #require(try await space.read("k"))
            #expect(entry.marks.map(\.name) == ["a", "b", "c", "d", "e"])
            #expect(entry.marks.prefix(2) == lease.marks[...])
            for tag in ["a", "b", "c", "d", "e"] {
                try await #expect(space.left("{@ns}:tag:\(tag)") > space.left("ns:1:k"), "\(tag)")
            }
            if manner == .together { try await #expect(space.reading("k", finds: 7) == ["mget": 1]) }
            try await space.space.invalidate(["e"], .dead)
            try await #expect(space.read("k") == nil)
        }
    }

    @Test(arguments: Manner.allCases)
    func leaseIsVoidWhenItsTagIsInvalidatedOrLostButNotWhenItIsExpired(_ manner: Manner) async throws {
        try await withRedis(.init(), manner) { redis in
            let space = TagSpace(redis)
            let changes: [(String, () async throws -> Void)] = [
                ("invalidate", { try await space.space.invalidate(["b"], .dead) }),
                ("loss", { try await redis.server.command("DEL", "{@ns}:tag:b") }),
                (
                    "loss and a new record",
                    {
                        try await redis.server.command("DEL", "{@ns}:tag:b")
                        _ = try await space.mark("b")
                    }
                ),
            ]
            for (name, change) in changes {
                let first = try await space.take("k", tags: ["a", "b"])
                try await change()
                // The lease counts as absent: another gets it, and the first one's commit does not end that.
                let second = try await space.take("k", tags: ["a", "b"])
                try await #expect(space.commit(first) == false, "\(name)")
                try await #expect(space.holder("k").token == second.token, "\(name)")
                try await #expect(space.commit(second, 8), "\(name)")
                try await #expect(space.value("k") == 8, "\(name)")
                _ = try await space.space.remove([TagSpace.key("k")])
            }
            let lease = try await space.take("k", tags: ["a", "b"])
            try await space.space.invalidate(["b"], .stale)
            try await #expect(space.holder("k").token == lease.token)
            try await #expect(space.commit(lease))
            let entry = try #require(try await space.read("k"))
            #expect(entry.isExpiredByTag)
            #expect(entry.marks == lease.marks)
        }
    }

    /// What happens between lease and commit, and with which tags the commit comes.
    private struct Refusal: Sendable {
        var name: String
        var leaseTags: [String] = []
        var takes: [String] = []
        var late: [String] = []
        /// Whether nothing but the stamp is to blame: where that lies apart, an entry is written that is dead.
        var isOfStamp = false
        var change: @Sendable (TagSpace, inout Lease) async throws -> Void
    }

    private static let refusals: [Refusal] = [
        Refusal(name: "the key was removed") { space, _ in
            _ = try await space.space.remove([TagSpace.key("k")])
        },
        Refusal(name: "the key was written") { space, _ in
            try await space.write("k", 1)
            _ = try await space.space.remove([TagSpace.key("k")])
        },
        Refusal(name: "the lease was lost") { space, _ in
            try await space.redis.server.command("DEL", Self.lease)
        },
        Refusal(name: "the lease has run out") { space, _ in try await space.redis.pass(.seconds(31)) },
        Refusal(name: "the namespace was cleared", isOfStamp: true) { space, _ in try await space.space.clear() },
        Refusal(name: "removeAll") { space, _ in _ = try await space.space.removeAll(matching: "none") },
        Refusal(name: "the stamp was lost", isOfStamp: true) { space, _ in
            try await space.redis.server.command("DEL", "{@ns}:stamp")
        },
        Refusal(name: "the stamp has another length", isOfStamp: true) { space, _ in
            try await space.redis.server.command("APPEND", "{@ns}:stamp", "x")
        },
        Refusal(name: "a tag of the lease was invalidated", leaseTags: ["a"]) { space, _ in
            try await space.space.invalidate(["a"], .dead)
        },
        Refusal(name: "a tag of the lease was lost", leaseTags: ["a"]) { space, _ in
            try await space.redis.server.command("DEL", "{@ns}:tag:a")
        },
        Refusal(name: "a tag that the fill took was invalidated", takes: ["a"]) { space, _ in
            try await space.space.invalidate(["a"], .dead)
        },
        Refusal(name: "a tag that the fill took was lost", takes: ["a"]) { space, _ in
            try await space.redis.server.command("DEL", "{@ns}:tag:a")
        },
        Refusal(name: "a tag that the fill took was lost and made anew", takes: ["a"]) { space, _ in
            try await space.redis.server.command("DEL", "{@ns}:tag:a")
            _ = try await space.mark("a")
        },
        Refusal(name: "a late tag with a record was invalidated", late: ["a"]) { space, _ in
            _ = try await space.mark("a")
            try await space.space.invalidate(["a"], .dead)
        },
        Refusal(name: "a late tag without a record was invalidated", late: ["a"]) { space, _ in
            try await space.space.invalidate(["a"], .dead)
        },
        Refusal(name: "a late tag was invalidated and then lost", late: ["a"]) { space, _ in
            try await space.space.invalidate(["a"], .dead)
            try await space.redis.server.command("DEL", "{@ns}:tag:a")
        },
        Refusal(name: "a late tag was invalidated, lost and made anew", late: ["a"]) { space, _ in
            try await space.space.invalidate(["a"], .dead)
            try await space.redis.server.command("DEL", "{@ns}:tag:a")
            _ = try await space.mark("a")
        },
        Refusal(name: "a late tag without a record, and another was invalidated", late: ["a"]) { space, _ in
            try await space.space.invalidate(["b"], .dead)
        },
        Refusal(name: "a late tag was expired", late: ["a"]) { space, _ in
            _ = try await space.mark("a")
            try await space.space.invalidate(["a"], .stale)
        },
        Refusal(name: "a late tag was invalidated that the fill took afterwards", late: ["a"]) { space, lease in
            try await space.space.invalidate(["a"], .dead)
            lease.marks = [try await space.mark("a")]
        },
    ]

    @Test(arguments: Manner.allCases)
    func commitIsRefusedForEachReasonAndWritesNothing(_ manner: Manner) async throws {
        try await withRedis(.init(), manner) { redis in
            for refusal in Self.refusals {
                try await redis.server.command("FLUSHDB")
                let space = TagSpace(redis)
                var lease = try await space.take("k", tags: refusal.leaseTags)
                let marks = try await space.space.marks(of: refusal.takes, for: .seconds(30))
                try await refusal.change(space, &lease)
                try await #expect(space.commit(lease, marks: marks, late: refusal.late) == false, "\(refusal.name)")
                if refusal.isOfStamp && manner != .together {
                    try await #expect(space.value("k") == nil, "\(refusal.name)")
                } else {
                    try await #expect(space.exists("ns:1:k") == false, "\(refusal.name)")
                }
                try await #expect(space.exists(Self.lease) == false, "\(refusal.name)")
                // Whoever fills it next is not held up.
                let next = try await space.take("k", tags: refusal.leaseTags)
                try await #expect(space.commit(next, 9, late: refusal.late), "\(refusal.name)")
                try await #expect(space.value("k") == 9, "\(refusal.name)")
            }
        }
    }

    @Test(arguments: Manner.allCases)
    func refusedCommitLeavesTheLeaseOfAnother(_ manner: Manner) async throws {
        try await withRedis(.init(), manner) { redis in
            let space = TagSpace(redis)
            let lease = try await space.take("k", tags: ["a"])
            var forged = lease
            forged.token = .random()
            try await #expect(space.commit(forged) == false)
            try await #expect(space.holder("k").token == lease.token)
            // Each of several commits is judged by itself.
            let other = try await space.take("l", tags: ["b"])
            try await space.space.invalidate(["a"], .dead)
            let commits = [lease, other].map {
                EntryCommit(write: TagSpace.integer($0.key.name, 1), lease: $0, lateTags: [])
            }
            try await #expect(space.space.commit(commits) == [false, true])
            try await #expect(space.value("l") == 1)
        }
    }

    // MARK: Late tags

    @Test(arguments: Manner.allCases)
    func lateTagIsAcceptedWhereNothingHappenedToItSinceTheLease(_ manner: Manner) async throws {
        try await withRedis(.init(), manner) { redis in
            let space = TagSpace(redis)
            try await space.space.invalidate(["old"], .dead)
            try await space.space.invalidate(["older"], .dead)
            let lease = try await space.take("k")
            // A record from before, one made since, and none at all.
            _ = try await space.mark("made")
            try await #expect(space.commit(lease, late: ["old", "made", "none"]))
            let entry = try #require(try await space.read("k"))
            #expect(entry.marks.map(\.name) == ["old", "made", "none"])
            try await #expect(space.space.marks(of: ["old", "made", "none"], for: .seconds(1)) == entry.marks)
            for tag in ["old", "made", "none"] {
                try await #expect(space.left("{@ns}:tag:\(tag)") > space.left("ns:1:k"))
            }
        }
    }

    @Test(arguments: Manner.allCases)
    func lateTagWithARecordCaresOnlyForItself(_ manner: Manner) async throws {
        try await withRedis(.init(), manner) { redis in
            let space = TagSpace(redis)
            _ = try await space.mark("a")
            let lease = try await space.take("k")
            try await space.space.invalidate(["b"], .dead)
            try await #expect(space.commit(lease, late: ["a"]))
            // One without a record is refused, and has one from then on.
            _ = try await space.space.remove([TagSpace.key("k")])
            let second = try await space.take("k")
            try await space.space.invalidate(["b"], .dead)
            try await #expect(space.commit(second, late: ["new"]) == false)
            let third = try await space.take("k")
            try await space.space.invalidate(["b"], .dead)
            try await #expect(space.commit(third, late: ["new"]))
            try await #expect(space.read("k")?.marks.map(\.name) == ["new"])
        }
    }

    @Test(arguments: Manner.allCases)
    func recordFromUnderAnEarlierStampDoesNotRefuseALateTag(_ manner: Manner) async throws {
        try await withRedis(.init(), manner) { redis in
            let space = TagSpace(redis)
            let losses: [(String, () async throws -> Void)] = [
                ("clear", { try await space.space.clear() }),
                ("loss", { try await redis.server.command("DEL", "{@ns}:stamp") }),
            ]
            for (name, loss) in losses {
                for _ in 0..<5 { try await space.space.invalidate(["a"], .dead) }
                try await loss()
                let lease = try await space.take("k")
                #expect(lease.serial == 0, "\(name)")
                try await #expect(space.commit(lease, late: ["a"]), "\(name)")
                _ = try await space.space.remove([TagSpace.key("k")])
                let second = try await space.take("k")
                try await space.space.invalidate(["a"], .dead)
                try await #expect(space.commit(second, late: ["a"]) == false, "\(name)")
            }
        }
    }

    @Test(arguments: Manner.allCases)
    func tagMarkedBeforeAndAfterItWasExpiredMakesAnEntryThatIsStaleFromTheBeginning(_ manner: Manner) async throws {
        try await withRedis(.init(), manner) { redis in
            let space = TagSpace(redis)
            let before = try await space.mark("a")
            try await space.space.invalidate(["a"], .stale)
            let after = try await space.mark("a")
            for marks in [[before, after], [after, before]] {
                let lease = try await space.take("k")
                try await #expect(space.commit(lease, marks: marks))
                let entry = try #require(try await space.read("k"))
                #expect(entry.marks == [before])
                #expect(entry.isExpiredByTag)
                _ = try await space.space.remove([TagSpace.key("k")])
            }
            try await space.space.invalidate(["a"], .dead)
            let now = try await space.mark("a")
            let lease = try await space.take("k")
            try await #expect(space.commit(lease, marks: [now, before]) == false)
        }
    }

    // MARK: Renewal

    @Test(arguments: Manner.allCases)
    func renewedLeaseStandsLongerAndKeepsItsTags(_ manner: Manner) async throws {
        try await withRedis(.init(), manner) { redis in
            let space = TagSpace(redis)
            let lease = try await space.take("k", tags: ["a"], for: .seconds(30))
            try await #expect(space.space.renew([lease], for: .seconds(3_000)) == [true])
            let left = try await space.left(Self.lease)
            #expect(left <= 3_000_000 && left > 2_900_000)
            try await #expect(space.left("{@ns}:tag:a") > left)
            try await redis.pass(.seconds(2_000))
            try await #expect(space.commit(lease))
            try await #expect(space.space.renew([lease], for: .seconds(30)) == [false])
            try await #expect(space.space.renew([], for: .seconds(30)) == [])
        }
    }

    @Test(arguments: Manner.allCases)
    func leaseThatDoesNotStandIsNotRenewed(_ manner: Manner) async throws {
        try await withRedis(.init(), manner) { redis in
            let changes: [(String, (TagSpace, inout Lease) async throws -> Void)] = [
                ("another token", { $1.token = .random() }),
                ("another stamp", { $1.stamp = .random() }),
                ("the key removed", { space, _ in _ = try await space.space.remove([TagSpace.key("k")]) }),
                ("the namespace cleared", { space, _ in try await space.space.clear() }),
                ("removeAll", { space, _ in _ = try await space.space.removeAll(matching: "none") }),
                ("its tag invalidated", { space, _ in try await space.space.invalidate(["a"], .dead) }),
                ("its tag lost", { space, _ in try await space.redis.server.command("DEL", "{@ns}:tag:a") }),
                ("the lease run out", { space, _ in try await space.redis.pass(.seconds(31)) }),
            ]
            for (name, change) in changes {
                try await redis.server.command("FLUSHDB")
                let space = TagSpace(redis)
                var lease = try await space.take("k", tags: ["a"])
                let other = try await space.take("l")
                try await change(space, &lease)
                let renewed = try await space.space.renew([lease, other], for: .seconds(3_000))
                #expect(renewed.first == false, "\(name)")
                try await #expect(space.left(Self.lease) <= 30_000, "\(name)")
                if name.hasPrefix("its tag") { #expect(renewed == [false, true], "\(name)") }
            }
        }
    }

    // MARK: The end of a lease

    @Test(arguments: Manner.allCases)
    func whoeverEndsALeaseTellsItOnTheChannelOfItsName(_ manner: Manner) async throws {
        try await withRedis(.init(), manner) { redis in
            let space = TagSpace(redis)
            let subscriber = try await RawSubscriber(redis.server)
            let key = TagSpace.key("k")
            let ends: [(String, (Lease) async throws -> Void)] = [
                ("commit", { try await #expect(space.commit($0)) }),
                (
                    "refused commit",
                    { lease in
                        try await space.space.invalidate(["a"], .dead)
                        try await #expect(space.commit(lease) == false)
                    }
                ),
                ("release", { try await space.space.release([$0]) }),
                ("write", { _ in try await space.write("k", 1) }),
                ("remove", { _ in _ = try await space.space.remove([key]) }),
                (
                    "increment",
                    { _ in
                        let start = TagSpace.integer("k", 1)
                        _ = try await space.space.increment(key, by: 1, initial: start, within: .min ... .max)
                    }
                ),
                ("append", { _ in _ = try await space.space.append(TagSpace.text("k", "x")) }),
            ]
            for (name, end) in ends {
                _ = try await space.space.remove([key])
                let lease = try await space.take("k", tags: ["a"])
                try await #expect(subscriber.messages() == [], "before \(name)")
                try await end(lease)
                try await #expect(subscriber.messages() == [.init(channel: Self.lease, payload: "1")], "\(name)")
                try await #expect(space.exists(Self.lease) == false, "\(name)")
            }
            // Where no lease was there, nobody is told anything; what ends none tells nothing.
            try await space.write("k", 1)
            _ = try await space.space.remove([key])
            let lease = try await space.take("k")
            var other = lease
            other.token = .random()
            try await space.space.release([other])
            try await #expect(space.commit(other) == false)
            try await #expect(space.space.renew([lease], for: .seconds(60)) == [true])
            try await #expect(space.write("k", 2, .ifPresent) == false)
            _ = try await space.holder("k")
            try await #expect(subscriber.messages() == [])
        }
    }
}
