import Larder

/// Elements in order.
extension CollectionConformance {
    struct Sample: Codable, Sendable, Hashable {
        var name: String
        var numbers: [Int]
        var isFancy: Bool
    }

    static let lists: [CollectionCheck] = [
        CollectionCheck("a list keeps the order in which elements come to its ends") { run in
            let list = run.collections.list("l", of: Int.self)
            try run.expect(try await list.append(contentsOf: [3, 4]), 2, "append")
            try run.expect(try await list.prepend(contentsOf: [1, 2]), 4, "prepend")
            try run.expect(try await list.append(5), 5, "append one")
            try run.expect(try await list.prepend(0), 6, "prepend one")
            try run.expect(try await list.append(contentsOf: []), 6, "append nothing")
            try run.expect(try await list.elements(), [0, 1, 2, 3, 4, 5], "the elements")
            try run.expect(
                try await run.others.list("l", of: Int.self).elements(),
                [0, 1, 2, 3, 4, 5],
                "others' elements"
            )
            try run.expect(try await list.count(), 6, "the count")
            try run.expect(try await list.popFirst(), 0, "the first")
            try run.expect(try await list.popLast(), 5, "the last")
            try run.expect(try await list.popFirst(2), [1, 2], "two from the front")
            try run.expect(try await list.popLast(9), [4, 3], "all from the end")
            try run.expect(try await list.popFirst(), nil, "the first of nothing")
            try run.expect(try await list.popLast(3), [], "three of nothing")
            try run.expect(try await list.popFirst(0), [], "none of nothing")
            try run.expect(try await list.count(), 0, "the count of nothing")
        },
        CollectionCheck("a list is read and changed by position, from both ends") { run in
            let list = run.collections.list("l", of: String.self)
            try run.expect(try await list.element(at: 0), nil, "the first of nothing")
            try run.expect(try await list.replaceElement(at: 0, with: "x"), false, "a replacement in nothing")
            try await list.append(contentsOf: ["a", "b", "c", "d", "e"])
            try run.expect(try await list.element(at: 1), "b", "the second")
            try run.expect(try await list.element(at: -1), "e", "the last")
            try run.expect(try await list.element(at: 5), nil, "beyond the end")
            try run.expect(try await list.element(at: -6), nil, "before the front")
            try run.expect(try await list.elements(from: 1, through: 3), ["b", "c", "d"], "a part")
            try run.expect(try await list.elements(from: -2, through: -1), ["d", "e"], "the last two")
            try run.expect(try await list.elements(from: 3, through: 99), ["d", "e"], "to beyond the end")
            try run.expect(try await list.elements(from: -99, through: 0), ["a"], "from before the front")
            try run.expect(try await list.elements(from: 3, through: 1), [], "backwards")
            try run.expect(try await list.elements(from: 9, through: 12), [], "beyond the end only")
            try run.expect(try await list.replaceElement(at: -2, with: "D"), "a replacement")
            try run.expect(try await list.replaceElement(at: 5, with: "x"), false, "a replacement beyond the end")
            try await list.trim(from: 1, through: -2)
            try run.expect(try await list.elements(), ["b", "c", "D"], "what is left of it")
            try await list.trim(from: 5, through: 9)
            try run.expect(try await list.exists(), false, "a list that nothing is left of")
        },
        CollectionCheck("elements of a list are removed by what they are") { run in
            let list = run.collections.list("l", of: Sample.self)
            let samples = (0..<3).map { Sample(name: "n\($0)", numbers: [$0], isFancy: $0 == 1) }
            let (a, b, c) = (samples[0], samples[1], samples[2])
            try await list.append(contentsOf: [a, b, a, c, a])
            try run.expect(try await list.remove(a, count: -1), 1, "the last one")
            try run.expect(try await list.elements(), [a, b, a, c], "after that")
            try run.expect(try await list.remove(a, count: 1), 1, "the first one")
            try run.expect(try await list.elements(), [b, a, c], "after that")
            try await list.append(contentsOf: [a, a])
            try run.expect(try await list.remove(a), 3, "all")
            try run.expect(try await list.remove(a), 0, "none")
            try run.expect(try await list.elements(), [b, c], "at the end")
        },
        CollectionCheck("a capped list drops elements at the other end") { run in
            let list = run.collections.list("l", of: Int.self, limit: 3)
            try run.expect(try await list.append(contentsOf: [1, 2]), 2, "two")
            try run.expect(try await list.append(contentsOf: [3, 4]), 3, "four")
            try run.expect(try await list.elements(), [2, 3, 4], "after append")
            try run.expect(try await list.prepend(contentsOf: [0, 1]), 3, "six")
            try run.expect(try await list.elements(), [0, 1, 2], "after prepend")
            try run.expect(try await list.append(contentsOf: 10..<20_010), 3, "very many")
            try run.expect(try await list.elements(), [20_007, 20_008, 20_009], "after very many")
        },
        CollectionCheck("a list takes very many elements in one call") { run in
            for lifetime in [CollectionLifetime.unlimited, .fixed(.seconds(600))] {
                let list = run.collections.list("l", of: Int.self, lifetime: lifetime)
                try await list.remove()
                try run.expect(try await list.append(contentsOf: 0..<20_000), 20_000, "append")
                try run.expect(try await list.prepend(contentsOf: (0..<9_999).map { -9_999 + $0 }), 29_999, "prepend")
                try run.expect(try await list.elements(), Array(-9_999..<20_000), "the elements")
                try run.expect(try await list.popFirst(15_000), Array(-9_999..<5_001), "half of them")
            }
        },
        CollectionCheck("an element moves between lists in one step, and within one it turns") { run in
            // In braces, so that both lie in one slot.
            let from = run.collections.list("{l}from", of: String.self)
            let to = run.collections.list("{l}to", of: String.self, limit: 2, lifetime: .fixed(.seconds(60)))
            try run.expect(try await from.move(.first, to: to, .last), nil, "from nothing")
            try await from.append(contentsOf: ["a", "b", "c", "d"])
            try run.expect(try await from.move(.first, to: to, .last), "a", "the first to the end")
            try run.expect(try await from.move(.last, to: to, .first), "d", "the last to the front")
            try run.expect(try await to.elements(), ["d", "a"], "the second list")
            try run.expect(try await to.ttl(), atMost: .seconds(60), "its time left")
            try run.expect(try await from.ttl(), .forever, "the first one's time left")
            try run.expect(try await from.move(.first, to: to, .last), "b", "one too many")
            try run.expect(try await to.elements(), ["a", "b"], "the second list")
            try run.expect(try await from.move(.first, to: to, .last), "c", "the last one")
            try run.expect(try await from.exists(), false, "the first list")
            try await from.append(contentsOf: ["x", "y", "z"])
            try run.expect(try await from.move(.first, to: from, .last), "x", "a turn")
            try run.expect(try await from.elements(), ["y", "z", "x"], "the list that has turned")
        },
        CollectionCheck("lists move elements into each other from many tasks, and none is lost or doubled") { run in
            let lists = (0..<4).map { run.collections.list("{l}\($0)", of: Int.self) }
            for (index, list) in lists.enumerated() {
                try await list.append(contentsOf: index * 10..<(index + 1) * 10)
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<8 {
                    group.addTask {
                        for step in 0..<50 {
                            let from = lists[(index + step) % 4]
                            _ = try await from.move(.first, to: lists[(index * 3 + step / 4) % 4], .last)
                        }
                    }
                }
                try await group.waitForAll()
            }
            var all: [Int] = []
            for list in lists { all += try await list.elements() }
            try run.expect(all.sorted(), Array(0..<40), "all elements")
        },
        CollectionCheck("elements of any type come back from a list, and one of another type is an error") { run in
            let texts = ["", "a", "naïve 猫", String(repeating: "x", count: 100_000)]
            let list = run.collections.list("text", of: String.self)
            try await list.append(contentsOf: texts)
            try run.expect(try await list.elements(), texts, "text")
            let bytes: [[UInt8]] = [[], [0], Array(0...255)]
            try await run.collections.list("bytes", of: [UInt8].self).append(contentsOf: bytes)
            try run.expect(try await run.collections.list("bytes", of: [UInt8].self).elements(), bytes, "bytes")
            let integers: [UInt64] = [0, 1 << 63, .max]
            try await run.collections.list("integers", of: UInt64.self).append(contentsOf: integers)
            try run.expect(try await run.collections.list("integers", of: UInt64.self).elements(), integers, "integers")
            let flags = [true, false]
            try await run.collections.list("flags", of: Bool.self).append(contentsOf: flags)
            try run.expect(try await run.collections.list("flags", of: Bool.self).elements(), flags, "truth values")
            let optionals: [Double?] = [0.1, nil, -.pi]
            try await run.collections.list("numbers", of: Double?.self).append(contentsOf: optionals)
            try run.expect(
                try await run.collections.list("numbers", of: Double?.self).elements(),
                optionals,
                "optionals"
            )
            try await run.expect(.decodingFailed, "text read as integers") {
                try await run.collections.list("text", of: Int.self).elements()
            }
            try await run.expect(.decodingFailed, "great integers read as small ones") {
                try await run.collections.list("integers", of: Int8.self).elements()
            }
            try await run.expect(.decodingFailed, "bytes read as text") {
                try await run.collections.list("bytes", of: String.self).elements()
            }
        },
    ]
}
