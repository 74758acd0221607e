import Larder

/// Who holds what, and for how long.
extension LockConformance {
    static let holding: [LockCheck] = [
        LockCheck("one holds the lock; the others are told when its lease ends") { run in
            let owner = LockOwner.random()
            _ = try await run.take("k", owner)
            let left = try await run.expectHeld("k", "the second to ask")
            try run.expect(left, atMost: LockRun.lease, "the time to the lease's end")
            _ = try await run.take("other")
        },
        LockCheck("who asks again under its own name holds it as before, with a lease counted anew") { run in
            let owner = LockOwner.random()
            let token = try await run.take("k", owner)
            try await run.pass(LockRun.lease - run.step)
            try run.expect(try await run.take("k", owner), token, "the token of the second answer")
            let left = try await run.expectHeld("k", "another")
            try run.expect(left, atMost: LockRun.lease, "the lease after the second answer")
            try await run.give("k", owner, .released, "one release for both")
            _ = try await run.take("k")
        },
        LockCheck("what is given back is free; what another gives back is not") { run in
            let owner = LockOwner.random()
            _ = try await run.take("k", owner)
            try await run.give("k", .random(), .notHeld, "another's release")
            try await run.expectHeld("k", "after another's release")
            try await run.give("k", owner, .released, "the holder's release")
            _ = try await run.take("k")
            try await run.give("k", .random(), .notHeld, "a release beside the next holder")
            try await run.expectHeld("k", "after that")
        },
        LockCheck("a release may be repeated, and tells that of one who gave back from that of one who has lost") {
            run in
            let (giver, loser) = (LockOwner.random(), LockOwner.random())
            _ = try await run.take("k", giver)
            try await run.give("k", giver, .released, "the first release")
            try await run.give("k", giver, .released, "the second release")
            _ = try await run.take("k", loser)
            try await run.give("k", giver, .released, "the third release, beside the next holder")
            try await run.expectHeld("k", "after that")
            _ = try await run.locks.forceRelease("k")
            try await run.give("k", loser, .notHeld, "a release of what was taken away")
            // What a store cannot remember for ever it does not make up.
            for _ in 0..<100 {
                let owner = LockOwner.random()
                _ = try await run.take("k", owner)
                try await run.give("k", owner, .released, "a release among many")
            }
            let answer = try await run.space.release(.init(.lock, "k"), owner: loser)
            try run.expect(answer != .released, "a late release of what was taken away is none, or forgotten")
        },
        LockCheck("who has given up gets nothing any more, also where the question comes after that") { run in
            let (held, late) = (LockOwner.random(), LockOwner.random())
            _ = try await run.take("k", held)
            try await run.space.abandon(.init(.lock, "k"), owner: held)
            try await run.space.abandon(.init(.lock, "k"), owner: late)
            try await run.space.abandon(.init(.lock, "new"), owner: late)
            for (name, owner) in [("k", held), ("k", late), ("new", late)] {
                try await run.expect(.unavailable, "a question of one who has given up") {
                    let request = LockRequest(.init(.lock, name), owner: owner, lease: LockRun.lease)
                    _ = try await run.space.acquire(request)
                }
                try run.expect(try await run.locks.isLocked(name), false, "the lock after that")
            }
            _ = try await run.take("k")
            _ = try await run.take("new")
        },
        LockCheck("a lease ends after its time, for good") { run in
            let (lock, owner) = (LockResource(.lock, "k"), LockOwner.random())
            let token = try await run.take("k", owner)
            try await run.pass(LockRun.lease - run.step)
            try await run.expectHeld("k", "shortly before the end")
            try await run.pass(run.step)
            try run.expect(try await run.locks.isLocked("k"), false, "the lock at its lease's end")
            try run.expect(try await run.space.renew(lock, owner: owner, lease: LockRun.lease), false, "a late renewal")
            try await run.give("k", owner, .notHeld, "a late release")
            let next = try await run.take("k", owner)
            try run.expect(next > token, "the next token is larger, also for the same owner")
        },
        LockCheck("a lease that is renewed stands from then on") { run in
            let (lock, owner) = (LockResource(.lock, "k"), LockOwner.random())
            _ = try await run.take("k", owner)
            try await run.pass(LockRun.lease - run.step)
            try run.expect(try await run.space.renew(lock, owner: owner, lease: LockRun.lease), "the renewal")
            try await run.pass(LockRun.lease - run.step)
            try await run.expectHeld("k", "shortly before the second end")
            try run.expect(
                try await run.space.renew(lock, owner: .random(), lease: LockRun.lease),
                false,
                "another's renewal"
            )
            try await run.pass(run.step)
            _ = try await run.take("k")
        },
        LockCheck("tokens grow with every grant, however the lock became free") { run in
            var last = FencingToken(rawValue: 0)
            for round in 0..<30 {
                let owner = LockOwner.random()
                let token = try await run.take("k", owner)
                try run.expect(token > last, "the token of round \(round) is larger than that before")
                last = token
                switch round % 3 {
                case 0: _ = try await run.space.release(.init(.lock, "k"), owner: owner)
                case 1: _ = try await run.locks.forceRelease("k")
                default: try await run.pass(LockRun.lease + run.step)
                }
            }
            try run.expect(last.rawValue < 1 << 53, "the token is exact in a double")
        },
        LockCheck("what is taken away is free, and its holder is none") { run in
            let owner = LockOwner.random()
            _ = try await run.take("k", owner)
            try run.expect(try await run.locks.forceRelease("k"), "the forced release")
            try run.expect(try await run.locks.forceRelease("k"), false, "another one")
            let renewal = try await run.space.renew(.init(.lock, "k"), owner: owner, lease: LockRun.lease)
            try run.expect(renewal, false, "a renewal of what was taken away")
            _ = try await run.take("k")
        },
        LockCheck("the state tells who holds it, and changes nothing") { run in
            try run.expect(try await run.locks.state(of: "k"), LockState(holders: []), "the state of a free lock")
            let token = try await run.take("k")
            try await run.pass(.seconds(20))
            let state = try await run.locks.state(of: "k")
            try run.expect(state.isHeld, "held")
            try run.expect(state.newestToken, token, "the holder's token")
            try run.expect(state.remaining, atMost: LockRun.lease - .seconds(20), "what is left of the lease")
            try await run.expectHeld("k", "after looking")
        },
        LockCheck("what is given back or taken away is told to those who listen") { run in
            for isForced in [false, true] {
                let owner = LockOwner.random()
                _ = try await run.take("k", owner)
                guard let signal = try await run.space.listen(for: .init(.lock, "k")) else { return }
                if isForced {
                    _ = try await run.locks.forceRelease("k")
                } else {
                    _ = try await run.space.release(.init(.lock, "k"), owner: owner)
                }
                // Told before or while somebody waits: without it, this would take the checks' time limit.
                try await signal.wait(atMost: .seconds(3600))
                signal.cancel()
            }
        },
        LockCheck("names may hold braces, colons, spaces and any letters, and namespaces do not meet") { run in
            for name in ["{a}b", "a}b{", "a:lock:b", "two words", "Schlüssel 🔑", "{}", "@x"] {
                _ = try await run.take(name)
                try await run.expectHeld(name, name)
            }
            let other = run.subject.store.open(try CacheNamespace(run.namespace.name + ":other"))
            let request = LockRequest(LockResource(.lock, "{a}b"), owner: .random(), lease: LockRun.lease)
            guard case .granted = try await other.acquire(request) else {
                throw ConformanceFailure(subject: "another namespace", expected: "granted", found: "held")
            }
        },
    ]

    static let permits: [LockCheck] = [
        LockCheck("as many hold permits as there are, each with a token of its own") { run in
            let owners = (0..<3).map { _ in LockOwner.random() }
            var tokens: [FencingToken] = []
            for owner in owners {
                tokens.append(try await run.take("p", owner, of: 3))
                try await run.pass(.seconds(10))
            }
            try run.expect(tokens == tokens.sorted() && Set(tokens).count == 3, "the tokens grow")
            let left = try await run.expectHeld("p", of: 3, "the fourth")
            try run.expect(left, atMost: LockRun.lease - .seconds(30), "the time to the first lease's end")
            let state = try await run.locks.state(ofPermits: "p")
            try run.expect(state.permitsTaken, 3, "permits taken")
            try run.expect(state.holders.map(\.token), tokens, "the holders in the order of their grants")
            let released = try await run.space.release(.init(.permits, "p"), owner: owners[1])
            try run.expect(released, .released, "a release")
            _ = try await run.take("p", of: 3)
            try await run.expectHeld("p", of: 3, "the one after that")
        },
        LockCheck("a permit whose lease has ended is free, the others are not") { run in
            _ = try await run.take("p", of: 2, lease: LockRun.lease)
            try await run.pass(.seconds(30))
            _ = try await run.take("p", of: 2, lease: LockRun.lease)
            try await run.pass(.seconds(30))
            _ = try await run.take("p", of: 2, lease: LockRun.lease)
            let left = try await run.expectHeld("p", of: 2, "while two hold one")
            try run.expect(left, atMost: .seconds(30), "the time to the first lease's end")
        },
        LockCheck("who asks for fewer permits is let in only among fewer") { run in
            _ = try await run.take("p", of: 3)
            _ = try await run.take("p", of: 3)
            try await run.expectHeld("p", of: 2, "one of two")
            _ = try await run.take("p", of: 3)
        },
        LockCheck("a lock and permits of the same name have nothing to do with each other") { run in
            _ = try await run.take("k")
            _ = try await run.take("k", of: 1)
            try run.expect(try await run.locks.forceRelease(permits: "k"), 1, "permits taken away")
            try await run.expectHeld("k", "the lock")
        },
    ]
}
