import Larder

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What goes in comes out.
extension StoreConformance {
    struct Sample: Codable, Sendable, Equatable {
        enum Kind: String, Codable, Sendable { case plain, fancy }
        var name: String
        var count: Int
        var kind: Kind
        var note: String?
    }

    static let values: [StoreCheck] = [
        StoreCheck("text comes back, empty and of any script") { run in
            for text in ["", "a", "naïve 猫 👩‍👩‍👧", "line\nline\u{0}", String(repeating: "x", count: 100_000)] {
                try await run.roundTrip(text)
            }
        },
        StoreCheck("integers of every width come back, to their ends") { run in
            for value in [0, 1, -1, Int.max, Int.min] { try await run.roundTrip(value) }
            for value in [-128, 0, 127] as [Int8] { try await run.roundTrip(value) }
            for value in [0, 255] as [UInt8] { try await run.roundTrip(value) }
            for value in [.min, .max] as [Int16] { try await run.roundTrip(value) }
            for value in [.min, .max] as [Int32] { try await run.roundTrip(value) }
            for value in [.min, (1 << 53) + 1, .max] as [Int64] { try await run.roundTrip(value) }
            for value in [0, (1 << 63) - 1, 1 << 63, .max] as [UInt64] { try await run.roundTrip(value) }
        },
        StoreCheck("bytes come back") { run in
            for bytes in [[], [0], Array(0...255)] as [[UInt8]] {
                try await run.roundTrip(bytes)
                try await run.roundTrip(Data(bytes))
            }
        },
        StoreCheck("truth values and floating-point numbers come back") { run in
            for value in [true, false] { try await run.roundTrip(value) }
            for value in [0, -0.0, 0.1, .pi, .greatestFiniteMagnitude, .leastNonzeroMagnitude] as [Double] {
                try await run.roundTrip(value)
            }
        },
        StoreCheck("structs, enums and collections come back") { run in
            let sample = Sample(name: "Ada", count: 3, kind: .fancy, note: nil)
            try await run.roundTrip(sample)
            try await run.roundTrip(Sample.Kind.plain)
            try await run.roundTrip([sample, sample])
            try await run.roundTrip([Sample]())
            try await run.roundTrip([Int]())
            try await run.roundTrip([1, 2, 3])
            try await run.roundTrip(["a": sample])
            try await run.roundTrip([String: Int]())
            try await run.roundTrip(Set(["a", "b"]))
        },
        StoreCheck("a cached nil is a value") { run in
            let key = CacheKey<String?>("nothing")
            try run.expect(try await run.cache.get(key), .none, "a key without an entry")
            try await run.cache.set(key, to: nil)
            try run.expect(try await run.cache.get(key), .some(nil), "a key with a cached nil")
            try run.expect(try await run.cache.contains(key), "contains of a cached nil")
            try run.expect(try await run.cache.add(key, "a"), false, "add where a nil is cached")
            let value = try await run.cache.fetch(key) { "filled" }
            try run.expect(value, nil, "fetch of a cached nil")
        },
        StoreCheck("optional values come back") { run in
            for value in ["", "text", nil] as [String?] { try await run.roundTrip(value) }
            for value in [0, .min, nil] as [Int?] { try await run.roundTrip(value) }
            for value in [.max, nil] as [UInt64?] { try await run.roundTrip(value) }
            for value in [[1, 2], [], nil] as [[UInt8]?] { try await run.roundTrip(value) }
            for value in [Sample(name: "", count: 0, kind: .plain, note: "x"), nil] { try await run.roundTrip(value) }
        },
        StoreCheck("an entry of another type is a miss, and fetch replaces it") { run in
            try await run.cache.set(CacheKey<String>("k"), to: "text")
            try run.expect(try await run.cache.get(CacheKey<[Int]>("k")), nil, "text read as an array")
            try run.expect(try await run.cache.get(CacheKey<Int>("k")), nil, "text read as an integer")
            try run.expect(try await run.cache.get(CacheKey<[UInt8]>("k")), nil, "text read as bytes")
            let filled = try await run.cache.fetch(CacheKey<[Int]>("k")) { [1] }
            try run.expect(filled, [1], "fetch over an entry of another type")
            try run.expect(try await run.cache.get(CacheKey<[Int]>("k")), [1], "the entry after that fetch")
            try run.expect(try await run.cache.get(CacheKey<String>("k")), nil, "the array read as text")
            try await run.cache.set(CacheKey<[UInt8]>("empty"), to: [])
            try run.expect(try await run.cache.get(CacheKey<[Int]>("empty")), nil, "no bytes read as an array")
            try await run.cache.set(CacheKey<Int>("wide"), to: 1_000)
            try run.expect(try await run.cache.get(CacheKey<Int8>("wide")), nil, "1000 read as Int8")
        },
        StoreCheck("a read of several keys answers in order, with the entries it finds") { run in
            let keys = (0..<100).map { CacheKey<Int>("n\($0)") }
            var values: [CacheKey<Int>: Int] = [:]
            for (index, key) in keys.enumerated() where index % 3 != 0 { values[key] = index }
            try await run.cache.setMany(values)
            try run.expect(try await run.cache.getMany(keys + keys), values, "getMany")
            let removed = try await run.cache.removeMany(keys)
            try run.expect(removed, values.count, "what removeMany removed")
            try run.expect(try await run.cache.getMany(keys), [:], "getMany after removeMany")
        },
    ]
}

extension ConformanceRun {
    fileprivate func roundTrip<Value: Codable & Sendable & Equatable>(_ value: Value) async throws {
        let key = CacheKey<Value>("value")
        let subject = "a \(Value.self)"
        try await self.cache.set(key, to: value)
        try self.expect(try await self.cache.get(key), value, "\(subject) after set")
        try self.expect(try await self.cache.getMany([key]), [key: value], "\(subject) by getMany")
        let fetched = try await self.cache.fetch(key) {
            throw ConformanceFailure(subject: subject, expected: "a hit", found: "a fill")
        }
        try self.expect(fetched, value, "\(subject) by fetch")
        try self.expect(try await self.cache.remove(key), "removal of \(subject)")
        let filled = try await self.cache.fetch(key) { value }
        try self.expect(filled, value, "\(subject) by a fill")
        try self.expect(try await self.cache.get(key), value, "\(subject) after a fill")
    }
}
