import Larder

/// Fills under tags: no value that was read before an invalidation is stored after it.
extension StoreConformance {
    static let tagLeases: [StoreCheck] = [
        StoreCheck("a commit writes under the tags of its lease, those taken meanwhile, and late ones") { run in
            let lease = try await run.take("k", tags: ["named"])
            let marks = try await run.marks("taken")
            let isWritten = try await run.commit("k", 1, under: lease, marks: marks, lateTags: ["late"])
            try run.expect(isWritten, "the commit")
            let expected = ["late", "named", "taken"]
            try run.expect(try await run.read("k")?.marks.map(\.name).sorted(), expected, "the entry's tags")
            for tag in expected {
                let lease = try await run.take("of \(tag)", tags: ["named"])
                let marks = try await run.marks("taken")
                let isWritten = try await run.commit("of \(tag)", 1, under: lease, marks: marks, lateTags: ["late"])
                try run.expect(isWritten, "the commit before \(tag) was invalidated")
                try run.expect(try await run.fresh("of \(tag)"), 1, "the entry before \(tag) was invalidated")
                try await run.invalidate(tag)
                try await run.expectDead("of \(tag)", "the entry after \(tag) was invalidated")
            }
        },
        StoreCheck("a commit is refused after a tag of its lease was invalidated, and the lease is void") { run in
            let lease = try await run.take("k", tags: ["s", "t"])
            let other = try await run.take("other", tags: ["s"])
            try await run.invalidate("t")
            let next = try await run.take("k", tags: ["s", "t"])
            try run.expect(next.token != lease.token, "another token")
            try run.expect(try await run.commit("k", 1, under: lease), false, "the commit under the void lease")
            try run.expect(try await run.fresh("k"), nil, "the entry")
            try run.expect(try await run.commit("k", 2, under: next), "the commit under the next lease")
            try run.expect(try await run.fresh("k"), 2, "the entry after it")
            try run.expect(try await run.commit("other", 3, under: other), "the commit under a lease of another tag")
        },
        StoreCheck("a commit is refused after a tag was invalidated that its fill took, and the lease is ended") {
            run in
            let lease = try await run.take("k", tags: ["s"])
            let marks = try await run.marks("t", "u")
            try await run.invalidate("u")
            try run.expect(try await run.commit("k", 1, under: lease, marks: marks), false, "the commit")
            try run.expect(try await run.fresh("k"), nil, "the entry")
            let next = try await run.take("k", tags: ["s"])
            let fresh = try await run.marks("t", "u")
            try run.expect(try await run.commit("k", 2, under: next, marks: fresh), "the next commit")
            try run.expect(try await run.fresh("k"), 2, "the entry after it")
        },
        StoreCheck("marks are what they are made of: by their numbers they stand and fall, too") { run in
            let found = try await run.marks("t")
            let copies = found.map { TagMark(name: $0.name, generation: $0.generation, freshness: $0.freshness) }
            let lease = try await run.take("k", tags: [])
            try run.expect(try await run.commit("k", 1, under: lease, marks: copies), "a commit under copied marks")
            try run.expect(try await run.fresh("k"), 1, "the entry")
            try await run.invalidate("t")
            try await run.expectDead("k", "the entry after its tag was invalidated")
            let next = try await run.take("k", tags: [])
            try run.expect(try await run.commit("k", 2, under: next, marks: copies), false, "a commit under old marks")
            let invented = TagMark(name: "unknown", generation: 1, freshness: 1)
            let third = try await run.take("k", tags: [])
            try run.expect(try await run.commit("k", 3, under: third, marks: [invented]), false, "invented marks")
            try run.expect(try await run.fresh("k"), nil, "the entry after both")
        },
        StoreCheck("a tag can be named twice: in the lease, by the fill, and late") { run in
            let lease = try await run.take("k", tags: ["t"])
            let marks = try await run.marks("t")
            let commit = try await run.commit("k", 1, under: lease, marks: marks + marks, lateTags: ["t"])
            try run.expect(commit, "the commit")
            try run.expect(try await run.read("k")?.marks.map(\.name), ["t"], "the entry's tags")
            let next = try await run.take("l", tags: [])
            let old = try await run.marks("t")
            try await run.expire("t")
            let new = try await run.marks("t")
            _ = try await run.commit("l", 1, under: next, marks: new + old)
            try run.expect(try await run.fresh("l"), nil, "an entry whose older mark was expired")
        },
        StoreCheck("a late tag that was invalidated since the lease refuses the commit, one before does not") { run in
            try await run.set("keeps t", 1, tags: ["t"])
            try await run.set("keeps u", 1, tags: ["u"])
            try await run.invalidate("t")
            let lease = try await run.take("k", tags: [])
            try run.expect(try await run.commit("k", 1, under: lease, lateTags: ["t"]), "a tag invalidated before")
            try run.expect(try await run.fresh("k"), 1, "the entry")
            let second = try await run.take("l", tags: [])
            try await run.invalidate("t")
            try run.expect(try await run.commit("l", 2, under: second, lateTags: ["t"]), false, "one invalidated since")
            try run.expect(try await run.fresh("l"), nil, "the entry after that")
            let third = try await run.take("l", tags: [])
            try await run.invalidate("t")
            try run.expect(try await run.commit("l", 3, under: third, lateTags: ["u"]), "beside another invalidation")
            try run.expect(try await run.fresh("l"), 3, "the entry after that")
        },
        StoreCheck("a late tag that nobody has used refuses the commit only if some tag was invalidated since") { run in
            let lease = try await run.take("k", tags: [])
            try run.expect(try await run.commit("k", 1, under: lease, lateTags: ["new"]), "nothing was invalidated")
            try run.expect(try await run.fresh("k"), 1, "the entry")
            for tag in ["lost", "lost2"] {
                let lease = try await run.take("l", tags: [])
                try await run.invalidate(tag)
                let isWritten = try await run.commit("l", 1, under: lease, lateTags: [tag])
                try run.expect(isWritten, false, "a commit after \(tag) was invalidated")
            }
            let last = try await run.take("l", tags: [])
            try await run.invalidate("made")
            _ = try await run.marks("made")
            let isWritten = try await run.commit("l", 1, under: last, lateTags: ["made"])
            try run.expect(isWritten, false, "a commit under a tag that was made since it was invalidated")
        },
        StoreCheck("a fill that began before its tag was expired leaves nothing fresh") { run in
            let lease = try await run.take("named", tags: ["t"])
            let second = try await run.take("taken", tags: [])
            let marks = try await run.marks("t")
            let third = try await run.take("late", tags: [])
            try await run.expire("t")
            _ = try await run.commit("named", 1, under: lease)
            _ = try await run.commit("taken", 1, under: second, marks: marks)
            _ = try await run.commit("late", 1, under: third, lateTags: ["t"])
            for name in ["named", "taken", "late"] {
                try run.expectNotServedAtOnce(name, "a fill whose tag was \(name)")
                try run.expect(try await run.fresh(name), nil, "the entry of a fill whose tag was \(name)")
            }
        },
        StoreCheck("the serial grows with each invalidation, and holders are shown the one of now") { run in
            let lease = try await run.take("k", tags: [])
            try run.expect(try await run.holder("k").serial, lease.serial, "the serial before an invalidation")
            try await run.invalidate("t")
            let after = try await run.holder("k")
            try run.expect(after.token, lease.token, "the holder's token")
            try run.expect(after.serial > lease.serial, "a greater serial after it")
            let other = try await run.take("l", tags: [])
            try run.expect(other.serial, after.serial, "the serial of a lease granted after it")
            try await run.invalidate("t", "u")
            try run.expect(try await run.holder("k").serial > after.serial, "a greater one after the next")
            try run.expect(try await run.commit("k", 1, under: lease), "a commit without tags")
        },
        StoreCheck("keys of one call have each a lease under the call's tags") { run in
            let names = ["a", "b"]
            let request = LeaseRequest(token: ConformanceRun.token(), duration: .seconds(30), tags: ["t"])
            let options = ReadOptions(lease: request, coder: TextCoder())
            let answers = try await run.space.read(names.map(ConformanceRun.key), options)
            let leases = answers.compactMap { answer -> Lease? in
                if case .absent(.granted(let lease)) = answer { lease } else { nil }
            }
            try run.expect(leases.count, 2, "the leases granted")
            try run.expect(try await run.commit("a", 1, under: leases[0]), "the first commit")
            try await run.invalidate("t")
            try run.expect(try await run.commit("b", 1, under: leases[1]), false, "the second, after an invalidation")
            try await run.expectDead("a", "the first entry")
        },
        StoreCheck("a lease that is renewed stands from then on; others are not renewed") { run in
            let lease = try await run.take("k", tags: ["t"])
            try await run.pass(.seconds(20))
            try run.expect(try await run.space.renew([lease], for: .seconds(30)), [true], "a renewal in time")
            try run.expect(try await run.holder("k").timeLeft, atMost: .seconds(30), "time left after it")
            try await run.pass(.seconds(20))
            try run.expect(try await run.holder("k").token, lease.token, "the holder past the first end")
            var forged = lease
            forged.token = ConformanceRun.token()
            let free = Lease(key: ConformanceRun.key("free"), token: ConformanceRun.token(), stamp: lease.stamp)
            let renewed = try await run.space.renew([forged, free], for: .seconds(30))
            try run.expect(renewed, [false, false], "renewals of leases that are not there")
            try run.expect(try await run.commit("k", 1, under: lease), "the commit")
            try run.expect(try await run.space.renew([lease], for: .seconds(30)), [false], "a renewal after it")
            try run.expect(try await run.space.renew([], for: .seconds(30)), [], "a renewal of none")
        },
        StoreCheck("a lease that is void or has run out is not renewed") { run in
            let over = try await run.take("over", tags: [])
            try await run.pass(.seconds(30))
            try run.expect(try await run.space.renew([over], for: .seconds(30)), [false], "one that has run out")
            let lease = try await run.take("k", tags: ["t"])
            let other = try await run.take("l", tags: ["u"])
            try await run.invalidate("t")
            try run.expect(
                try await run.space.renew([lease, other], for: .seconds(30)),
                [false, true],
                "after invalidate"
            )
            _ = try await run.space.removeAll(matching: "x")
            try run.expect(try await run.space.renew([other], for: .seconds(30)), [false], "after removeAll")
            let third = try await run.take("l", tags: ["u"])
            try await run.space.clear()
            try run.expect(try await run.space.renew([third], for: .seconds(30)), [false], "after clear")
        },
    ]
}
