import LarderTesting
import Testing

@testable import Larder

/// Random verbs on a few keys, beside a model that is too simple to be wrong.
@Suite struct MemoryStoreHistoryTests {
    private struct Model {
        struct Entry {
            var value: Int
            var end: Duration?
        }

        var now = Duration.zero
        var entries: [String: Entry] = [:]

        func fresh(_ name: String) -> Entry? {
            guard let entry = self.entries[name] else { return nil }
            if let end = entry.end, end <= self.now { return nil }
            return entry
        }

        var names: [String] { self.entries.keys.filter { self.fresh($0) != nil }.sorted() }

        mutating func set(_ name: String, _ value: Int, _ ttl: Int?) {
            if let ttl, ttl <= 0 {
                self.entries[name] = nil
            } else {
                self.entries[name] = Entry(value: value, end: ttl.map { self.now + .milliseconds($0) })
            }
        }
    }

    @Test(arguments: [11, 12] as [UInt64], CacheUnderTest.Shape.allCases)
    func randomHistoryGoesAsTheModelSays(_ seed: UInt64, _ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            var random = SeededGenerator(seed: seed)
            var model = Model()
            let names = ["a", "b", "c", "a1", "b1"]
            for step in 0..<100_000 {
                try await self.perform(on: subject, &model, names, &random)
                if step.isMultiple(of: 1_000) {
                    let found = try await subject.other.getMany(names.map { CacheKey<Int>($0) })
                    let expected = names.compactMap { name in model.fresh(name).map { (CacheKey<Int>(name), $0.value) }
                    }
                    try #require(found == Dictionary(uniqueKeysWithValues: expected), "step \(step)")
                }
            }
        }
    }

    private func perform(
        on subject: CacheUnderTest,
        _ model: inout Model,
        _ names: [String],
        _ random: inout SeededGenerator
    ) async throws {
        let cache = Bool.random(using: &random) ? subject.cache : subject.other
        let name = names[Int.random(in: 0..<names.count, using: &random)]
        let key = CacheKey<Int>(name)
        let value = Int.random(in: -5...5, using: &random)
        let choice = Int.random(in: -1...20, using: &random)
        let milliseconds: Int? = choice == 20 ? nil : choice
        let ttl: TimeToLive? = milliseconds.map { .milliseconds($0) }
        let there = model.fresh(name)
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<20:
            try await #require(cache.get(key) == there?.value)
        case 20..<30:
            let passed = Int.random(in: 0...4, using: &random)
            subject.clock.advance(by: .milliseconds(passed))
            model.now += .milliseconds(passed)
        case 30..<40:
            try await cache.set(key, to: value, ttl: ttl)
            model.set(name, value, milliseconds)
        case 40..<46:
            let isLasting = milliseconds.map { $0 > 0 } ?? true
            try await #require(cache.add(key, value, ttl: ttl) == (there == nil && isLasting))
            if there == nil, isLasting { model.set(name, value, milliseconds) }
        case 46..<52:
            try await #require(cache.replace(key, with: value, ttl: ttl) == (there != nil))
            if there != nil { model.set(name, value, milliseconds) }
        case 52..<60:
            let isLasting = milliseconds.map { $0 > 0 } ?? true
            let filled = try await cache.fetch(key, filling: value, ttl: ttl)
            try #require(filled == there?.value ?? value)
            if there == nil, isLasting { model.set(name, value, milliseconds) }
        case 60..<70:
            let sum = try? await cache.increment(key, by: value, initial: 100, ttl: .milliseconds(7))
            try #require(sum == (there?.value ?? 100) + value)
            if there == nil { model.set(name, 100 + value, 7) } else { model.entries[name]?.value += value }
        case 70..<76:
            try await #require(cache.touch(key, ttl: ttl) == (there != nil))
            if let there { model.set(name, there.value, milliseconds) }
        case 76..<82:
            try await #require(cache.remove(key) == (there != nil))
            model.entries[name] = nil
        case 82..<86:
            let left: TimeLeft? = there.map { $0.end.map { .remaining($0 - model.now) } ?? .forever }
            try await #require(cache.ttl(of: key) == left)
        case 86..<90:
            try await #require(cache.contains(key) == (there != nil))
        case 90..<94:
            var found: [String] = []
            for try await name in cache.keys() { found.append(name) }
            try #require(found.sorted() == model.names)
        case 94..<96:
            let matching = model.names.filter { $0.hasPrefix("a") }
            try await #require(cache.removeAll(matching: "a*") == matching.count)
            for name in names where name.hasPrefix("a") { model.entries[name] = nil }
        case 96..<97:
            try await cache.clear()
            model.entries = [:]
        case 97..<99:
            let moved = try? await cache.incrementVersion(of: key)
            try #require((moved == nil) == (there == nil))
            if there != nil {
                try await #require(cache.get(key.version(2)) == there?.value)
                try await cache.remove(key.version(2))
            }
            model.entries[name] = nil
        default:
            let wanted = names.map { CacheKey<Int>($0) }
            let values = try await cache.fetchMany(wanted, ttl: .milliseconds(9)) { missing in
                Dictionary(uniqueKeysWithValues: missing.map { ($0, 77) })
            }
            for name in names {
                try #require(values[CacheKey<Int>(name)] == model.fresh(name)?.value ?? 77)
                if model.fresh(name) == nil { model.set(name, 77, 9) }
            }
        }
    }
}
