import Larder

/// Elements that are each taken once.
extension CollectionConformance {
    /// Far longer than any check takes: who returns earlier was woken.
    private static let long = Duration.seconds(100)

    static let queues: [CollectionCheck] = [
        CollectionCheck("a queue gives out each element once, the oldest first") { run in
            let queue = run.collections.queue("q", of: Int.self)
            try run.expect(try await queue.pop(), nil, "of nothing")
            try run.expect(try await queue.push(1), 1, "push")
            try run.expect(try await queue.push(contentsOf: [2, 3, 4, 5]), 5, "push of several")
            try run.expect(try await queue.push(contentsOf: []), 5, "push of none")
            try run.expect(try await queue.peek(2), [1, 2], "peek")
            try run.expect(try await run.others.queue("q", of: Int.self).pop(), 1, "the first")
            try run.expect(try await queue.pop(waitingAtMost: Self.long), 2, "the second, without a wait")
            try run.expect(try await queue.popMany(2), [3, 4], "two")
            try run.expect(try await queue.count(), 1, "the count")
            try run.expect(try await queue.popMany(2), [5], "the rest")
            try run.expect(try await queue.popMany(2), [], "no more")
            try run.expect(try await queue.exists(), false, "an empty queue")
        },
        CollectionCheck("a queue takes very many elements in one call") { run in
            let queue = run.collections.queue("q", of: Int.self, lifetime: .sliding(.seconds(600)))
            try run.expect(try await queue.push(contentsOf: 0..<20_000), 20_000, "push")
            try run.expect(try await queue.popMany(15_000), Array(0..<15_000), "most of them")
            try run.expect(try await queue.popMany(9_000), Array(15_000..<20_000), "the rest")
        },
        CollectionCheck("a full queue refuses all that do not fit, or drops the oldest") { run in
            let refusing = run.collections.queue("r", of: Int.self, limit: .refusing(3))
            try await refusing.push(contentsOf: [1, 2])
            try await run.expect(.queueFull, "two more") { try await refusing.push(contentsOf: [3, 4]) }
            try run.expect(try await refusing.count(), 2, "the count after that")
            try run.expect(try await refusing.push(3), 3, "one more")
            try await run.expect(.queueFull, "one too many") { try await refusing.push(4) }
            try run.expect(try await refusing.popMany(9), [1, 2, 3], "the elements")
            try await run.expect(.queueFull, "too many for an empty one") {
                try await refusing.push(contentsOf: [1, 2, 3, 4])
            }
            let dropping = run.collections.queue("d", of: Int.self, limit: .droppingOldest(3))
            try run.expect(try await dropping.push(contentsOf: [1, 2, 3, 4]), 3, "four")
            try run.expect(try await dropping.push(5), 3, "five")
            try run.expect(try await dropping.popMany(9), [3, 4, 5], "the youngest")
        },
        CollectionCheck("who waits for an element gets the one that somebody else adds") { run in
            for round in 0..<3 {
                let queue = run.collections.queue("q\(round)", of: Int.self)
                async let waiting = queue.pop(waitingAtMost: Self.long)
                try await run.settle()
                try await run.others.queue("q\(round)", of: Int.self).push(round)
                try run.expect(try await waiting, round, "what came")
                try run.expect(try await queue.exists(), false, "the queue after that")
            }
        },
        CollectionCheck("many who wait get one element each, and none is lost") { run in
            let queue = run.collections.queue("q", of: Int.self)
            let other = run.others.queue("q", of: Int.self)
            let found = try await withThrowingTaskGroup(of: Int?.self) { group in
                for index in 0..<40 {
                    group.addTask { try await (index % 2 == 0 ? queue : other).pop(waitingAtMost: Self.long) }
                }
                try await run.settle()
                for index in 0..<10 { try await other.push(index) }
                try await queue.push(contentsOf: 10..<40)
                return try await group.reduce(into: []) { $0.append($1) }
            }
            try run.expect(found.compactMap { $0 }.sorted(), Array(0..<40), "what they got")
            try run.expect(try await queue.count(), 0, "what is left")
        },
        CollectionCheck("who is cancelled while waiting takes no element away") { run in
            let queue = run.collections.queue("q", of: Int.self)
            for round in 0..<20 {
                let waiting = Task { try await queue.pop(waitingAtMost: Self.long) }
                if round % 2 == 0 { try await run.settle() }
                async let pushed = run.others.queue("q", of: Int.self).push(round)
                waiting.cancel()
                _ = try await pushed
                do {
                    let element = try await waiting.value
                    try run.expect(element, round, "what the cancelled one got")
                } catch is CancellationError {
                    let next = try await run.others.queue("q", of: Int.self).pop(waitingAtMost: Self.long)
                    try run.expect(next, round, "what the next one got")
                }
            }
            try run.expect(try await queue.count(), 0, "what is left")
        },
        CollectionCheck("elements come as a sequence until the task is cancelled") { run in
            let queue = run.collections.queue("q", of: Int.self)
            try await queue.push(contentsOf: [1, 2, 3])
            let reader = Task {
                var found: [Int] = []
                for try await element in queue.elements() {
                    found.append(element)
                    if found.count == 5 { withUnsafeCurrentTask { $0?.cancel() } }
                }
                return found
            }
            try await run.settle()
            try await run.others.queue("q", of: Int.self).push(contentsOf: [4, 5])
            try run.expect(try await reader.value, [1, 2, 3, 4, 5], "what came")
        },
    ]

    static let reservations: [CollectionCheck] = [
        CollectionCheck("an element that is reserved is nobody else's, and gone when it is acknowledged") { run in
            let queue = run.collections.queue("q", of: String.self)
            try run.expect(try await queue.reserve(for: .seconds(60)) == nil, "a reservation of nothing")
            try await queue.push(contentsOf: ["a", "a"])
            let first = try await run.reserve(queue)
            let second = try await run.reserve(queue)
            try run.expect([first.element, second.element], ["a", "a"], "the elements")
            try run.expect(try await queue.count(), 0, "how many wait")
            try run.expect(try await queue.reservedCount(), 2, "how many are reserved")
            try run.expect(try await queue.exists(), "a queue whose elements are all reserved exists")
            try run.expect(try await queue.pop(), nil, "what others get")
            try run.expect(try await first.acknowledge(), "acknowledge")
            try run.expect(try await first.acknowledge(), false, "acknowledge again")
            try run.expect(try await queue.reservedCount(), 1, "how many are reserved then")
            try run.expect(try await second.acknowledge(), "acknowledge the other")
            try run.expect(try await queue.exists(), false, "the queue at the end")
        },
        CollectionCheck("a reservation that runs out brings its element back to the front") { run in
            let queue = run.collections.queue("q", of: Int.self)
            try await queue.push(contentsOf: [1, 2, 3])
            let first = try await run.reserve(queue, for: .milliseconds(1))
            try await run.pastReservation()
            try run.expect(try await queue.count(), 3, "how many wait again")
            try run.expect(try await queue.reservedCount(), 0, "how many are reserved")
            try run.expect(try await queue.peek(5), [1, 2, 3], "their order")
            try run.expect(try await first.acknowledge(), false, "an acknowledgement that is late")
            try run.expect(try await first.renew(for: .seconds(60)), false, "a renewal that is late")
            try run.expect(try await first.release(), false, "a release that is late")
            let again = try await run.reserve(queue)
            try run.expect(again.element, 1, "the first again")
            try run.expect(try await first.acknowledge(), false, "an acknowledgement of another's reservation")
            try run.expect(try await again.acknowledge(), "the other's acknowledgement")
            try run.expect(try await queue.popMany(9), [2, 3], "the rest")
        },
        CollectionCheck("a reservation is renewed, and released") { run in
            let queue = run.collections.queue("q", of: Int.self)
            try await queue.push(contentsOf: [1, 2])
            let first = try await run.reserve(queue)
            try run.expect(try await first.renew(for: .seconds(900)), "renew")
            try await run.pastReservation()
            try run.expect(try await queue.reservedCount(), 1, "how many are reserved")
            try run.expect(try await first.release(), "release")
            try run.expect(try await first.release(), false, "release again")
            try run.expect(try await queue.popMany(9), [1, 2], "the elements in their order")
        },
        CollectionCheck("who waits for a reservation gets the element that somebody gives back") { run in
            let queue = run.collections.queue("q", of: Int.self)
            try await queue.push(1)
            let first = try await run.reserve(queue)
            async let waiting = run.others.queue("q", of: Int.self).reserve(
                for: .seconds(60),
                waitingAtMost: Self.long
            )
            try await run.settle()
            try await first.release()
            let second = try await waiting
            try run.expect(second?.element, 1, "what came")
            try run.expect(try await second?.acknowledge(), true, "its acknowledgement")
        },
        CollectionCheck("what is reserved ends with its queue, and gives its end back to it") { run in
            let queue = run.collections.queue("q", of: Int.self, lifetime: .fixed(.seconds(300)))
            try await queue.push(1)
            try await run.pass(.seconds(100))
            let first = try await run.reserve(queue, for: .seconds(900))
            try run.expect(try await queue.ttl(), atMost: .seconds(200), "the time left while it is reserved")
            try run.expect(try await first.release(), "release")
            try run.expect(try await queue.ttl(), atMost: .seconds(200), "the time left after that")
            _ = try await run.reserve(queue, for: .seconds(900))
            try await run.pass(.seconds(201))
            try run.expect(try await queue.exists(), false, "the queue past its end")
            try run.expect(try await queue.remove(), false, "removal past its end")
        },
        CollectionCheck("removing a queue removes what is reserved, too") { run in
            let queue = run.collections.queue("q", of: Int.self)
            try await queue.push(1)
            let first = try await run.reserve(queue)
            try run.expect(try await queue.remove(), "removal")
            try run.expect(try await first.acknowledge(), false, "an acknowledgement after that")
            try run.expect(try await queue.exists(), false, "the queue")
        },
    ]
}

extension CollectionRun {
    /// Lets tasks that have just begun come to where they wait.
    ///
    /// A check holds without it, too, but then tests less.
    func settle() async throws {
        for _ in 0..<50 { await Task.yield() }
        if self.subject.drift > .zero { try await Task.sleep(for: .milliseconds(20)) }
    }

    /// Reserves an element that has to be there.
    func reserve<Element>(
        _ queue: SharedQueue<Element>,
        for duration: Duration = .seconds(600)
    ) async throws -> QueueReservation<Element> {
        guard let reservation = try await queue.reserve(for: duration) else {
            throw ConformanceFailure(subject: "a reservation", expected: "an element", found: "none")
        }
        return reservation
    }

    /// Lets more than a millisecond pass on the clock by which reservations end: a server's own cannot be moved.
    func pastReservation() async throws {
        if self.subject.drift > .zero {
            try await Task.sleep(for: .milliseconds(5))
        } else {
            try await self.pass(.milliseconds(2))
        }
    }
}
