import Larder

/// Values under fields.
extension CollectionConformance {
    static let hashes: [CollectionCheck] = [
        CollectionCheck("a hash keeps a value for each field") { run in
            let hash = run.collections.hash("h", from: String.self, to: Sample.self)
            let samples = (0..<4).map { Sample(name: "n\($0)", numbers: [$0], isFancy: $0 == 1) }
            try run.expect(try await hash.get("a"), nil, "a field of nothing")
            try run.expect(try await hash.set("a", to: samples[0]), "a new field")
            try run.expect(try await hash.set("a", to: samples[1]), false, "the same field")
            try run.expect(try await hash.get("a"), samples[1], "its value")
            try run.expect(
                try await hash.setMany(["a": samples[2], "b": samples[3], "": samples[0]]),
                2,
                "two new ones"
            )
            try run.expect(try await hash.setMany([:]), 0, "none")
            try run.expect(try await hash.setIfAbsent("a", to: samples[0]), false, "setIfAbsent of one that is there")
            try run.expect(try await hash.setIfAbsent("c", to: samples[1]), "setIfAbsent of a new one")
            let all = ["a": samples[2], "b": samples[3], "": samples[0], "c": samples[1]]
            try run.expect(try await run.others.hash("h", from: String.self, to: Sample.self).all(), all, "all")
            try run.expect(try await hash.getMany(["a", "x", "c"]), ["a": samples[2], "c": samples[1]], "getMany")
            try run.expect(try await hash.getMany([]), [:], "getMany of none")
            try run.expect(try await hash.fields(), ["a", "b", "", "c"], "the fields")
            try run.expect(Set(try await hash.values()), Set(samples), "the values")
            try run.expect(try await hash.count(), 4, "the count")
            try run.expect(try await hash.contains(""), "contains")
            try run.expect(try await hash.contains("x"), false, "contains x")
            try run.expect(try await hash.remove("a"), "removal")
            try run.expect(try await hash.remove("a"), false, "removal again")
            try run.expect(try await hash.removeMany(["b", "c", "x"]), 2, "removal of three")
            try run.expect(try await hash.removeMany([""]), 1, "removal of the last")
            try run.expect(try await hash.exists(), false, "an empty hash")
            try run.expect(try await hash.all(), [:], "all of nothing")
        },
        CollectionCheck("integers in a hash are added to exactly, and never wrap") { run in
            for lifetime in [CollectionLifetime.unlimited, .fixed(.seconds(600))] {
                let hash = run.collections.hash("h", from: Int.self, to: Int.self, lifetime: lifetime)
                try await hash.remove()
                try run.expect(try await hash.increment(1), 1, "a new one")
                try run.expect(try await hash.increment(1, by: 1 << 53), (1 << 53) + 1, "2^53 + 1")
                try run.expect(try await hash.increment(1, by: -2), (1 << 53) - 1, "and two less")
                try await hash.set(2, to: .max)
                try await run.expect(.integerOverflow, "above the greatest") { try await hash.increment(2) }
                try await hash.set(3, to: .min)
                try await run.expect(.integerOverflow, "below the least") { try await hash.increment(3, by: -1) }
                try run.expect(try await hash.all(), [1: (1 << 53) - 1, 2: .max, 3: .min], "all")
            }
        },
        CollectionCheck("integers in a hash keep the bounds of their type") { run in
            let hash = run.collections.hash("h", from: String.self, to: Int8.self, lifetime: .fixed(.seconds(60)))
            try run.expect(try await hash.increment("a", by: 127), 127, "the greatest")
            try await run.expect(.integerOverflow, "one more") { try await hash.increment("a") }
            try run.expect(try await hash.increment("b", by: -128), -128, "the least")
            try await run.expect(.integerOverflow, "one less") { try await hash.increment("b", by: -1) }
            try run.expect(try await hash.all(), ["a": 127, "b": -128], "all")
            let wide = run.collections.hash("w", from: String.self, to: UInt64.self)
            try await run.expect(.integerOverflow, "more than Int64 holds") { try await wide.increment("a", by: .max) }
            try run.expect(try await wide.exists(), false, "a hash that was not made")
        },
        CollectionCheck("what is no integer is not added to, and a value of another type is an error") { run in
            try await run.collections.hash("h", from: String.self, to: String.self).set("a", to: "text")
            for lifetime in [CollectionLifetime.unlimited, .fixed(.seconds(600))] {
                let hash = run.collections.hash("h", from: String.self, to: Int.self, lifetime: lifetime)
                try await run.expect(.notAnInteger, "increment") { try await hash.increment("a") }
                try await run.expect(.decodingFailed, "get") { try await hash.get("a") }
                try await run.expect(.decodingFailed, "all") { try await hash.all() }
            }
        },
        CollectionCheck("a walk over a large hash finds each field") { run in
            let hash = run.collections.hash("h", from: Int.self, to: Int.self, lifetime: .fixed(.seconds(600)))
            var all: [Int: Int] = [:]
            for index in 0..<6_001 { all[index] = index * index }
            try run.expect(try await hash.setMany(all), 6_001, "very many")
            var found: [Int: Int] = [:]
            for try await entry in hash.walk() { found[entry.field] = entry.value }
            try run.expect(found, all, "what the walk finds")
            try run.expect(try await hash.all(), all, "all")
            try run.expect(try await hash.removeMany(0..<6_000), 6_000, "removal of very many")
            try run.expect(try await hash.all(), [6_000: 36_000_000], "the rest")
        },
    ]
}
