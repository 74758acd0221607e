import Larder

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// When entries end.
extension StoreConformance {
    static let expiry: [StoreCheck] = [
        StoreCheck("an absent key is absent for every verb") { run in
            try await run.expectAbsence(in: run.cache, "a key that was never written")
        },
        StoreCheck("an entry is there until its last millisecond, and for every verb gone after it") { run in
            try await run.writeAll(into: run.cache, ttl: .duration(ConformanceRun.lifetime))
            try await run.pass(run.shortlyBeforeEnd)
            for name in ConformanceRun.verbs {
                try run.expect(try await run.cache.contains(CacheKey<Int>(name)), "\(name) shortly before its end")
            }
            try run.expect(try await run.cache.entryCount(), ConformanceRun.verbs.count, "entries before their end")
            try await run.pass(run.step)
            try await run.expectAbsence(in: run.cache, "an expired entry")
        },
        StoreCheck("a time to live of nil is for ever") { run in
            try await run.cache.set(CacheKey<Int>("k"), to: 1, ttl: nil)
            try run.expect(try await run.cache.ttl(of: CacheKey<Int>("k")), .forever, "its time left")
            try await run.pass(.seconds(30 * 86_400))
            try run.expect(try await run.cache.get(CacheKey<Int>("k")), 1, "its value after a month")
            try run.expect(try await run.cache.ttl(of: CacheKey<Int>("k")), .forever, "its time left after a month")
        },
        StoreCheck("a time to live of zero or less stores nothing") { run in
            let key = CacheKey<Int>("k")
            for ttl in [TimeToLive.seconds(0), .seconds(-1), .milliseconds(.min)] {
                try await run.cache.set(key, to: 1, ttl: .minutes(1))
                try await run.cache.set(key, to: 2, ttl: ttl)
                try run.expect(try await run.cache.get(key), nil, "an entry set with \(ttl)")
                try run.expect(try await run.cache.add(key, 3, ttl: ttl), false, "add with \(ttl)")
                try run.expect(try await run.cache.get(key), nil, "an entry added with \(ttl)")
                try await run.cache.set(key, to: 1, ttl: .minutes(1))
                try run.expect(try await run.cache.add(key, 3, ttl: ttl), false, "add with \(ttl) where there is one")
                try run.expect(try await run.cache.get(key), 1, "the entry after that")
                try run.expect(try await run.cache.replace(key, with: 3, ttl: ttl), "replace with \(ttl)")
                try run.expect(try await run.cache.get(key), nil, "an entry replaced with \(ttl)")
                try run.expect(try await run.cache.fetch(key, ttl: ttl) { 4 }, 4, "fetch with \(ttl)")
                try run.expect(try await run.cache.get(key), nil, "an entry fetched with \(ttl)")
            }
        },
        StoreCheck("a time to live left out is the cache's default") { run in
            let cache = try run.cache(ttl: .seconds(90))
            try await cache.set(CacheKey<Int>("set"), to: 1)
            try await cache.add(CacheKey<Int>("add"), 1)
            _ = try await cache.fetch(CacheKey<Int>("fetch")) { 1 }
            try await cache.increment(CacheKey<Int>("increment"), initial: 1)
            try await cache.append(CacheKey<String>("append"), "x")
            for name in ["set", "add", "fetch", "increment", "append"] {
                let left = try await cache.ttl(of: CacheKey<Int>(name))?.duration
                try run.expect(left, atMost: .seconds(90), "time left after \(name)")
            }
            let endless = try run.cache(":endless", ttl: nil)
            try await endless.set(CacheKey<Int>("k"), to: 1)
            try run.expect(try await endless.ttl(of: CacheKey<Int>("k")), .forever, "time left under a default of nil")
            let never = try run.cache(":never", ttl: .seconds(0))
            try await never.set(CacheKey<Int>("k"), to: 1)
            try run.expect(try await never.contains(CacheKey<Int>("k")), false, "an entry under a default of zero")
        },
        StoreCheck("lookup brings age and time left by the store's clock") { run in
            let key = CacheKey<Int>("k")
            try await run.cache.set(key, to: 1, ttl: .duration(ConformanceRun.lifetime))
            try await run.pass(.seconds(10))
            guard case .hit(let value, let info) = try await run.cache.lookup(key) else {
                throw ConformanceFailure(subject: "lookup of a fresh entry", expected: "a hit", found: "something else")
            }
            try run.expect(value, 1, "the value")
            try run.expect(info.timeLeft.duration, atMost: .seconds(50), "its time left")
            try run.expect(info.age.map { .seconds(60) - $0 }, atMost: .seconds(50), "its age")
            try await run.cache.set(key, to: 1, ttl: nil)
            guard case .hit(_, let endless) = try await run.cache.lookup(key) else {
                throw ConformanceFailure(
                    subject: "lookup of an entry for ever",
                    expected: "a hit",
                    found: "something else"
                )
            }
            try run.expect(endless.timeLeft, .forever, "its time left")
            guard case .miss = try await run.cache.lookup(CacheKey<Int>("absent")) else {
                throw ConformanceFailure(subject: "lookup of no entry", expected: "a miss", found: "something else")
            }
        },
        StoreCheck("touch, expire and persist move the end of a fresh entry") { run in
            let key = CacheKey<Int>("k")
            try await run.cache.set(key, to: 7, ttl: .seconds(60))
            try run.expect(try await run.cache.touch(key, ttl: .seconds(300)), "touch of a fresh entry")
            try run.expect(try await run.cache.ttl(of: key)?.duration, atMost: .seconds(300), "time left after touch")
            try await run.pass(.seconds(120))
            try run.expect(try await run.cache.get(key), 7, "the value past its old end")
            try run.expect(try await run.cache.touch(key), "touch without a time")
            try run.expect(try await run.cache.ttl(of: key)?.duration, atMost: .seconds(300), "time left after that")
            try run.expect(try await run.cache.persist(key), "persist")
            try run.expect(try await run.cache.ttl(of: key), .forever, "time left after persist")
            try run.expect(try await run.cache.expire(key, at: Date(timeIntervalSinceNow: 3_600)), "expire in an hour")
            let left = try await run.cache.ttl(of: key)?.duration ?? .zero
            try run.expect(left <= .seconds(3_600) && left > .seconds(3_540), "time left after expire: \(left)")
            try await run.pass(.seconds(3_600))
            try run.expect(try await run.cache.contains(key), false, "contains after that hour")
            for ttl in [TimeToLive.seconds(0), .seconds(-5)] {
                try await run.cache.set(key, to: 7)
                try run.expect(try await run.cache.touch(key, ttl: ttl), "touch with \(ttl)")
                try run.expect(try await run.cache.contains(key), false, "contains after that")
                try run.expect(try await run.cache.touch(key, ttl: ttl), false, "touch of nothing with \(ttl)")
            }
            try await run.cache.set(key, to: 7)
            try run.expect(try await run.cache.expire(key, at: Date(timeIntervalSince1970: 0)), "expire in the past")
            try run.expect(try await run.cache.contains(key), false, "contains after that")
            try await run.cache.set(key, to: 7)
            try run.expect(try await run.cache.expire(key, at: .distantFuture), "expire in the far future")
            try run.expect(try await run.cache.contains(key), "contains after that")
        },
        StoreCheck("an entry moves to another version with its value and the time it has left") { run in
            let key = CacheKey<String>("k")
            try await run.cache.set(key, to: "v", ttl: .seconds(60))
            try await run.pass(.seconds(10))
            try run.expect(try await run.cache.incrementVersion(of: key), 2, "the new version")
            try run.expect(try await run.cache.get(key), nil, "the old version")
            try run.expect(try await run.cache.get(key.version(2)), "v", "the new version's value")
            let left = try await run.cache.ttl(of: key.version(2))?.duration
            try run.expect(left, atMost: .seconds(50), "the new version's time left")
            try run.expect(try await run.cache(version: 2).get(key), "v", "the value for a cache of version 2")
            try run.expect(try await run.cache.decrementVersion(of: key.version(2)), 1, "the version after going back")
            try run.expect(try await run.cache.get(key), "v", "the value after going back")
            try run.expect(try await run.cache.incrementVersion(of: key, by: 0), 1, "the version after going nowhere")
            try run.expect(try await run.cache.get(key), "v", "the value after going nowhere")
            try await run.cache.set(key.version(4), to: "other")
            try run.expect(try await run.cache.incrementVersion(of: key, by: 3), 4, "the version after three")
            try run.expect(try await run.cache.get(key.version(4)), "v", "what was there is replaced")
        },
    ]
}

extension ConformanceRun {
    /// A key for each verb, since most of them write.
    static let verbs = [
        "get", "lookup", "getMany", "contains", "ttl", "touch", "touchZero", "persist", "replace", "add", "increment",
        "incrementInitial", "appendTo", "incrementVersion", "remove", "removeMany", "fetch", "fetchMany",
    ]

    func writeAll(into cache: Cache, ttl: TimeToLive?) async throws {
        for name in Self.verbs {
            if name == "appendTo" {
                try await cache.set(CacheKey<String>(name), to: "old", ttl: ttl)
            } else {
                try await cache.set(CacheKey<Int>(name), to: 1, ttl: ttl)
            }
        }
    }

    /// Expects that no verb sees an entry.
    func expectAbsence(in cache: Cache, _ what: String) async throws {
        func key(_ name: String) -> CacheKey<Int> { CacheKey<Int>(name) }
        // First those that see everything: the others leave entries behind.
        var names: [String] = []
        for try await name in cache.keys() { names.append(name) }
        try self.expect(names, [], "keys with \(what)")
        try self.expect(try await cache.entryCount(), 0, "entryCount with \(what)")
        try self.expect(try await cache.get(key("get")), nil, "get of \(what)")
        guard case .miss = try await cache.lookup(key("lookup")) else {
            throw ConformanceFailure(subject: "lookup of \(what)", expected: "a miss", found: "something else")
        }
        try self.expect(try await cache.getMany([key("getMany")]), [:], "getMany of \(what)")
        try self.expect(try await cache.contains(key("contains")), false, "contains of \(what)")
        try self.expect(try await cache.ttl(of: key("ttl")), nil, "ttl of \(what)")
        try self.expect(try await cache.touch(key("touch")), false, "touch of \(what)")
        try self.expect(try await cache.get(key("touch")), nil, "get after touch of \(what)")
        try self.expect(try await cache.touch(key("touchZero"), ttl: .seconds(0)), false, "touch to zero of \(what)")
        try self.expect(try await cache.persist(key("persist")), false, "persist of \(what)")
        try self.expect(try await cache.replace(key("replace"), with: 2), false, "replace of \(what)")
        try self.expect(try await cache.get(key("replace")), nil, "get after replace of \(what)")
        try self.expect(try await cache.add(key("add"), 2), "add to \(what)")
        try self.expect(try await cache.get(key("add")), 2, "get after add to \(what)")
        try await self.expect(.keyNotFound, "increment of \(what)") { try await cache.increment(key("increment")) }
        let sum = try await cache.increment(key("incrementInitial"), by: 5, initial: 10)
        try self.expect(sum, 15, "increment of \(what) with an initial value")
        let text = CacheKey<String>("appendTo")
        try self.expect(try await cache.append(text, "new"), 3, "append to \(what)")
        try self.expect(try await cache.get(text), "new", "get after append to \(what)")
        try await self.expect(.keyNotFound, "incrementVersion of \(what)") {
            try await cache.incrementVersion(of: key("incrementVersion"))
        }
        try self.expect(try await cache.remove(key("remove")), false, "remove of \(what)")
        try self.expect(try await cache.removeMany([key("removeMany")]), 0, "removeMany of \(what)")
        try self.expect(try await cache.fetch(key("fetch")) { 3 }, 3, "fetch of \(what)")
        let many = key("fetchMany")
        let fetched = try await cache.fetchMany([many]) { missing in
            Dictionary(uniqueKeysWithValues: missing.map { ($0, 4) })
        }
        try self.expect(fetched, [many: 4], "fetchMany of \(what)")
    }
}
