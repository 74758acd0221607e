import Larder

/// What begins a sliding lifetime anew, and what is no more than a look.
extension CollectionConformance {
    private static let minute = CollectionLifetime.sliding(.duration(CollectionRun.minute))

    static let sliding: [CollectionCheck] = [
        CollectionCheck("looking for what is not there does not begin a sliding lifetime anew") { run in
            let queue = run.collections.queue("q", of: Int.self, lifetime: Self.minute)
            try await queue.push(1)
            let reserved = try await run.reserve(queue)
            let (empty, full) = (
                run.collections.list("{l}empty", of: Int.self, lifetime: Self.minute),
                run.collections.list("{l}full", of: Int.self, lifetime: Self.minute)
            )
            try await full.append(1)
            try await run.pass(.seconds(30))
            try run.expect(try await queue.pop(), nil, "an element of a queue whose elements are reserved")
            try run.expect(try await queue.popMany(5), [], "several")
            try run.expect(try await queue.reserve(for: .seconds(60)) == nil, "a reservation")
            try run.expect(try await queue.ttl(), atMost: .seconds(30), "what the queue has left")
            try run.expect(try await empty.move(.first, to: full, .last), nil, "an element to move")
            try run.expect(try await full.replaceElement(at: 5, with: 2), false, "an element to replace")
            try run.expect(try await full.element(at: 0), 1, "the element that is there")
            try run.expect(try await full.ttl(), atMost: .seconds(30), "what the list has left")
            try run.expect(try await reserved.acknowledge(), "an acknowledgement")
        },
        CollectionCheck("taking, moving and replacing begin a sliding lifetime anew") { run in
            let queue = run.collections.queue("q", of: Int.self, lifetime: Self.minute)
            try await queue.push(contentsOf: [1, 2])
            let (from, to) = (
                run.collections.list("{l}from", of: Int.self, lifetime: Self.minute),
                run.collections.list("{l}to", of: Int.self, lifetime: Self.minute)
            )
            try await from.append(contentsOf: [1, 2])
            try await to.append(0)
            try await run.pass(.seconds(30))
            try run.expect(try await queue.pop(), 1, "an element of a queue")
            try run.expect(try await queue.ttl(), atMost: CollectionRun.minute, "what the queue has left")
            try run.expect(try await from.replaceElement(at: 0, with: 3), "an element to replace")
            try run.expect(try await from.ttl(), atMost: CollectionRun.minute, "what the list has left")
            try run.expect(try await from.move(.first, to: to, .last), 3, "an element to move")
            try run.expect(try await to.ttl(), atMost: CollectionRun.minute, "what the other list has left")
        },
        CollectionCheck("work that goes on keeps a queue with a sliding lifetime") { run in
            let queue = run.collections.queue("q", of: Int.self, lifetime: Self.minute)
            try await queue.push(contentsOf: [1, 2])
            let first = try await run.reserve(queue, for: .seconds(7_200))
            let second = try await run.reserve(queue, for: .seconds(7_200))
            for round in 0..<4 {
                try await run.pass(.seconds(30))
                try run.expect(try await first.renew(for: .seconds(7_200)), "renewal \(round)")
                try run.expect(try await queue.ttl(), atMost: CollectionRun.minute, "what is left after it")
            }
            try await run.pass(.seconds(30))
            try run.expect(try await first.acknowledge(), "an acknowledgement")
            try run.expect(try await queue.ttl(), atMost: CollectionRun.minute, "what is left after that")
            try await run.pass(.seconds(30))
            try run.expect(try await first.acknowledge(), false, "another acknowledgement")
            try run.expect(try await first.renew(for: .seconds(60)), false, "a renewal after it")
            try run.expect(try await first.release(), false, "a release after it")
            try run.expect(
                try await queue.ttl(),
                atMost: .seconds(30),
                "what is left, which nothing of that has changed"
            )
            try run.expect(try await second.release(), "a release")
            try run.expect(try await queue.ttl(), atMost: CollectionRun.minute, "what is left after a release")
            try run.expect(try await queue.pop(), 2, "what was released")
        },
    ]
}
