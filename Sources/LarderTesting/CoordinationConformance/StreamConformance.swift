import Larder

/// What every store has to do with streams, as a list of checks, to be run as those of ``CollectionConformance``.
///
/// The age of messages is no part of it: no test can make those of a server older.
public enum StreamConformance: Sendable {
    /// All checks.
    public static let checks: [CollectionCheck] =
        Self.messages + Self.waiting + Self.groups + Self.leftMessages + Self.loops

    /// Far longer than any check takes: who returns earlier was woken.
    private static let long = Duration.seconds(100)

    private static func elements<Element>(_ messages: [StreamMessage<Element>]) throws -> [Element] {
        try messages.map { try $0.element }
    }

    private static let messages: [CollectionCheck] = [
        CollectionCheck("messages are read in the order of their ids, from either end") { run in
            let stream = run.collections.stream("s", of: String.self)
            try run.expect(try await stream.count(), 0, "the number of no messages")
            try run.expect(try await stream.lastID(), .zero, "the last id of nothing")
            try run.expect(try await stream.read(after: .zero), [], "the messages of nothing")
            let first = try await stream.append("a")
            let rest = try await stream.append(contentsOf: ["b", "", "d"])
            try run.expect(try await stream.append(contentsOf: []), [], "the ids of no messages")
            let ids = [first] + rest
            try run.expect(ids, ids.sorted(), "ids in order")
            try run.expect(Set(ids).count, 4, "different ids")
            try run.expect(first > .zero, "a first id behind zero")
            let same = run.others.stream("s", of: String.self)
            let all = try await same.range()
            try run.expect(try Self.elements(all), ["a", "b", "", "d"], "all messages")
            try run.expect(all.map(\.id), ids, "their ids")
            try run.expect(
                try Self.elements(try await stream.read(after: ids[1])),
                ["", "d"],
                "those after the second"
            )
            try run.expect(try Self.elements(try await stream.read(after: .zero, limit: 1)), ["a"], "the first one")
            try run.expect(try await stream.read(after: ids[3]), [], "those after the last")
            try run.expect(try await stream.read(after: .last), [], "those after all")
            let middle = try await stream.range(from: ids[1], through: ids[2])
            try run.expect(try Self.elements(middle), ["b", ""], "the middle")
            let back = try await stream.reversedRange(from: ids[2], limit: 2)
            try run.expect(try Self.elements(back), ["", "b"], "two, backwards")
            try run.expect(try await stream.range(from: ids[2], through: ids[1]), [], "a range upside down")
            try run.expect(try await stream.count(), 4, "the number of messages")
            try run.expect(try await stream.lastID(), ids[3], "the last id")
            try await run.expect(.invalidArgument, "reading none") { try await stream.read(after: .zero, limit: 0) }
        },
        CollectionCheck("messages leave by id and by number, and ids go on after them") { run in
            let stream = run.collections.stream("s", of: Int.self)
            let ids = try await stream.append(contentsOf: 0..<10)
            try run.expect(try await stream.remove(ids[4]), true, "removing one")
            try run.expect(try await stream.remove(ids[4]), false, "removing it again")
            try run.expect(try await stream.remove(contentsOf: [ids[1], ids[2], ids[4]]), 2, "removing several")
            try run.expect(try await stream.trim(to: .count(3, isExact: true)), 4, "keeping three")
            try run.expect(try Self.elements(try await stream.range()), [7, 8, 9], "what is left")
            try run.expect(try await stream.remove(contentsOf: ids), 3, "removing all")
            try run.expect(try await stream.count(), 0, "the number after that")
            try run.expect(try await stream.lastID(), ids[9], "the last id after that")
            try run.expect(try await stream.append(10) > ids[9], "an id behind those that are gone")
            try await run.expect(.invalidArgument, "keeping none") { try await stream.trim(to: .count(0)) }
            try run.expect(try await stream.trim(to: .age(.seconds(3_600))), 0, "keeping those of the last hour")
        },
        CollectionCheck("a stream with a limit drops the oldest in the same step") { run in
            let exact = run.collections.stream("exact", of: Int.self, limit: .count(5, isExact: true))
            for number in 0..<20 {
                try await exact.append(number)
                try run.expect(try await exact.count() <= 5, "no more than the limit after \(number)")
            }
            try run.expect(try Self.elements(try await exact.range()), [15, 16, 17, 18, 19], "the last five")
            let about = run.collections.stream("about", of: Int.self, limit: .count(5))
            for start in stride(from: 0, to: 1_000, by: 100) { try await about.append(contentsOf: start..<start + 100) }
            let count = try await about.count()
            try run.expect((5...500).contains(count), "about five, found \(count)")
            try run.expect(try Self.elements(try await about.reversedRange(limit: 1)), [999], "the last one")
        },
        CollectionCheck("a stream lives as its lifetime says, with its groups") { run in
            let fixed = run.collections.stream("f", of: Int.self, lifetime: .fixed(.duration(CollectionRun.minute)))
            try await fixed.append(1)
            try run.expect(try await fixed.group("g").create(), true, "making a group")
            try run.expect(try await fixed.ttl(), atMost: CollectionRun.minute, "the time after a first message")
            try await run.pass(.seconds(30))
            try await fixed.append(2)
            try run.expect(try await fixed.group("g").read(as: "c").count, 2, "messages for the group")
            try run.expect(try await fixed.ttl(), atMost: .seconds(30), "the time after another message")
            try await run.pass(.seconds(30))
            try run.expect(try await fixed.exists(), false, "whether it is there at its end")
            try run.expect(try await fixed.group("g").read(as: "c"), [], "messages for a group that is made again")
            try run.expect(try await fixed.ttl(), atMost: CollectionRun.minute, "the time of a stream made by a group")
            let sliding = run.collections.stream("s", of: Int.self, lifetime: .sliding(.duration(CollectionRun.minute)))
            try run.expect(try await sliding.group("g").create(), true, "a group that makes its stream")
            try run.expect(try await sliding.ttl(), atMost: CollectionRun.minute, "its time")
            try await run.pass(.seconds(30))
            try await sliding.append(1)
            try run.expect(try await sliding.ttl(), atMost: CollectionRun.minute, "the time after a message")
            try run.expect(try await sliding.remove(), true, "removing the stream")
            try run.expect(try await sliding.group("g").create(), true, "making the group of another life")
        },
    ]

    private static let waiting: [CollectionCheck] = [
        CollectionCheck("who waits for messages gets those that somebody else appends") { run in
            for round in 0..<3 {
                let stream = run.collections.stream("s", of: Int.self)
                let last = try await stream.lastID()
                async let reader = stream.read(after: last, waitingAtMost: Self.long)
                async let member = stream.group("g").read(as: "c", waitingAtMost: Self.long)
                try await run.settle()
                try await run.others.stream("s", of: Int.self).append(round)
                try run.expect(try Self.elements(try await reader), [round], "what a reader got")
                try run.expect(try Self.elements(try await member), [round], "what a group's consumer got")
            }
        },
        CollectionCheck("of many who wait in a group each message goes to one, and none is lost") { run in
            let group = run.collections.stream("s", of: Int.self).group("g")
            try await group.create()
            let found = try await withThrowingTaskGroup(of: [Int].self) { tasks in
                for index in 0..<20 {
                    tasks.addTask {
                        try Self.elements(try await group.read(as: "c\(index)", limit: 1, waitingAtMost: Self.long))
                    }
                }
                try await run.settle()
                let other = run.others.stream("s", of: Int.self)
                for number in 0..<10 { try await other.append(number) }
                try await other.append(contentsOf: 10..<20)
                return try await tasks.reduce(into: []) { $0 += $1 }
            }
            try run.expect(found.sorted(), Array(0..<20), "what all have got together")
            try run.expect(try await group.pending().count, 20, "what is not acknowledged")
        },
        CollectionCheck("who is cancelled while waiting ends at once and takes nothing") { run in
            let stream = run.collections.stream("s", of: Int.self)
            let group = stream.group("g")
            try await group.create()
            let task = Task { try await group.read(as: "c", waitingAtMost: Self.long) }
            try await run.settle()
            task.cancel()
            let result = await task.result
            guard case .failure(let error) = result, error is CancellationError else {
                throw ConformanceFailure(subject: "a cancelled read", expected: "CancellationError", found: "\(result)")
            }
            try await stream.append(1)
            try run.expect(try await group.pending().count, 0, "messages that were delivered")
            try run.expect(try Self.elements(try await group.read(as: "d")), [1], "what the next one gets")
        },
    ]

    private static let groups: [CollectionCheck] = [
        CollectionCheck("a group gives each message to one consumer and keeps it in mind until it is acknowledged") {
            run in
            let stream = run.collections.stream("s", of: Int.self)
            let ids = try await stream.append(contentsOf: 0..<5)
            let group = stream.group("g")
            try run.expect(try await group.create(), true, "making a group")
            try run.expect(try await group.create(), false, "making it again")
            let one = try await group.read(as: "one", limit: 2)
            let two = try await run.others.stream("s", of: Int.self).group("g").read(as: "two", limit: 2)
            try run.expect(try Self.elements(one), [0, 1], "what the first consumer gets")
            try run.expect(try Self.elements(two), [2, 3], "what the second one gets")
            try run.expect(one.map(\.deliveries), [1, 1], "how often these were delivered")
            try run.expect(
                try await group.pending(),
                PendingSummary(count: 4, ids: ids[0]...ids[3], consumers: ["one": 2, "two": 2]),
                "what is not acknowledged"
            )
            try run.expect(try await group.acknowledge(one[0]), true, "acknowledging")
            try run.expect(try await group.acknowledge(one[0]), false, "acknowledging again")
            try run.expect(try await group.acknowledge([ids[1], ids[2], ids[4]]), 2, "acknowledging several")
            try run.expect(try await group.acknowledge([]), 0, "acknowledging none")
            let pending = try await group.pending(limit: 10)
            try run.expect(pending.map(\.id), [ids[3]], "what is left")
            try run.expect(pending.map(\.consumer), ["two"], "whose it is")
            try run.expect(pending.map(\.deliveries), [1], "how often it was delivered")
            try run.expect(try await group.pending(limit: 9, consumer: "one"), [], "what is left of the first")
            try run.expect(try await group.pending(limit: 9, from: ids[4]), [], "what is left behind the last")
            try run.expect(try await group.pending(limit: 9, idleFor: .seconds(3_600)), [], "left alone for an hour")
            try run.expect(
                try await group.consumers().map { "\($0.name) \($0.pending)" },
                ["one 0", "two 1"],
                "the consumers"
            )
        },
        CollectionCheck("groups read each for themselves, from where they begin") { run in
            let stream = run.collections.stream("s", of: Int.self)
            let ids = try await stream.append(contentsOf: 0..<4)
            let end = stream.group("end", startingAt: .end)
            let middle = stream.group("middle", startingAt: .after(ids[1]))
            try run.expect(try await end.create(), true, "making a group at the end")
            try run.expect(try await middle.create(), true, "making one in the middle")
            try await stream.append(4)
            try run.expect(try Self.elements(try await end.read(as: "c")), [4], "from the end")
            try run.expect(try Self.elements(try await middle.read(as: "c")), [2, 3, 4], "from the middle")
            let whole = stream.group("whole")
            try run.expect(
                try Self.elements(try await whole.read(as: "c")),
                [0, 1, 2, 3, 4],
                "a group made by reading"
            )
            try run.expect(try await whole.read(as: "c"), [], "what is new after that")
            try run.expect(try await whole.remove(), true, "removing a group")
            try run.expect(try await whole.remove(), false, "removing it again")
            try run.expect(try await whole.read(as: "c").count, 5, "what the group gets in another life")
        },
        CollectionCheck("what a group does not know is nothing, not an error") { run in
            for name in ["s", "absent"] {
                let stream = run.collections.stream(name, of: Int.self)
                if name == "s" { try await stream.append(1) }
                let group = stream.group("nobody")
                try run.expect(try await group.pending(), PendingSummary(), "its messages in numbers")
                try run.expect(try await group.pending(limit: 5), [], "its messages")
                try run.expect(try await group.consumers(), [], "its consumers")
                try run.expect(try await group.acknowledge([.zero]), 0, "acknowledging")
                try run.expect(try await group.remove(consumer: "c"), 0, "removing a consumer")
                try run.expect(try await group.remove(), false, "removing it")
                let old = try await group.unacknowledged(of: "c")
                try run.expect(old.messages, [], "what is not acknowledged")
                try run.expect(old.position, nil, "where that would go on")
                let left = try await group.claim(idleFor: .zero, as: "c")
                try run.expect(left.messages, [], "what others have left")
                try run.expect(left.position, nil, "where that would go on")
            }
            try run.expect(try await run.collections.stream("absent", of: Int.self).exists(), false, "the stream")
            let group = run.collections.stream("s", of: Int.self).group("g")
            try await run.expect(.invalidKey, "a consumer without a name") { try await group.read(as: "") }
            let unnamed = run.collections.stream("s", of: Int.self).group("")
            try await run.expect(.invalidKey, "a group without a name") { try await unnamed.create() }
        },
    ]

    private static let leftMessages: [CollectionCheck] = [
        CollectionCheck("a consumer that begins again gets what it has not acknowledged") { run in
            let stream = run.collections.stream("s", of: Int.self)
            let ids = try await stream.append(contentsOf: 0..<6)
            let group = stream.group("g")
            _ = try await group.read(as: "c", limit: 5)
            _ = try await group.read(as: "other")
            try await group.acknowledge([ids[1]])
            try await stream.remove(ids[2])
            let first = try await group.unacknowledged(of: "c", limit: 2)
            try run.expect(try Self.elements(first.messages), [0], "the first two, of which one is gone")
            try run.expect(first.messages.map(\.deliveries), [2], "how often it was delivered")
            try run.expect(first.position, ids[2], "where to go on")
            let rest = try await group.unacknowledged(of: "c", after: ids[2], limit: 10)
            try run.expect(try Self.elements(rest.messages), [3, 4], "the rest")
            try run.expect(rest.position, nil, "the end")
            try run.expect(try await group.pending().consumers, ["c": 3, "other": 1], "what is left in mind")
        },
        CollectionCheck("messages that were left alone are taken over, once by one") { run in
            let stream = run.collections.stream("s", of: Int.self)
            let ids = try await stream.append(contentsOf: 0..<6)
            let group = stream.group("g")
            _ = try await group.read(as: "dead", limit: 6)
            try await stream.remove(ids[1])
            let young = try await group.claim(idleFor: .seconds(3_600), as: "heir")
            try run.expect(young.messages, [], "messages that were delivered a moment ago")
            let part = try await group.claim(idleFor: .zero, as: "heir", limit: 3)
            let position = try part.position ?? { throw Self.noPosition }()
            let rest = try await group.claim(idleFor: .zero, as: "heir", from: position, limit: 10)
            try run.expect(try Self.elements(part.messages + rest.messages), [0, 2, 3, 4, 5], "all that are there")
            try run.expect(rest.position, nil, "the end")
            try run.expect((part.messages + rest.messages).map(\.deliveries), [2, 2, 2, 2, 2], "their deliveries")
            try run.expect(try await group.pending().consumers, ["heir": 5], "whose they are")
            let again = try await group.claim(idleFor: .zero, as: "third", from: ids[4])
            try run.expect(again.messages.map(\.deliveries), [3, 3], "deliveries of the last two")
        },
        CollectionCheck("a consumer that is removed takes with it what it has not acknowledged") { run in
            let stream = run.collections.stream("s", of: Int.self)
            try await stream.append(contentsOf: 0..<5)
            let group = stream.group("g")
            _ = try await group.read(as: "a", limit: 2)
            _ = try await group.read(as: "b", limit: 2)
            try run.expect(try await group.remove(consumer: "a"), 2, "removing a consumer")
            try run.expect(try await group.remove(consumer: "a"), 0, "removing it again")
            try run.expect(try await group.consumers().map(\.name), ["b"], "the consumers")
            try run.expect(try await group.pending().count, 2, "what is left in mind")
            try run.expect(try Self.elements(try await group.read(as: "a")), [4], "what is new for its successor")
        },
    ]

    private static var noPosition: ConformanceFailure {
        ConformanceFailure(subject: "a claim of some messages", expected: "a place to go on", found: "none")
    }

    private static let loops: [CollectionCheck] = [
        CollectionCheck("a loop acknowledges a message when it asks for the next one") { run in
            let stream = run.collections.stream("s", of: Int.self)
            try await stream.append(contentsOf: 0..<5)
            let group = stream.group("g")
            var found: [Int] = []
            for try await message in group.messages(as: "c", batch: 2) {
                found.append(try message.element)
                if found.count == 4 { break }
            }
            try run.expect(found, [0, 1, 2, 3], "the first four")
            try run.expect(try await group.pending().count, 1, "the one at which the loop was left")
            found = []
            for try await message in group.messages(as: "c", batch: 2) {
                found.append(try message.element)
                if found.count == 1 { try run.expect(message.deliveries, 2, "the deliveries of the one that was left") }
                if found.count == 2 { try await run.others.stream("s", of: Int.self).append(5) }
                if found.count == 3 { break }
            }
            try run.expect(found, [3, 4, 5], "what comes first, then what is new")
        },
        CollectionCheck("a loop that acknowledges by itself is not helped") { run in
            let stream = run.collections.stream("s", of: Int.self)
            let ids = try await stream.append(contentsOf: 0..<4)
            let group = stream.group("g")
            for try await message in group.messages(as: "c", acknowledging: .explicit) {
                if try message.element % 2 == 0 { try await group.acknowledge(message) }
                if message.id == ids[3] { break }
            }
            try run.expect(try await group.pending(limit: 9).map(\.id), [ids[1], ids[3]], "what is not acknowledged")
        },
        CollectionCheck("a loop takes over what others have left") { run in
            let stream = run.collections.stream("s", of: Int.self)
            try await stream.append(contentsOf: 0..<3)
            let group = stream.group("g")
            _ = try await group.read(as: "dead", limit: 2)
            var found: [Int] = []
            for try await message in group.messages(as: "heir", claimingAfter: .zero) {
                found.append(try message.element)
                if found.count == 3 { break }
            }
            try run.expect(found.sorted(), [0, 1, 2], "what was left and what is new")
        },
        CollectionCheck("a message that cannot be read stops nobody from reading the others") { run in
            let texts = run.collections.stream("s", of: String.self)
            try await texts.append(contentsOf: ["1", "one", "2"])
            let group = run.collections.stream("s", of: Int.self).group("g")
            var found: [Int?] = []
            for try await message in group.messages(as: "c") {
                do {
                    found.append(try message.element)
                } catch let error as CacheError {
                    try run.expect(error.code, .decodingFailed, "the error")
                    found.append(nil)
                }
                if found.count == 3 { break }
            }
            try run.expect(found, [1, nil, 2], "what was read")
        },
    ]
}
