import Larder

/// The right to fill a key.
extension StoreConformance {
    static let leases: [StoreCheck] = [
        StoreCheck("the first who misses gets the lease, the others learn whose it is") { run in
            let token = ConformanceRun.token()
            guard case .absent(.granted(let lease)) = try await run.ask("k", token) else {
                throw ConformanceFailure(subject: "the first read", expected: "the lease", found: "something else")
            }
            try run.expect(lease.token, token, "the lease's token")
            try run.expect(lease.key, ConformanceRun.key("k"), "the lease's key")
            guard case .absent(.held(let holder)) = try await run.ask("k", ConformanceRun.token()) else {
                throw ConformanceFailure(subject: "the second read", expected: "held", found: "something else")
            }
            try run.expect(holder.token, token, "the holder's token")
            guard case .absent(.granted) = try await run.ask("other", ConformanceRun.token()) else {
                throw ConformanceFailure(subject: "another key", expected: "its lease", found: "something else")
            }
            try run.expect(try await run.read("k") == nil, "a read without a lease finds nothing")
        },
        StoreCheck("a commit writes under its lease, once") { run in
            let lease = try await run.take("k")
            try run.expect(try await run.commit("k", 1, under: lease), "the commit")
            try run.expect(try await run.integer("k"), 1, "the entry")
            try run.expect(try await run.commit("k", 2, under: lease), false, "the second commit")
            try run.expect(try await run.integer("k"), 1, "the entry after that")
            guard case .found = try await run.ask("k", ConformanceRun.token()) else {
                throw ConformanceFailure(subject: "a read with a lease", expected: "the entry", found: "none")
            }
        },
        StoreCheck("a commit under another token is refused and leaves the lease") { run in
            let lease = try await run.take("k")
            var forged = lease
            forged.token = ConformanceRun.token()
            try run.expect(try await run.commit("k", 1, under: forged), false, "the forged commit")
            try run.expect(try await run.commit("k", 2, under: lease), "the true commit")
            try run.expect(try await run.integer("k"), 2, "the entry")
        },
        StoreCheck("one token can stand for several keys, of which each is committed by itself") { run in
            let token = ConformanceRun.token()
            let keys = ["a", "b", "c"].map(ConformanceRun.key)
            let request = LeaseRequest(token: token, duration: .seconds(30))
            let answers = try await run.space.read(keys, ReadOptions(lease: request, coder: TextCoder()))
            let leases = answers.compactMap { answer -> Lease? in
                if case .absent(.granted(let lease)) = answer { lease } else { nil }
            }
            try run.expect(leases.map(\.key), keys, "the keys of the leases granted")
            _ = try await run.space.remove([keys[1]])
            let commits = zip(["a", "b", "c"], leases).map {
                EntryCommit(write: ConformanceRun.write($0.0, 1), lease: $0.1)
            }
            let answered = try await run.space.commit(commits)
            try run.expect(answered, [true, false, true], "the commits after the second key was removed")
        },
        StoreCheck("a lease given back is free; giving back another's changes nothing") { run in
            let lease = try await run.take("k")
            var other = lease
            other.token = ConformanceRun.token()
            try await run.space.release([other])
            guard case .absent(.held) = try await run.ask("k", ConformanceRun.token()) else {
                throw ConformanceFailure(subject: "after another's release", expected: "held", found: "something else")
            }
            try await run.space.release([lease])
            let next = try await run.take("k")
            try run.expect(try await run.commit("k", 1, under: lease), false, "a commit under the lease given back")
            try run.expect(try await run.commit("k", 2, under: next), "a commit under the next lease")
        },
        StoreCheck("a lease runs out after its duration") { run in
            let lease = try await run.take("k", for: .seconds(60))
            try await run.pass(.seconds(60) - run.step)
            guard case .absent(.held) = try await run.ask("k", ConformanceRun.token()) else {
                throw ConformanceFailure(subject: "before its end", expected: "held", found: "something else")
            }
            try await run.pass(run.step)
            try run.expect(try await run.commit("k", 1, under: lease), false, "a commit after its end")
            let next = try await run.take("k")
            try run.expect(try await run.commit("k", 1, under: lease), false, "a commit beside the next lease")
            try run.expect(try await run.commit("k", 2, under: next), "a commit under the next lease")
        },
        StoreCheck("a lease that replaces an entry leaves it until the commit") { run in
            _ = try await run.space.write([ConformanceRun.write("k", 1)], .always)
            guard case .found = try await run.ask("k", ConformanceRun.token()) else {
                throw ConformanceFailure(subject: "a read with a lease", expected: "the entry", found: "none")
            }
            let lease = try await run.take("k", replacesEntry: true)
            try run.expect(try await run.integer("k"), 1, "the entry under the lease")
            guard case .absent(.held) = try await run.ask("k", ConformanceRun.token(), replacesEntry: true) else {
                throw ConformanceFailure(subject: "a second such lease", expected: "held", found: "something else")
            }
            try run.expect(try await run.commit("k", 2, under: lease), "the commit")
            try run.expect(try await run.integer("k"), 2, "the entry after it")
        },
    ]

    /// Whatever changes a key takes its lease away; nothing else does.
    static let endingLeases: [StoreCheck] = [
        Self.refused("remove") { _ = try await $0.space.remove([ConformanceRun.key("k")]) },
        Self.refused("set") { _ = try await $0.space.write([ConformanceRun.write("k", 9)], .always) },
        Self.refused("add") { _ = try await $0.space.write([ConformanceRun.write("k", 9)], .ifAbsent) },
        Self.refused("increment") { run in
            let key = ConformanceRun.key("k")
            let initial = ConformanceRun.write("k", 0)
            _ = try await run.space.increment(key, by: 9, initial: initial, within: .min ... .max)
        },
        Self.refused("append") { run in
            let text = EntryValue.object(.boxing("text"))
            let lifetime = EntryLifetime(freshFor: ConformanceRun.lifetime)
            let key = ConformanceRun.key("k")
            _ = try await run.space.append(EntryWrite(key: key, value: text, coder: TextCoder(), lifetime: lifetime))
        },
        Self.refused("clear") { try await $0.space.clear() },
        Self.refused("removeAll of a pattern that matches the key") {
            _ = try await $0.space.removeAll(matching: "k*")
        },
        StoreCheck("a commit is refused after replace, increment and append of the entry it was to replace") { run in
            let changes: [(String, @Sendable (ConformanceRun) async throws -> Void)] = [
                ("replace", { _ = try await $0.space.write([ConformanceRun.write("k", 9)], .ifPresent) }),
                (
                    "increment",
                    { run in
                        let key = ConformanceRun.key("k")
                        _ = try await run.space.increment(key, by: 8, initial: nil, within: .min ... .max)
                    }
                ),
            ]
            for (name, change) in changes {
                _ = try await run.space.write([ConformanceRun.write("k", 1)], .always)
                let lease = try await run.take("k", replacesEntry: true)
                try await change(run)
                try run.expect(try await run.commit("k", 2, under: lease), false, "a commit after \(name)")
                try run.expect(try await run.integer("k"), 9, "the entry after \(name)")
            }
        },
        StoreCheck("a lease stands through what concerns other keys, and through what changes nothing") { run in
            let lease = try await run.take("k")
            _ = try await run.space.remove([ConformanceRun.key("other")])
            _ = try await run.space.write([ConformanceRun.write("other", 1)], .always)
            _ = try await run.space.write([ConformanceRun.write("k", 1)], .ifPresent)
            _ = try await run.space.touch(ConformanceRun.key("k"), EntryLifetime(freshFor: .seconds(1)))
            _ = try await run.read("k")
            _ = try await run.space.remove([StoreKey(version: 2, name: "k")])
            try await run.cache(":other").clear()
            try run.expect(try await run.commit("k", 5, under: lease), "the commit")
            try run.expect(try await run.integer("k"), 5, "the entry")
        },
        StoreCheck("removeAll leaves entries that do not match, and voids every lease of the namespace") { run in
            _ = try await run.space.write([ConformanceRun.write("stays", 1)], .always)
            let lease = try await run.take("k")
            try run.expect(try await run.space.removeAll(matching: "x*"), 0, "what removeAll removed")
            try run.expect(try await run.integer("stays"), 1, "an entry that does not match")
            try run.expect(try await run.commit("k", 1, under: lease), false, "a commit after removeAll")
        },
    ]

    private static func refused(
        _ name: String,
        by change: @escaping @Sendable (ConformanceRun) async throws -> Void
    ) -> StoreCheck {
        StoreCheck("a commit is refused after \(name)") { run in
            let lease = try await run.take("k")
            try await change(run)
            let before = try await run.integer("k")
            try run.expect(try await run.commit("k", 2, under: lease), false, "the commit")
            try run.expect(try await run.integer("k"), before, "the entry after the commit")
            _ = try await run.space.remove([ConformanceRun.key("k")])
            let next = try await run.take("k")
            try run.expect(try await run.commit("k", 1, under: lease), false, "the commit beside the next lease")
            try run.expect(try await run.commit("k", 3, under: next), "a commit under the next lease")
        }
    }
}
