import Larder

/// Sections under locks, and what refuses those who come late.
extension LockConformance {
    static let sections: [LockCheck] = [
        LockCheck("a section returns its value and leaves the lock free") { run in
            let seen = try await run.locks.withLock("k") { token in
                try run.expect(try await run.locks.state(of: "k").newestToken, token, "the token")
                return token
            }
            try run.expect(try await run.locks.isLocked("k"), false, "the lock after its section")
            let next = try await run.locks.withLock("k") { $0 }
            try run.expect(next > seen, "the next section's token is larger")
        },
        LockCheck("a section that throws leaves the lock free, and its error is the caller's") { run in
            struct Trouble: Error {}
            do {
                try await run.locks.withLock("k") { _ in throw Trouble() }
                throw ConformanceFailure(subject: "a section that throws", expected: "its error", found: "none")
            } catch is Trouble {}
            try run.expect(try await run.locks.isLocked("k"), false, "the lock after its section")
        },
        LockCheck("who does not wait is told that the lock is held, and which") { run in
            _ = try await run.take("k")
            do {
                try await run.locks.withLock("k", wait: .zero) { _ in }
                throw ConformanceFailure(subject: "a held lock", expected: "an error", found: "none")
            } catch let error as CacheError {
                try run.expect(error.code, .lockNotAcquired, "the error's code")
                try run.expect(error.key, "k", "the lock in the error")
            }
            let value = try await run.locks.withLockIfFree("k") { _ in 1 }
            try run.expect(value, nil, "a section for a free lock only")
            try run.expect(try await run.locks.withLockIfFree("other") { _ in 1 }, 1, "the same for one that is free")
        },
        LockCheck("sections of several processes come one after another, and all of them come") { run in
            let watch = SectionWatch()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for locks in [run.locks, run.otherLocks(), run.otherLocks()] {
                    for _ in 0..<10 {
                        group.addTask {
                            try await locks.withLock("k", wait: .seconds(60)) { token in
                                watch.enter(token)
                                for _ in 0..<5 { await Task.yield() }
                                watch.leave()
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            try run.expect(watch.most, 1, "sections at the same time")
            let found = watch.tokens
            try run.expect(found.count, 30, "sections")
            try run.expect(zip(found, found.dropFirst()).allSatisfy { $0 < $1 }, "the tokens grow strictly")
        },
        LockCheck("as many sections run at the same time as there are permits, and no more") { run in
            let watch = SectionWatch()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for locks in [run.locks, run.otherLocks()] {
                    for _ in 0..<10 {
                        group.addTask {
                            try await locks.withPermit("p", of: 3, wait: .seconds(60)) { token in
                                watch.enter(token)
                                for _ in 0..<20 { await Task.yield() }
                                watch.leave()
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            try run.expect(watch.tokens.count, 20, "sections")
            try run.expect(watch.most <= 3, "at most three at the same time")
            try run.expect(try await run.locks.state(ofPermits: "p").permitsTaken, 0, "permits taken after all")
        },
        LockCheck("a section that asks for its own lock gets an error, for another one that") { run in
            try await run.locks.withLock("k") { _ in
                try await run.expect(.lockReentered, "the same lock") { try await run.locks.withLock("k") { _ in } }
                try await run.expect(.lockReentered, "a lock around it") {
                    try await run.locks.withLock("inner") { _ in try await run.locks.withLock("k") { _ in } }
                }
                try await run.locks.withLock("other") { _ in }
            }
            try await run.locks.withLock("k", wait: .zero) { _ in }
        },
        LockCheck("what makes no sense is refused before the store is asked") { run in
            try await run.expect(.invalidKey, "an empty name") { try await run.locks.withLock("") { _ in } }
            try await run.expect(.invalidArgument, "no permits") {
                try await run.locks.withPermit("p", of: 0) { _ in }
            }
            for lease in [Duration.zero, .seconds(-1), .milliseconds(9), .seconds(86_401)] {
                try await run.expect(.invalidArgument, "a lease of \(lease)") {
                    try await run.locks.withLock("k", lease: lease) { _ in }
                }
            }
        },
    ]

    private struct Page: Codable, Equatable {
        var title: String
        var lines: [Int]
    }

    static let fencing: [LockCheck] = [
        LockCheck("a fenced value refuses a token smaller than the newest, and takes the same again") { run in
            let value = run.locks.fencedValue("v", of: Int.self)
            let (old, new) = (FencingToken(rawValue: 10), FencingToken(rawValue: 11))
            try run.expect(try await value.get(), nil, "nothing yet")
            try await value.set(1, token: old)
            try await value.set(2, token: new)
            try await run.expect(.staleToken, "the old token") { try await value.set(3, token: old) }
            try await run.expect(.staleToken, "removing with it") { try await value.remove(token: old) }
            try await value.set(4, token: new)
            try run.expect(try await value.get(), 4, "the value")
        },
        LockCheck("a fenced value that was removed still knows its token") { run in
            let value = run.locks.fencedValue("v", of: String.self)
            try await value.set("text", token: FencingToken(rawValue: 10))
            try await value.remove(token: FencingToken(rawValue: 12))
            try run.expect(try await value.get(), nil, "after removing")
            try await run.expect(.staleToken, "an old token") {
                try await value.set("late", token: FencingToken(rawValue: 11))
            }
        },
        LockCheck("a fenced value and its token expire together") { run in
            let value = run.locks.fencedValue("v", of: String.self, lifetime: LockRun.lease)
            try await value.set("text", token: FencingToken(rawValue: 10))
            try await run.pass(LockRun.lease - run.step)
            try run.expect(try await value.get(), "text", "shortly before the end")
            try await run.pass(run.step)
            try run.expect(try await value.get(), nil, "at the end")
            try await value.set("new", token: FencingToken(rawValue: 1))
        },
        LockCheck("fenced values hold text, bytes, integers and everything else that is Codable") { run in
            let token = FencingToken(rawValue: .random(in: 1...(1 << 53)))
            let page = Page(title: "a\nb", lines: [1, 2])
            try await run.locks.fencedValue("page", of: Page.self).set(page, token: token)
            try run.expect(try await run.locks.fencedValue("page", of: Page.self).get(), page, "a structure")
            for text in ["", "\n", "+\n-", "Zeile\n2"] {
                let value = run.locks.fencedValue("text", of: String.self)
                try await value.set(text, token: token)
                try run.expect(try await value.get(), text, "a text")
            }
            for bytes in [[], Array(UInt8.min ... .max)] {
                let value = run.locks.fencedValue("bytes", of: [UInt8].self)
                try await value.set(bytes, token: token)
                try run.expect(try await value.get(), bytes, "bytes")
            }
            for integer in [Int64.min, 0, .max] {
                let value = run.locks.fencedValue("integer", of: Int64.self)
                try await value.set(integer, token: token)
                try run.expect(try await value.get(), integer, "an integer")
            }
            let other = run.locks.fencedValue("text", of: UInt8.self)
            try await run.expect(.decodingFailed, "a value of another type") { _ = try await other.get() }
        },
        LockCheck("a token that no lock granted is refused") { run in
            let value = run.locks.fencedValue("v", of: Int.self)
            for number in [Int64.min, -1, 0, (1 << 53) + 1, .max] {
                try await run.expect(.invalidArgument, "the token \(number)") {
                    try await value.set(1, token: FencingToken(rawValue: number))
                }
            }
        },
        LockCheck("the write of one who was stopped past its lease is refused") { run in
            let value = run.locks.fencedValue("v", of: String.self)
            let stopped = try await run.take("k")
            try await run.pass(LockRun.lease + run.step)
            let next = try await run.take("k")
            try await value.set("next", token: next)
            try await run.expect(.staleToken, "the late write") { try await value.set("late", token: stopped) }
            try run.expect(try await value.get(), "next", "the value")
        },
    ]
}
