import LarderTesting
import Testing

@testable import Larder

/// Tags: what is under one is gone when it is invalidated, and nothing else is.
@Suite(.timeLimit(.minutes(10))) struct TaggedVerbTests {
    @Test(arguments: CacheUnderTest.Shape.allCases)
    func everyWayOfWritingPutsEntriesUnderTags(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let cache = subject.cache
            try await cache.set("set", to: 1, tags: ["t"])
            try await cache.add("add", 1, tags: ["t"])
            try await cache.set("replace", to: 0)
            try await cache.replace("replace", with: 1, tags: ["t"])
            try await cache.setMany(["many1": 1, "many2": 1], tags: ["t"])
            _ = try await cache.fetch("fetch", tags: ["t"]) { 1 }
            _ = try await cache.fetchMany(["f1", "f2"] as [CacheKey<Int>], tags: ["t"]) { _ in ["f1": 1, "f2": 1] }
            _ = try await cache.fetch("context") { context in
                try await context.depends(on: "t")
                return 1
            }
            _ = try await cache.fetch("result") { context in
                try context.addTags(["t"])
                return 1
            }
            try await cache.set("other", to: 1, tags: ["u"])
            try await cache.set("untagged", to: 1)
            let tagged = ["set", "add", "replace", "many1", "many2", "fetch", "f1", "f2", "context", "result"]
            for name in tagged { try await #expect(cache.get(CacheKey<Int>(name)) == 1, "\(name)") }
            try await subject.other.invalidate(tags: ["t"])
            for name in tagged { try await #expect(cache.get(CacheKey<Int>(name)) == nil, "\(name)") }
            try await #expect(cache.get(CacheKey<Int>("other")) == 1)
            try await #expect(cache.get(CacheKey<Int>("untagged")) == 1)
            // Dead for every verb.
            try await #expect(!cache.contains(CacheKey<Int>("set")))
            try await #expect(cache.ttl(of: CacheKey<Int>("set")) == nil)
            try await #expect(!cache.touch(CacheKey<Int>("set")))
            await expectError(.keyNotFound) { try await cache.increment(CacheKey<Int>("add")) }
            try await #expect(cache.add("set", 2))
            try await #expect(!cache.replace("many1", with: 2))
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func writingAnewForgetsOldTags(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            try await subject.cache.set("k", to: 1, tags: ["old"])
            try await subject.cache.set("k", to: 2, tags: ["new"])
            try await subject.cache.invalidate(tags: ["old"])
            try await #expect(subject.cache.get(CacheKey<Int>("k")) == 2)
            try await subject.cache.invalidate(tags: ["new"])
            try await #expect(subject.cache.get(CacheKey<Int>("k")) == nil)
        }
    }

    @Test func tagsOfOtherNamespacesAreOthers() async throws {
        let store = MemoryStore(limit: .entries(100))
        let first = Cache(store, namespace: "first")
        let second = Cache(store, namespace: "second")
        try await first.set("k", to: 1, tags: ["t"])
        try await second.set("k", to: 2, tags: ["t"])
        try await first.invalidate(tags: ["t"])
        try await #expect(first.get(CacheKey<Int>("k")) == nil)
        try await #expect(second.get(CacheKey<Int>("k")) == 2)
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func expiredTagIsServedOnceMoreAndFilledAnewBehind(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let cache = subject.cache
            _ = try await cache.fetch("k", tags: ["t"]) { 1 }
            try await subject.other.expire(tags: ["t"])
            try await #expect(cache.get(CacheKey<Int>("k")) == nil)
            guard case .stale(1, _) = try await cache.lookup(CacheKey<Int>("k")) else {
                Issue.record("not stale")
                return
            }
            let gate = Gate()
            for _ in 0..<5 {
                let value = try await cache.fetch("k", tags: ["t"]) { () -> Int in
                    try await gate.pass()
                    return 2
                }
                #expect(value == 1)
            }
            gate.open()
            try await subject.settle()
            try await #expect(cache.get(CacheKey<Int>("k")) == 2)
            #expect(cache.counters.fills == 2)
            #expect(cache.counters.staleServes == 5)
            // Invalidated after being expired, it is gone for fetch as well.
            try await cache.expire(tags: ["t"])
            try await cache.invalidate(tags: ["t"])
            try await #expect(cache.fetch("k") { 3 } == 3)
        }
    }

    struct BadTag: CustomTestStringConvertible, Sendable {
        var tags: [String]
        var testDescription: String
    }

    @Test(arguments: [
        BadTag(tags: [""], testDescription: "empty"),
        BadTag(tags: ["a\nb"], testDescription: "with a line break"),
        BadTag(tags: ["a\u{7F}"], testDescription: "with a control character"),
        BadTag(tags: [String(repeating: "x", count: 251)], testDescription: "too long"),
        BadTag(tags: (0..<101).map { "t\($0)" }, testDescription: "too many"),
    ])
    func badTagsAreRefused(_ example: BadTag) async throws {
        try await withCache { subject in
            let cache = subject.cache
            await expectError(.invalidTag) { try await cache.set("k", to: 1, tags: example.tags) }
            await expectError(.invalidTag) { try await cache.fetch("k", tags: example.tags) { 1 } }
            await expectError(.invalidTag) { try await cache.invalidate(tags: example.tags) }
            await expectError(.invalidTag) { try await cache.expire(tags: example.tags) }
            await expectError(.invalidTag) {
                try await cache.fetch("k") { context in
                    try await context.depends(on: example.tags)
                    return 1
                }
            }
            await expectError(.invalidTag) {
                try await cache.fetch("k") { context in
                    try context.addTags(example.tags)
                    return 1
                }
            }
            #expect(cache.counters.unavailable == 0)
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func invalidatingNothingDoesNothing(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            try await subject.cache.set("k", to: 1, tags: ["t"])
            try await subject.cache.invalidate(tags: [])
            try await subject.cache.invalidate(tags: ["never used"])
            try await #expect(subject.cache.get(CacheKey<Int>("k")) == 1)
            if shape == .remote { #expect(subject.faults.calls[.invalidate] == 1) }
        }
    }

    @Test func fillWhoseTagsCannotBeTakenIsNotStored() async throws {
        try await withCache { subject in
            let value = try await subject.cache.fetch("k") { context in
                subject.faults.fail([.marks])
                try await context.depends(on: "t")
                subject.faults.recover()
                return 1
            }
            #expect(value == 1)
            try await #expect(subject.cache.get(CacheKey<Int>("k")) == nil)
        }
    }

    @Test func generationsGoWithTheEntries() async throws {
        try await withCache(.local, limit: .entries(100)) { subject in
            for number in 0..<5_000 {
                _ = try await subject.cache.fetch(CacheKey<Int>("k\(number)"), tags: ["t\(number)", "all"]) { number }
            }
            try await subject.cache.invalidate(tags: ["all"])
            for number in 0..<5_000 { try await #expect(subject.cache.get(CacheKey<Int>("k\(number)")) == nil) }
        }
    }
}
