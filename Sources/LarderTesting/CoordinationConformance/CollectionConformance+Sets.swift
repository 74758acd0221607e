import Larder

/// Elements without order.
extension CollectionConformance {
    static let sets: [CollectionCheck] = [
        CollectionCheck("a set has each element once") { run in
            let set = run.collections.set("s", of: String.self)
            try run.expect(try await set.insert("a"), "a new one")
            try run.expect(try await set.insert("a"), false, "the same again")
            try run.expect(try await set.insert(contentsOf: ["a", "b", "c", "b"]), 2, "two new ones of four")
            try run.expect(try await set.insert(contentsOf: []), 0, "none")
            try run.expect(try await set.count(), 3, "the count")
            try run.expect(try await run.others.set("s", of: String.self).members(), ["a", "b", "c"], "the members")
            try run.expect(try await set.contains("b"), "contains b")
            try run.expect(try await set.contains("x"), false, "contains x")
            try run.expect(try await set.containsMany(["x", "a", "c", "a"]), ["a", "c"], "containsMany")
            try run.expect(try await set.containsMany([]), [], "containsMany of none")
            try run.expect(try await set.remove("b"), "removal of b")
            try run.expect(try await set.remove("b"), false, "removal of b again")
            try run.expect(try await set.remove(contentsOf: ["a", "x", "c"]), 2, "removal of three")
            try run.expect(try await set.exists(), false, "an empty set")
            try run.expect(try await set.members(), [], "the members of nothing")
            try run.expect(try await set.contains("a"), false, "contains of nothing")
        },
        CollectionCheck("elements of a set are the same if they are equal, whatever their type") { run in
            let set = run.collections.set("s", of: Sample.self)
            let sample = Sample(name: "Ada", numbers: [1, 2], isFancy: true)
            try run.expect(try await set.insert(sample), "a new one")
            for _ in 0..<20 { try run.expect(try await set.insert(sample), false, "the same again") }
            try run.expect(try await set.contains(sample), "contains")
            try run.expect(try await set.members(), [sample], "the members")
        },
        CollectionCheck("elements of a set come by chance, to be taken or to stay") { run in
            let set = run.collections.set("s", of: Int.self)
            try run.expect(try await set.randomElement(), nil, "one of nothing")
            try run.expect(try await set.popRandom(), nil, "one taken of nothing")
            try run.expect(try await set.insert(contentsOf: 0..<100), 100, "a hundred")
            let ten = try await set.randomElements(10)
            try run.expect(ten.count, 10, "ten")
            try run.expect(Set(ten).count, 10, "ten different ones")
            try run.expect(try await set.randomElements(0), [], "none")
            try run.expect(Set(try await set.randomElements(200)), Set(0..<100), "all")
            try run.expect(try await set.count(), 100, "the count after that")
            var taken = try await set.popRandom(30)
            taken += try await set.popRandom().map { [$0] } ?? []
            try run.expect(Set(taken).count, 31, "those taken")
            try run.expect(try await set.members(), Set(0..<100).subtracting(taken), "the members after that")
            try run.expect(try await set.popRandom(200).count, 69, "the rest")
            try run.expect(try await set.exists(), false, "an empty set")
        },
        CollectionCheck("sets make unions, intersections and differences, wherever they lie") { run in
            // With braces they lie in one slot of a cluster, without they hardly do.
            for names in [["a", "b", "c"], ["{x}a", "{x}b", "{x}c"]] {
                let sets = names.map { run.collections.set($0, of: Int.self) }
                let (a, b, c) = (sets[0], sets[1], sets[2])
                try await a.insert(contentsOf: [1, 2, 3, 4])
                try await b.insert(contentsOf: [3, 4, 5])
                try run.expect(try await a.union(b, c), [1, 2, 3, 4, 5], "a union with one that is not there")
                try run.expect(try await a.intersection(b), [3, 4], "an intersection")
                try run.expect(try await a.intersection(b, c), [], "an intersection with nothing")
                try run.expect(try await a.subtracting(b, c), [1, 2], "a difference")
                try run.expect(try await c.subtracting(a), [], "a difference of nothing")
                try await c.insert(contentsOf: [4, 1])
                try run.expect(try await a.intersection(b, c), [4], "an intersection of three")
                try run.expect(try await a.subtracting(b, c), [2], "a difference of three")
                try run.expect(try await a.union(), [1, 2, 3, 4], "a union of one")
            }
        },
        CollectionCheck("a walk over a large set finds each element") { run in
            let set = run.collections.set("s", of: Int.self, lifetime: .fixed(.seconds(600)))
            try run.expect(try await set.insert(contentsOf: 0..<9_001), 9_001, "very many")
            var found = Set<Int>()
            for try await element in set.walk() { found.insert(element) }
            try run.expect(found, Set(0..<9_001), "what the walk finds")
            try run.expect(try await set.remove(contentsOf: 0..<9_000), 9_000, "removal of very many")
            try run.expect(try await set.members(), [9_000], "the rest")
            for try await _ in run.collections.set("none", of: Int.self).walk() {
                throw ConformanceFailure(subject: "a walk over nothing", expected: "nothing", found: "an element")
            }
        },
        CollectionCheck("an element of another type is an error") { run in
            try await run.collections.set("s", of: String.self).insert("text")
            let set = run.collections.set("s", of: Int.self)
            try await run.expect(.decodingFailed, "members") { try await set.members() }
            try await run.expect(.decodingFailed, "randomElement") { try await set.randomElement() }
            try await run.expect(.decodingFailed, "walk") { for try await _ in set.walk() {} }
        },
    ]
}
