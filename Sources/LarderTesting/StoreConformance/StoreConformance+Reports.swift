import Larder

/// What a store tells beside entries: that a lease has ended, and why an entry is or is not of use.
extension StoreConformance {
    static let reports: [StoreCheck] = [
        StoreCheck("whoever listens hears of the end of a lease, where the store can tell") { run in
            let ends: [(String, @Sendable (Lease) async throws -> Void)] = [
                ("a commit", { _ = try await run.commit("k", 1, under: $0) }),
                ("a release", { try await run.space.release([$0]) }),
                ("remove", { _ = try await run.space.remove([$0.key]) }),
                ("set", { _ in try await run.set("k", 1, tags: []) }),
            ]
            for (name, end) in ends {
                _ = try await run.space.remove([ConformanceRun.key("k")])
                let lease = try await run.take("k", tags: [])
                guard let signal = try await run.space.listen(for: lease.key) else { return }
                do {
                    try await end(lease)
                    // A store whose clock is moved by hand only comes back from here when it was told.
                    try await signal.wait(atMost: .seconds(20))
                    let isHeld =
                        if case .absent(.held) = try await run.ask("k", ConformanceRun.token()) { true } else { false }
                    try run.expect(isHeld, false, "whether the lease stands after \(name)")
                } catch {
                    signal.cancel()
                    throw error
                }
                signal.cancel()
            }
        },
        StoreCheck("a wait for the end of a lease ends with its task") { run in
            let lease = try await run.take("k", tags: [])
            guard let signal = try await run.space.listen(for: lease.key) else { return }
            defer { signal.cancel() }
            let waiting = Task { try await signal.wait(atMost: .seconds(3_600)) }
            waiting.cancel()
            // It may as well have returned early; that it ends is what matters.
            _ = await waiting.result
            try run.expect(try await run.holder("k").token, lease.token, "the lease's holder after that")
        },
        StoreCheck("a report says what an entry is good for, and why not") { run in
            try run.expect(try await run.report("k").state, .absent, "the state of no entry")
            let tiers = try await run.space.report(on: ConformanceRun.key("k")).map(\.tier)
            // A store of several tiers reports on each by its own name.
            if tiers.count == 1 { try run.expect(tiers, [run.subject.store.kind], "the tier") }
            try await run.set("k", 1, tags: ["s", "t"])
            let fresh = try await run.report("k")
            try run.expect(fresh.state, .fresh, "the state of a fresh entry")
            try run.expect(fresh.tags.sorted(), ["s", "t"], "its tags")
            try run.expect(fresh.timeLeft?.duration, atMost: ConformanceRun.lifetime, "its time left")
            try await run.expire("t")
            try run.expect(try await run.report("k").state, .staleByTag("t"), "the state after its tag was expired")
            try await run.invalidate("s")
            try run.expect(try await run.report("k").state, .deadByTag("s"), "the state after a tag was invalidated")
            try run.expect(try await run.report("k").state, .deadByTag("s"), "the state when asked again")
            try await run.set("k", 1, tags: [])
            try await run.space.clear()
            try run.expect(try await run.report("k").state, .deadByNamespace, "the state after clear")
            let lifetime = EntryLifetime(freshFor: .seconds(60), grace: .seconds(60))
            _ = try await run.space.write([ConformanceRun.write("k", 1, lifetime)], .always)
            try await run.pass(.seconds(60))
            let stale = try await run.report("k")
            try run.expect(stale.state, .stale, "the state in its grace")
            try run.expect(stale.grace, .seconds(60), "its grace")
            try run.expect((stale.timeLeft?.duration ?? .seconds(1)) <= .zero, "no time left in its grace")
            try await run.pass(.seconds(60))
            try run.expect(try await run.report("k").state, .absent, "the state after its grace")
        },
        StoreCheck("a report names who fills the key") { run in
            try run.expect(try await run.report("k").holder, nil, "the holder of no lease")
            let lease = try await run.take("k", tags: ["t"])
            let held = try await run.report("k")
            try run.expect(held.state, .absent, "the state of a key that is being filled")
            try run.expect(held.holder?.token, lease.token, "the holder")
            try run.expect(held.holder?.timeLeft, atMost: .seconds(30), "how long the lease stands")
            try run.expect(try await run.commit("k", 1, under: lease), "the commit")
            try run.expect(try await run.report("k").holder, nil, "the holder after the commit")
        },
    ]
}
