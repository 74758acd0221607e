import Larder

/// What every store has to do with leaderboards, as a list of checks, to be run as those of ``CollectionConformance``.
public enum LeaderboardConformance: Sendable {
    /// All checks.
    public static let checks: [CollectionCheck] =
        Self.scores + Self.ranks + Self.leaving + Self.several + Self.histories

    private static let scores: [CollectionCheck] = [
        CollectionCheck("a member has the score that it was given last") { run in
            let board = run.collections.leaderboard("b", of: String.self)
            try run.expect(try await board.score(of: "a"), nil, "the score of nobody")
            try run.expect(try await board.set("a", to: 1), true, "setting a new member")
            try run.expect(try await board.set("a", to: 1), false, "setting the score that it has")
            try run.expect(try await board.set("a", to: 2.5), true, "setting another score")
            try run.expect(try await board.set([("b", 3), ("a", 2.5), ("c", -1e300)]), 2, "setting several")
            try run.expect(try await board.set([(member: String, score: Double)]()), 0, "setting none")
            try run.expect(try await board.scores(of: ["c", "x", "a"]), [-1e300, nil, 2.5], "scores of several")
            try run.expect(try await board.scores(of: []), [], "scores of none")
            try run.expect(try await board.count(), 3, "the number of members")
            let same = run.others.leaderboard("b", of: String.self)
            try run.expect(try await same.score(of: "b"), 3, "what another process sees")
        },
        CollectionCheck("adding to scores begins at zero, and never gives NaN") { run in
            let board = run.collections.leaderboard("b", of: Int.self)
            try run.expect(try await board.increment(7), 1, "a first increment")
            try run.expect(try await board.increment(7, by: -3.25), -2.25, "a second one")
            try run.expect(try await board.increment(8, by: .infinity), .infinity, "an infinite one")
            try await run.expect(.notANumber, "adding infinity of the other sign") {
                try await board.increment(8, by: -.infinity)
            }
            try run.expect(try await board.score(of: 8), .infinity, "the score after that")
            try await run.expect(.notANumber, "adding NaN") { try await board.increment(7, by: .nan) }
            try await run.expect(.notANumber, "setting NaN") { try await board.set(9, to: .nan) }
            try await run.expect(.notANumber, "counting to NaN") { try await board.count(scores: .atMost(.nan)) }
            try run.expect(try await board.count(), 2, "the number of members")
            try await board.set(1, to: -.infinity)
            try run.expect(try await board.top(3).map(\.member), [8, 7, 1], "infinities at the ends")
        },
        CollectionCheck("scores that only rise or fall do so, and new members come in any case") { run in
            let board = run.collections.leaderboard("b", of: String.self)
            try run.expect(try await board.setIfGreater("a", to: 5), true, "a new member")
            try run.expect(try await board.setIfGreater("a", to: 4), false, "a lower score")
            try run.expect(try await board.setIfGreater("a", to: 5), false, "the same score")
            try run.expect(try await board.setIfGreater("a", to: 6), true, "a higher score")
            try run.expect(try await board.setIfLower("b", to: 5), true, "another new member")
            try run.expect(try await board.setIfLower("b", to: 6), false, "a higher score")
            try run.expect(try await board.setIfLower("b", to: 4), true, "a lower score")
            try run.expect(try await board.scores(of: ["a", "b"]), [6, 4], "what is left of it")
        },
        CollectionCheck("scores come back to the last bit") { run in
            let board = run.collections.leaderboard("b", of: Int.self)
            let scores = [
                0.1, 1.0 / 3, 2.2250738585072014e-308, 1.7976931348623157e308, -123_456_789.123_456_78, 1e15 + 0.3,
                1e22,
            ]
            try await board.set(scores.enumerated().map { (member: $0, score: $1) })
            try run.expect(try await board.scores(of: scores.indices), scores, "scores")
            let top = try await board.top(10)
            try run.expect(top.map(\.score), scores.sorted(by: >), "scores at their ranks")
        },
        CollectionCheck("members are found again, whatever their type") { run in
            struct Player: Codable, Equatable {
                var name: String
                var team: Int?
            }
            let players = run.collections.leaderboard("p", of: Player.self)
            try await players.set(Player(name: "a", team: 1), to: 1)
            try await players.increment(Player(name: "a", team: 1))
            let top = try await players.top(1).first
            try run.expect(top?.member, Player(name: "a", team: 1), "a member that is a struct")
            try run.expect(top?.score, 2, "its score")
            let bytes = run.collections.leaderboard("bytes", of: [UInt8].self)
            try await bytes.set([([0, 255, 13, 10], 1), ([], 2)])
            try run.expect(try await bytes.bottom(2).map(\.member), [[0, 255, 13, 10], []], "members that are bytes")
            try run.expect(try await bytes.rank(of: []), 0, "the rank of no bytes")
        },
        CollectionCheck("a leaderboard lives as its lifetime says, from the step of its first write on") { run in
            let fixed = run.collections.leaderboard(
                "fixed",
                of: Int.self,
                lifetime: .fixed(.duration(CollectionRun.minute)),
                limit: 5
            )
            try await fixed.set(1, to: 1)
            try run.expect(try await fixed.ttl(), atMost: CollectionRun.minute, "the time after a first score")
            try await run.pass(.seconds(30))
            try await fixed.increment(2)
            try await fixed.setIfGreater(3, to: 1)
            try await fixed.remove(3)
            try run.expect(try await fixed.ttl(), atMost: .seconds(30), "the time after other writes")
            try await run.pass(.seconds(30))
            try run.expect(try await fixed.count(), 0, "members at the end")
            try await fixed.increment(2)
            try run.expect(try await fixed.ttl(), atMost: CollectionRun.minute, "the time in another life")
            try run.expect(try await fixed.score(of: 2), 1, "the score in another life")

            let sliding = run.collections.leaderboard(
                "sliding",
                of: Int.self,
                lifetime: .sliding(.duration(CollectionRun.minute))
            )
            try await sliding.set([(1, 1), (2, 2), (3, 3)])
            try await run.pass(.seconds(30))
            try await sliding.increment(1)
            try run.expect(try await sliding.ttl(), atMost: CollectionRun.minute, "the time after an increment")
            try await run.pass(.seconds(30))
            try await sliding.remove(ranks: 0..<1)
            try run.expect(try await sliding.ttl(), atMost: CollectionRun.minute, "the time after a removal")
            try run.expect(try await sliding.remove(), true, "removing all")
            try run.expect(try await sliding.exists(), false, "whether it is there then")
        },
        CollectionCheck("a leaderboard with a limit keeps its best") { run in
            let board = run.collections.leaderboard("b", of: Int.self, limit: 3)
            try await board.set((0..<10).map { (member: $0, score: Double($0)) })
            try run.expect(try await board.top(9).map(\.member), [9, 8, 7], "after setting many")
            try await board.set(1, to: 1)
            try run.expect(try await board.rank(of: 1), nil, "a score that is too low")
            try run.expect(try await board.increment(2, by: 7.5), 7.5, "adding to a member that was dropped")
            try run.expect(try await board.top(9).map(\.member), [9, 8, 2], "after that")
            let times = run.collections.leaderboard("t", of: Int.self, order: .lowestFirst, limit: 2)
            for time in [5, 3, 9, 4, 8] { try await times.set(time, to: Double(time)) }
            try run.expect(try await times.top(9).map(\.member), [3, 4], "where the lowest are the best")
            let none = run.collections.leaderboard("n", of: Int.self, limit: 0)
            try await run.expect(.invalidArgument, "a limit that keeps nothing") { try await none.set(1, to: 1) }
        },
    ]

    private static let ranks: [CollectionCheck] = [
        CollectionCheck("ranks count from the best, and equal scores are ordered by bytes") { run in
            let board = run.collections.leaderboard("b", of: String.self)
            try await board.set([("b", 1), ("a", 1), ("é", 1), ("aa", 1), ("z", 0), ("y", 2)])
            let order = ["z", "a", "aa", "b", "é", "y"]
            for (index, member) in order.enumerated() {
                try run.expect(try await board.rank(of: member), 5 - index, "the rank of \(member)")
                let rank = try await board.rank(of: member, order: .lowestFirst)
                try run.expect(rank, index, "the rank of \(member) from below")
                let entry = try await board.entry(of: member)
                try run.expect(entry?.rank, 5 - index, "the rank of \(member) with its score")
                try run.expect(entry?.score, try await board.score(of: member), "the score of \(member) with its rank")
            }
            try run.expect(try await board.rank(of: "x"), nil, "the rank of nobody")
            try run.expect(try await board.entry(of: "x"), nil, "the place of nobody")
            try run.expect(try await board.top(100).map(\.member), order.reversed(), "all from above")
            try run.expect(try await board.bottom(100).map(\.member), order, "all from below")
            try run.expect(try await board.top(2).map(\.rank), [0, 1], "the ranks at the top")
            try run.expect(try await board.top(0), [], "none")
            try run.expect(try await board.range(1..<3).map(\.member), ["é", "b"], "the second and the third")
            try run.expect(try await board.range(4..<99).map(\.rank), [4, 5], "ranks that go too far")
            try run.expect(try await board.range(6..<9), [], "ranks that nobody has")
            try run.expect(try await board.range(3..<3), [], "no ranks")
            try await run.expect(.invalidArgument, "ranks below 0") { try await board.range(-1..<3) }
            try await run.expect(.invalidArgument, "the top -1") { try await board.top(-1) }
        },
        CollectionCheck("a member is shown among its neighbours, also at the ends") { run in
            let board = run.collections.leaderboard("b", of: Int.self)
            try await board.set((0..<10).map { (member: $0, score: Double($0 * 10)) })
            let middle = try await board.around(5, onEachSide: 2)
            try run.expect(middle.map(\.member), [7, 6, 5, 4, 3], "in the middle")
            try run.expect(middle.map(\.rank), [2, 3, 4, 5, 6], "their ranks")
            try run.expect(middle.map(\.score), [70, 60, 50, 40, 30], "their scores")
            try run.expect(try await board.around(9, onEachSide: 2).map(\.member), [9, 8, 7], "the best")
            try run.expect(try await board.around(8, onEachSide: 2).map(\.rank), [0, 1, 2, 3], "the second")
            try run.expect(try await board.around(0, onEachSide: 1).map(\.member), [1, 0], "the last")
            let below = try await board.around(1, onEachSide: 3, order: .lowestFirst)
            try run.expect(below.map(\.member), [0, 1, 2, 3, 4], "from below")
            try run.expect(below.map(\.rank), [0, 1, 2, 3, 4], "ranks from below")
            try run.expect(try await board.around(3, onEachSide: 100).count, 10, "more neighbours than there are")
            try run.expect(try await board.around(99, onEachSide: 2), [], "nobody")
            try await run.expect(.invalidArgument, "-1 neighbours") { try await board.around(5, onEachSide: -1) }
        },
        CollectionCheck("members are found and counted by their scores, with either bound in or out") { run in
            let board = run.collections.leaderboard("b", of: Int.self)
            try await board.set((0..<10).map { (member: $0, score: Double($0)) })
            try await board.set([(10, .infinity), (11, -.infinity)])
            let ranges: [(ScoreRange, [Int])] = [
                (.all, [10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 11]), (.between(3, and: 5), [5, 4, 3]),
                (.above(7), [10, 9, 8]), (.atLeast(8), [10, 9, 8]), (.below(1), [0, 11]), (.atMost(0), [0, 11]),
                (.above(3).intersection(.below(5)), [4]), (.between(5, and: 3), []),
                (.above(3).intersection(.below(3)), []),
                (.above(.infinity), []), (.atLeast(.infinity), [10]), (.between(2.5, and: 2.6), []),
            ]
            for (range, members) in ranges {
                try run.expect(try await board.range(scores: range).map(\.member), members, "members of \(range)")
                let lowest = try await board.range(scores: range, order: .lowestFirst)
                try run.expect(lowest.map(\.member), members.reversed(), "members of \(range) from below")
                try run.expect(try await board.count(scores: range), members.count, "how many are in \(range)")
            }
            let part = try await board.range(scores: .between(2, and: 8), offset: 1, limit: 3)
            try run.expect(part.map(\.member), [7, 6, 5], "with an offset and a limit")
            try run.expect(part.map(\.rank), [3, 4, 5], "their ranks on the whole board")
            let rest = try await board.range(scores: .between(2, and: 8), offset: 5)
            try run.expect(rest.map(\.member), [3, 2], "with an offset and no limit")
            try run.expect(try await board.range(scores: .all, offset: 50), [], "behind the end")
            try run.expect(try await board.range(scores: .all, limit: 0), [], "with a limit of none")
            try await run.expect(.invalidArgument, "an offset of -1") {
                try await board.range(scores: .all, offset: -1)
            }
        },
    ]

    private static let leaving: [CollectionCheck] = [
        CollectionCheck("members leave by name, rank and score, and an empty leaderboard is not there") { run in
            let board = run.collections.leaderboard("b", of: Int.self)
            func fill() async throws { try await board.set((0..<10).map { (member: $0, score: Double($0)) }) }
            try await fill()
            try run.expect(try await board.remove(3), true, "removing a member")
            try run.expect(try await board.remove(3), false, "removing it again")
            try run.expect(try await board.remove(contentsOf: [1, 3, 5]), 2, "removing several")
            try run.expect(try await board.remove(contentsOf: []), 0, "removing none")
            try run.expect(try await board.top(20).map(\.member), [9, 8, 7, 6, 4, 2, 0], "what is left")
            try await fill()
            try run.expect(try await board.remove(ranks: 0..<2), 2, "removing the best two")
            try run.expect(try await board.remove(ranks: 0..<1, order: .lowestFirst), 1, "removing the worst")
            try run.expect(try await board.remove(ranks: 5..<99), 2, "removing from the sixth on")
            try run.expect(try await board.top(20).map(\.member), [7, 6, 5, 4, 3], "what is left of ranks")
            try run.expect(try await board.remove(ranks: 7..<9), 0, "removing ranks that nobody has")
            try await fill()
            try run.expect(try await board.remove(scores: .between(2, and: 4)), 3, "removing by score")
            try run.expect(try await board.remove(scores: .above(8)), 1, "removing above a score")
            try run.expect(try await board.top(20).map(\.member), [8, 7, 6, 5, 1, 0], "what is left of scores")
            try run.expect(try await board.trim(toBest: 2), 4, "keeping the best two")
            try run.expect(try await board.trim(toBest: 2), 0, "keeping them again")
            try run.expect(try await board.trim(toBest: 1, order: .lowestFirst), 1, "keeping the worst")
            try run.expect(try await board.top(20).map(\.member), [7], "what is left after that")
            try run.expect(try await board.trim(toBest: 0), 1, "keeping none")
            try run.expect(try await board.exists(), false, "whether an empty leaderboard is there")
            try run.expect(try await board.top(3), [], "the top of nothing")
            try run.expect(try await board.remove(scores: .all), 0, "removing from nothing")
        },
        CollectionCheck("names that no store should see are refused") { run in
            let board = run.collections.leaderboard("", of: Int.self)
            try await run.expect(.invalidKey, "setting in a board without a name") { try await board.set(1, to: 1) }
            try await run.expect(.invalidKey, "the top of a board without a name") { try await board.top(1) }
        },
    ]

    private static let several: [CollectionCheck] = [
        CollectionCheck("leaderboards are united, by sum, highest and lowest score") { run in
            let (one, two, three) = (
                run.collections.leaderboard("{day}1", of: String.self),
                run.collections.leaderboard("{day}2", of: String.self),
                run.collections.leaderboard("{day}3", of: String.self)
            )
            try await one.set([("a", 1), ("b", 5), ("i", .infinity)])
            try await two.set([("a", 3), ("c", 4), ("i", -.infinity)])
            let sum = try await one.union(with: [two, three])
            try run.expect(sum.map(\.member), ["b", "c", "a", "i"], "members by the sum of scores")
            try run.expect(sum.map(\.score), [5, 4, 4, 0], "the sums, 0 of infinities")
            try run.expect(sum.map(\.rank), [0, 1, 2, 3], "their ranks together")
            let highest = try await one.union(with: [two], combining: .highest, limit: 2)
            try run.expect(highest.map(\.member), ["i", "b"], "by the highest, the best two")
            let lowest = try await one.union(with: [two], combining: .lowest)
            try run.expect(lowest.map(\.score), [5, 4, 1, -.infinity], "the lowest scores")
            try run.expect(try await three.union(with: []), [], "the union of one that is not there")

            let week = run.collections.leaderboard(
                "{day}week",
                of: String.self,
                lifetime: .fixed(.duration(CollectionRun.minute)),
                limit: 3
            )
            try await week.set("old", to: 99)
            try await run.pass(.seconds(30))
            try run.expect(try await week.replace(withUnionOf: [one, two]), 3, "members after uniting, under a limit")
            try run.expect(try await week.top(9).map(\.member), ["b", "c", "a"], "what is stored")
            try run.expect(try await week.ttl(), atMost: .seconds(30), "its end, which stays")
            try run.expect(try await week.replace(withUnionOf: [three]), 0, "uniting nothing")
            try run.expect(try await week.exists(), false, "whether that is there")
            try await week.replace(withUnionOf: [two])
            try run.expect(try await week.ttl(), atMost: CollectionRun.minute, "the end of another life")
            try await run.expect(.invalidArgument, "uniting no leaderboards") {
                try await week.replace(withUnionOf: [])
            }
        },
        CollectionCheck("a leaderboard that takes in others counts itself as often as it is among them") { run in
            let (all, day) = (
                run.collections.leaderboard("{b}all", of: String.self),
                run.collections.leaderboard("{b}day", of: String.self)
            )
            try await all.set([("a", 1), ("b", 2), ("c", 3)])
            try await day.set([("c", 10), ("d", 20)])
            try run.expect(try await all.replace(withUnionOf: [all, day]), 4, "members with the day's")
            try run.expect(try await all.scores(of: ["a", "b", "c", "d"]), [1, 2, 13, 20], "sums")
            try run.expect(
                try await day.replace(withUnionOf: [all, day], combining: .lowest),
                4,
                "the other way round"
            )
            try run.expect(try await day.scores(of: ["a", "b", "c", "d"]), [1, 2, 10, 20], "the lowest")
            try run.expect(try await all.replace(withUnionOf: [all, day, all]), 4, "twice itself")
            try run.expect(try await all.scores(of: ["a", "b", "c", "d"]), [3, 6, 36, 60], "sums of three")
        },
        CollectionCheck("what is added to a leaderboard while it takes in others is not lost") { run in
            let all = run.collections.leaderboard("{b}all", of: Int.self)
            let day = run.others.leaderboard("{b}day", of: Int.self)
            try await all.set((0..<300).map { (member: $0, score: 0) })
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        for index in 0..<100 { try await all.increment(index % 3) }
                    }
                }
                group.addTask {
                    for _ in 0..<20 {
                        try await day.set([(7, 1)])
                        try await all.replace(withUnionOf: [all, day])
                    }
                }
                try await group.waitForAll()
            }
            let scores = try await all.scores(of: [0, 1, 2, 7])
            try run.expect(scores.prefix(3).reduce(0) { $0 + ($1 ?? 0) }, 400, "the increments")
            try run.expect(scores.last, 20, "what was taken in")
        },
    ]

    private static let histories: [CollectionCheck] = ([1, 2, 3] as [UInt64]).map { seed in
        CollectionCheck("random writes leave what a sorted list has (seed \(seed))") { run in
            var generator = SeededGenerator(seed: seed)
            let board = run.collections.leaderboard("b", of: Int.self)
            var model: [Int: Double] = [:]
            /// By score, then by digits as text: that is what the bytes of integers are.
            func ranked() -> [Int] {
                model.keys.sorted { left, right in
                    let scores = (model[left] ?? 0, model[right] ?? 0)
                    return scores.0 != scores.1
                        ? scores.0 < scores.1 : String(left).utf8.lexicographicallyPrecedes(String(right).utf8)
                }
            }
            for _ in 0..<60 {
                let member = Int.random(in: 0..<40, using: &generator)
                let score = Double(Int.random(in: -4...4, using: &generator))
                switch Int.random(in: 0..<6, using: &generator) {
                case 0, 1:
                    try await board.set(member, to: score)
                    model[member] = score
                case 2:
                    let sum = (model[member] ?? 0) + score
                    try run.expect(try await board.increment(member, by: score), sum, "a sum")
                    model[member] = sum
                case 3:
                    let isThere = model.removeValue(forKey: member) != nil
                    try run.expect(try await board.remove(member), isThere, "a removal")
                case 4:
                    try await board.setIfGreater(member, to: score)
                    model[member] = max(model[member] ?? score, score)
                default:
                    let count = Int.random(in: 0..<3, using: &generator)
                    try await board.remove(ranks: 0..<count, order: .lowestFirst)
                    for member in ranked().prefix(count) { model[member] = nil }
                }
                let order = ranked()
                try run.expect(try await board.bottom(5).map(\.member), Array(order.prefix(5)), "the last five")
                guard let index = order.indices.randomElement(using: &generator) else { continue }
                try run.expect(
                    try await board.around(order[index], onEachSide: 2, order: .lowestFirst).map(\.member),
                    Array(order[max(0, index - 2)..<min(order.count, index + 3)]),
                    "neighbours"
                )
            }
            try run.expect(try await board.top(100).map(\.member), ranked().reversed(), "everybody")
        }
    }
}
