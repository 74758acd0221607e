import Larder

/// The verbs that write on a condition, and those that change a value.
extension StoreConformance {
    static let writing: [StoreCheck] = [
        StoreCheck("set overwrites, add only begins, replace only goes on") { run in
            let key = CacheKey<String>("k")
            try run.expect(try await run.cache.replace(key, with: "a"), false, "replace of nothing")
            try run.expect(try await run.cache.get(key), nil, "get after that")
            try run.expect(try await run.cache.add(key, "b"), "add to nothing")
            try run.expect(try await run.cache.add(key, "c"), false, "add to an entry")
            try run.expect(try await run.cache.get(key), "b", "get after two adds")
            try run.expect(try await run.cache.replace(key, with: "d", ttl: .seconds(7)), "replace of an entry")
            try run.expect(try await run.cache.get(key), "d", "get after replace")
            try run.expect(try await run.cache.ttl(of: key)?.duration, atMost: .seconds(7), "time left after replace")
            try await run.cache.set(key, to: "e", ttl: nil)
            try run.expect(try await run.cache.get(key), "e", "get after set")
            try run.expect(try await run.cache.ttl(of: key), .forever, "time left after set")
        },
        StoreCheck("conditions are decided for each entry of a call") { run in
            let space = run.space
            _ = try await space.write([ConformanceRun.write("there", 1)], .always)
            let writes = [ConformanceRun.write("there", 2), ConformanceRun.write("absent", 2)]
            try run.expect(try await space.write(writes, .ifAbsent), [false, true], "writes if absent")
            try run.expect(try await run.integer("there"), 1, "the entry that was there")
            _ = try await space.remove([ConformanceRun.key("absent")])
            let more = [ConformanceRun.write("absent", 3), ConformanceRun.write("there", 3)]
            try run.expect(try await space.write(more, .ifPresent), [false, true], "writes if present")
            try run.expect(try await run.integer("there"), 3, "the entry that was there")
            try run.expect(try await run.integer("absent"), nil, "the entry that was not")
            let keys = ["absent", "there", "absent"].map(ConformanceRun.key)
            try run.expect(try await space.remove(keys), [false, true, false], "removals")
        },
        StoreCheck("append lengthens text and bytes and keeps their end") { run in
            let text = CacheKey<String>("text")
            try run.expect(try await run.cache.append(text, "né", ttl: .seconds(60)), 3, "the length of the first part")
            try await run.pass(.seconds(10))
            try run.expect(try await run.cache.append(text, "", ttl: .hours(5)), 3, "the length after nothing")
            try run.expect(try await run.cache.append(text, "猫", ttl: .hours(5)), 6, "the length of both parts")
            try run.expect(try await run.cache.get(text), "né猫", "the text")
            try run.expect(try await run.cache.ttl(of: text)?.duration, atMost: .seconds(50), "the text's time left")
            let bytes = CacheKey<[UInt8]>("bytes")
            try await run.cache.set(bytes, to: [0, 255], ttl: nil)
            try run.expect(try await run.cache.append(bytes, [1]), 3, "the number of bytes")
            try run.expect(try await run.cache.get(bytes), [0, 255, 1], "the bytes")
            try run.expect(try await run.cache.ttl(of: bytes), .forever, "the bytes' time left")
        },
        StoreCheck("append to an entry of another kind is an error and changes nothing") { run in
            let name = "k"
            try await run.cache.set(CacheKey<Int>(name), to: 5)
            try await run.expect(.appendFailed, "text to an integer") {
                try await run.cache.append(CacheKey<String>(name), "a")
            }
            try run.expect(try await run.cache.get(CacheKey<Int>(name)), 5, "the integer")
            try await run.cache.set(CacheKey<String>(name), to: "text")
            try await run.expect(.appendFailed, "bytes to text") {
                try await run.cache.append(CacheKey<[UInt8]>(name), [1])
            }
            try run.expect(try await run.cache.get(CacheKey<String>(name)), "text", "the text")
            try await run.cache.set(CacheKey<String?>(name), to: nil)
            try await run.expect(.appendFailed, "text to a nil") {
                try await run.cache.append(CacheKey<String>(name), "a")
            }
            try await run.cache.set(CacheKey<[Int]>(name), to: [1])
            try await run.expect(.appendFailed, "text to an array") {
                try await run.cache.append(CacheKey<String>(name), "a")
            }
            try run.expect(try await run.cache.get(CacheKey<[Int]>(name)), [1], "the array")
            try await run.expect(.invalidArgument, "append with a time to live of zero") {
                try await run.cache.append(CacheKey<String>("other"), "a", ttl: .seconds(0))
            }
        },
    ]

    static let counting: [StoreCheck] = [
        StoreCheck("increment and decrement are exact over all of Int64") { run in
            let key = CacheKey<Int>("k")
            let far = 1 << 53
            try await run.cache.set(key, to: far)
            try run.expect(try await run.cache.increment(key), far + 1, "2^53 and one")
            try run.expect(try await run.cache.increment(key), far + 2, "2^53 and two")
            try run.expect(try await run.cache.decrement(key, by: 3), far - 1, "2^53 less one")
            try run.expect(try await run.cache.get(key), far - 1, "what get reads")
            try await run.cache.set(key, to: .max - 1)
            try run.expect(try await run.cache.increment(key), .max, "the upper end")
            try await run.cache.set(key, to: .min + 1)
            try run.expect(try await run.cache.decrement(key), .min, "the lower end")
            try run.expect(try await run.cache.increment(key, by: .max), -1, "both ends together")
            try run.expect(try await run.cache.increment(key, by: .min + 1), .min, "and back")
            try run.expect(try await run.cache.increment(key, by: 0), .min, "a step of nothing")
        },
        StoreCheck("a sum out of bounds is an error and changes nothing") { run in
            let key = CacheKey<Int>("k")
            for (value, delta) in [(Int.max, 1), (.max, .max), (.min, -1), (.min, .min), (5, .max), (-6, .min)] {
                try await run.cache.set(key, to: value, ttl: .seconds(60))
                try await run.expect(.integerOverflow, "\(value) and \(delta)") {
                    try await run.cache.increment(key, by: delta)
                }
                try run.expect(try await run.cache.get(key), value, "the entry after that")
                let left = try await run.cache.ttl(of: key)?.duration
                try run.expect(left, atMost: .seconds(60), "its time left")
            }
            let small = CacheKey<Int8>("small")
            try await run.cache.set(small, to: 127)
            try await run.expect(.integerOverflow, "Int8.max and 1") { try await run.cache.increment(small) }
            try run.expect(try await run.cache.get(small), 127, "the Int8 after that")
            try await run.cache.set(small, to: -128)
            try await run.expect(.integerOverflow, "Int8.min less 1") { try await run.cache.decrement(small) }
            try run.expect(try await run.cache.decrement(small, by: -255), 127, "from end to end of Int8")
            let unsigned = CacheKey<UInt>("unsigned")
            try await run.cache.set(unsigned, to: 0)
            try await run.expect(.integerOverflow, "zero less 1, unsigned") { try await run.cache.decrement(unsigned) }
            try await run.expect(.integerOverflow, "an initial value whose sum is out of bounds") {
                try await run.cache.increment(CacheKey<Int8>("new"), by: 1, initial: 127)
            }
            try run.expect(try await run.cache.contains(CacheKey<Int8>("new")), false, "the entry after that")
        },
        StoreCheck("increment needs an entry or an initial value, and keeps the entry's end") { run in
            let key = CacheKey<Int>("k")
            try await run.expect(.keyNotFound, "increment of nothing") { try await run.cache.increment(key) }
            let first = try await run.cache.increment(key, by: 2, initial: 40, ttl: .seconds(60))
            try run.expect(first, 42, "an initial value and its delta")
            try await run.pass(.seconds(10))
            let second = try await run.cache.increment(key, by: 1, initial: 0, ttl: .hours(9))
            try run.expect(second, 43, "the second increment")
            try run.expect(try await run.cache.ttl(of: key)?.duration, atMost: .seconds(50), "its time left")
            try await run.cache.increment(CacheKey<Int>("endless"), initial: 0, ttl: nil)
            try run.expect(try await run.cache.ttl(of: CacheKey<Int>("endless")), .forever, "a counter for ever")
            try await run.expect(.invalidArgument, "an initial value that lives for no time") {
                try await run.cache.increment(CacheKey<Int>("other"), initial: 0, ttl: .seconds(0))
            }
        },
        StoreCheck("increment of something else than an integer is an error and changes nothing") { run in
            let key = CacheKey<Int>("k")
            try await run.cache.set(CacheKey<String>("k"), to: "42")
            try await run.expect(.notAnInteger, "increment of text") { try await run.cache.increment(key, initial: 1) }
            try run.expect(try await run.cache.get(CacheKey<String>("k")), "42", "the text")
            try await run.cache.set(CacheKey<Int?>("k"), to: nil)
            try await run.expect(.notAnInteger, "increment of a nil") { try await run.cache.increment(key) }
            try run.expect(try await run.cache.get(CacheKey<Int?>("k")), .some(nil), "the nil")
            try await run.cache.set(CacheKey<Double>("k"), to: 1.5)
            try await run.expect(.notAnInteger, "increment of a Double") { try await run.cache.increment(key) }
            try await run.cache.set(CacheKey<[UInt8]>("k"), to: [0, 0, 0, 0, 0, 0, 0, 1])
            try await run.expect(.notAnInteger, "increment of eight bytes") { try await run.cache.increment(key) }
            try await run.cache.set(CacheKey<UInt64>("k"), to: .max)
            try await run.expect(.notAnInteger, "increment past Int64") {
                try await run.cache.increment(CacheKey<UInt64>("k"))
            }
            try run.expect(try await run.cache.get(CacheKey<UInt64>("k")), .max, "the large integer")
        },
        StoreCheck("increments at the same time are all counted") { run in
            let key = CacheKey<Int>("k")
            let cache = run.cache
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<20 {
                    group.addTask { for _ in 0..<10 { try await cache.increment(key, initial: 0) } }
                }
                try await group.waitForAll()
            }
            try run.expect(try await cache.get(key), 200, "the sum")
        },
    ]
}
