import Larder

/// Taking elements that cannot be decoded, and taking more than there will ever be.
extension CollectionConformance {
    static let taking: [CollectionCheck] = [
        CollectionCheck("of many elements that are taken, one of another type takes no other along") { run in
            let texts = ["1", "2", "x", "4", "y", "6"]
            try await run.collections.queue("q", of: String.self).push(contentsOf: texts)
            let queue = run.collections.queue("q", of: Int.self)
            try run.expect(try await queue.popMany(9), [1, 2], "what comes before the first one that is none")
            try run.expect(try await queue.count(), 4, "how many have gone back")
            try await run.expect(.decodingFailed, "the one that is none") { try await queue.popMany(9) }
            try run.expect(try await queue.popMany(1), [4], "the one behind it")
            try await run.expect(.decodingFailed, "the other one") { try await queue.popMany(1) }
            try run.expect(try await queue.popMany(9), [6], "the last one")
            try run.expect(try await queue.exists(), false, "the queue then")

            let list = run.collections.list("l", of: Int.self, lifetime: .fixed(.seconds(600)))
            for end in [ListEnd.first, .last] {
                try await run.collections.list("l", of: String.self, lifetime: .fixed(.seconds(600)))
                    .append(contentsOf: end == .first ? texts : texts.reversed())
                func pop(_ count: Int) async throws -> [Int] {
                    end == .first ? try await list.popFirst(count) : try await list.popLast(count)
                }
                try run.expect(try await pop(9), [1, 2], "from \(end), before the first that is none")
                try await run.expect(.decodingFailed, "from \(end), the one that is none") { try await pop(9) }
                try run.expect(try await pop(1), [4], "from \(end), the one behind it")
                try await run.expect(.decodingFailed, "from \(end), the other one") { try await pop(9) }
                try run.expect(try await pop(9), [6], "from \(end), the last one")
                try run.expect(try await list.exists(), false, "the list then")
            }

            try await run.collections.set("s", of: String.self).insert(contentsOf: texts)
            let set = run.collections.set("s", of: Int.self)
            var (found, failures): (Set<Int>, Int) = ([], 0)
            while try await set.count() > 0 {
                do {
                    found.formUnion(try await set.popRandom(4))
                } catch let error as CacheError where error.code == .decodingFailed {
                    failures += 1
                }
            }
            try run.expect(found, [1, 2, 4, 6], "what came out of a set")
            try run.expect(failures, 2, "errors for what did not")
        },
        CollectionCheck("the error of many elements that are read tells which of them it is") { run in
            try await run.collections.list("l", of: String.self).append(contentsOf: ["1", "x", "3"])
            do {
                _ = try await run.collections.list("l", of: Int.self).elements()
                throw ConformanceFailure(subject: "elements of another type", expected: "an error", found: "none")
            } catch let error as CacheError {
                try run.expect(error.code, .decodingFailed, "the error")
                try run.expect(error.message.contains("2 of 3"), "the position in \(error.message)")
            }
        },
        CollectionCheck("limits and numbers of elements may be as large as integers are") { run in
            for limit in [Int.max, .max - 1, 1 << 53, (1 << 53) + 1] {
                let list = run.collections.list("{l}\(limit)", of: Int.self, limit: limit)
                try run.expect(try await list.append(contentsOf: [1, 2]), 2, "a list with a limit of \(limit)")
                try run.expect(try await list.prepend(0), 3, "the same from the front")
                let other = run.collections.list("{l}other\(limit)", of: Int.self, limit: limit)
                try run.expect(try await list.move(.first, to: other, .first), 0, "moving to such a list")
                try run.expect(try await other.move(.first, to: list, .last), 0, "moving to it from the other end")
                try run.expect(try await list.popFirst(limit), [1, 2, 0], "as many elements of a list")
                for queueLimit in [QueueLimit.refusing(limit), .droppingOldest(limit)] {
                    let queue = run.collections.queue("q\(limit)", of: Int.self, limit: queueLimit)
                    try run.expect(try await queue.push(contentsOf: [1, 2]), 2, "a queue with a limit of \(limit)")
                    try run.expect(try await queue.peek(limit), [1, 2], "a look at as many of its elements")
                    try run.expect(try await queue.popMany(limit), [1, 2], "as many of its elements")
                }
                for order in [LeaderboardOrder.highestFirst, .lowestFirst] {
                    let board = run.collections.leaderboard("b\(limit)", of: Int.self, order: order, limit: limit)
                    try run.expect(try await board.set([(1, 1), (2, 2)]), 2, "a leaderboard with a limit of \(limit)")
                    try run.expect(try await board.increment(1), 2, "an increment there")
                    try run.expect(try await board.top(limit).count, 2, "as many of its members")
                    try await board.remove()
                }
                let stream = run.collections.stream("s\(limit)", of: Int.self, limit: .count(limit, isExact: true))
                try await stream.append(contentsOf: [1, 2])
                try run.expect(try await stream.count(), 2, "a stream with a limit of \(limit)")
                let set = run.collections.set("s\(limit)", of: Int.self)
                try await set.insert(contentsOf: [1, 2])
                try run.expect(try await set.popRandom(limit).sorted(), [1, 2], "as many elements of a set")
            }
        },
    ]
}
