import Larder
import LarderTesting
import Testing

/// Random operations on a cache and on a naive model of it, which must never disagree.
@Suite(.integrity) struct MemoryCacheModelTests {
    struct Configuration: Sendable, CustomTestStringConvertible {
        var name: String
        var keys: Int
        var entries: Int?
        var cost: Int?
        var changesLimit = false

        var testDescription: String { self.name }

        static let all = [
            Configuration(name: "room for all", keys: 200, entries: 100_000),
            Configuration(name: "one shard, half the keys", keys: 200, entries: 100),
            Configuration(name: "many shards, half the keys", keys: 10_000, entries: 5_000),
            Configuration(name: "one entry", keys: 5, entries: 1),
            Configuration(name: "two entries", keys: 5, entries: 2),
            Configuration(name: "ten entries", keys: 30, entries: 10),
            Configuration(name: "nothing", keys: 5, entries: 0),
            Configuration(name: "by cost, one shard", keys: 300, cost: 5_000),
            Configuration(name: "by cost, two shards", keys: 5_000, cost: 1 << 17),
            Configuration(name: "changing limits", keys: 5_000, entries: 3_000, changesLimit: true),
            Configuration(name: "changing limits by cost", keys: 5_000, cost: 1 << 18, changesLimit: true),
        ]
    }

    @Test(arguments: Configuration.all, Soak.seeds)
    func agreesForStringKeys(_ configuration: Configuration, seed: UInt64) {
        Self.check(configuration, seed, operations: Soak.operations(100_000, soak: 1_000_000)) { number in
            // Short keys lie in the cell, long ones in a block of their own.
            number.isMultiple(of: 2) ? "\(number)" : "a key of more than fifteen bytes, number \(number)"
        }
    }

    @Test(arguments: Configuration.all, Soak.seeds)
    func agreesForIntegerKeys(_ configuration: Configuration, seed: UInt64) {
        Self.check(configuration, seed, operations: Soak.operations(100_000, soak: 1_000_000)) { $0 }
    }

    @Test(arguments: Configuration.all, Soak.seeds)
    func agreesForKeysThatCollide(_ configuration: Configuration, seed: UInt64) {
        struct Colliding: Hashable, Sendable {
            var number: Int
            func hash(into hasher: inout Hasher) { hasher.combine(self.number % 7) }
        }
        var few = configuration
        few.keys = min(configuration.keys, 100)
        Self.check(few, seed, operations: Soak.operations(20_000, soak: 1_000_000)) { Colliding(number: $0) }
    }

    private struct Modelled {
        var value: String
        var deadline: Duration?
        /// For how long nobody may ask for it.
        var idle: Duration?
        /// When it ends in any case, if it slides.
        var end: Duration?

        mutating func slide(at now: Duration) {
            guard let idle = self.idle else { return }
            self.deadline = min(now + idle, self.end ?? now + idle)
        }
    }

    private static func weight(_ value: String) -> Int {
        value.utf8.count * 10
    }

    private static func check<Key: Hashable & Sendable>(
        _ configuration: Configuration,
        _ seed: UInt64,
        operations: Int,
        key: (Int) -> Key
    ) {
        var random = SeededGenerator(seed: seed)
        let clock = ManualClock()
        let cache: MemoryCache<Key, String>
        if let cost = configuration.cost {
            cache = MemoryCache.checked(limit: .cost(cost) { _, value in Self.weight(value) }, clock: CacheClock(clock))
        } else {
            cache = MemoryCache.checked(limit: .entries(configuration.entries ?? 0), clock: CacheClock(clock))
        }
        let firstLimit = configuration.cost ?? configuration.entries ?? 0
        var limit = firstLimit
        let isRoomForAll = configuration.cost == nil && limit >= configuration.keys * 100
        var model: [Key: Modelled] = [:]
        var now = Duration.zero
        var mistakes: [String] = []

        func live(_ key: Key) -> Modelled? {
            guard let entry = model[key] else { return nil }
            if let deadline = entry.deadline, deadline <= now { return nil }
            return entry
        }

        /// What the cache says of a key must be what the model says, or nothing if it has been evicted. What was found
        /// missing once must stay missing.
        func compare(_ found: String?, _ key: Key, _ verb: String) {
            let expected = live(key)
            if let found {
                if found != expected?.value {
                    mistakes.append("\(verb): \(found), not \(String(describing: expected))")
                }
            } else if expected != nil {
                if isRoomForAll { mistakes.append("\(verb): \(key) is lost") }
                model[key] = nil
            }
        }

        func weight(_ value: String) -> Int {
            configuration.cost == nil ? 1 : Self.weight(value)
        }

        func store(_ key: Key, _ value: String, ttl: Duration?, idle: Duration? = nil) {
            let isStored = weight(value) <= limit && (ttl ?? .seconds(1)) > .zero && (idle ?? .seconds(1)) > .zero
            let end = ttl.map { now + $0 }
            model[key] = isStored ? Modelled(value: value, deadline: end, idle: idle, end: end) : nil
            model[key]?.slide(at: now)
        }

        func drawTTL() -> Duration? {
            Int.random(in: 0..<3, using: &random) == 0 ? .milliseconds(Int.random(in: -1...40, using: &random)) : nil
        }

        for operation in 0..<operations where mistakes.count < 5 {
            let key = key(Int.random(in: 0..<configuration.keys, using: &random))
            let length = Int.random(in: 1...(operation.isMultiple(of: 1_000) ? 10_000 : 12), using: &random)
            let value =
                configuration.cost == nil
                ? "\(operation)"
                : String("\(operation)".suffix(length)) + String(repeating: ".", count: max(0, length - 8))
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<40:
                let found = cache.value(forKey: key)
                compare(found, key, "value")
                if found != nil { model[key]?.slide(at: now) }
            case 40..<70:
                let ttl = drawTTL()
                let idle = Int.random(in: 0..<4, using: &random) == 0 ? drawTTL() : nil
                let before = live(key)
                let result =
                    if let idle {
                        cache.insert(value, forKey: key, ttl: ttl, idle: idle)
                    } else {
                        cache.insert(value, forKey: key, ttl: ttl)
                    }
                switch result {
                case .inserted:
                    if isRoomForAll, before != nil { mistakes.append("insert: the old value was lost") }
                case .replaced(let old):
                    if old != before?.value { mistakes.append("insert: replaced \(old)") }
                case .alreadyExpired:
                    if (ttl ?? .seconds(1)) > .zero, (idle ?? .seconds(1)) > .zero {
                        mistakes.append("insert: \(String(describing: ttl)) is not over")
                    }
                case .tooHeavy:
                    if weight(value) <= limit { mistakes.append("insert: refused") }
                }
                store(key, value, ttl: ttl, idle: idle)
            case 70..<80:
                let old = cache.removeValue(forKey: key)
                compare(old, key, "remove")
                model[key] = nil
            case 80..<85:
                if cache.contains(key) {
                    if live(key) == nil { mistakes.append("contains: \(key) should be gone") }
                } else {
                    compare(nil, key, "contains")
                }
            case 85..<95:
                let kind = Int.random(in: 0..<3, using: &random)
                let ttl = drawTTL()
                let modelled = live(key)
                let (before, left) = cache.update(forKey: key) { entry in
                    let before = (entry?.value, entry?.ttl)
                    switch kind {
                    case 0: entry = nil
                    case 1: entry = .init(value, ttl: ttl)
                    default: entry?.value = value
                    }
                    return before
                }.result
                compare(before, key, "update")
                if before != nil, left != live(key)?.deadline.map({ $0 - now }) {
                    mistakes.append("update: ttl is \(String(describing: left))")
                }
                switch kind {
                case 0: model[key] = nil
                case 1: store(key, value, ttl: ttl)
                default:
                    if before != nil, let modelled {
                        store(
                            key,
                            value,
                            ttl: modelled.idle == nil ? left : modelled.end.map { $0 - now },
                            idle: modelled.idle
                        )
                    }
                }
            default:
                now += .milliseconds(1)
                clock.advance(by: .milliseconds(1))
            }
            if operation.isMultiple(of: 8), cache.count > limit || cache.cost > limit {
                mistakes.append("the cache holds more than its limit")
            }
            if configuration.changesLimit, operation.isMultiple(of: 500) {
                limit = Int.random(in: 0...firstLimit, using: &random)
                cache.setLimit(limit)
                if cache.count > limit || cache.cost > limit { mistakes.append("the limit is \(limit)") }
                if operation.isMultiple(of: 2_500) { cache.trim(toShare: 0.5) }
            }
            if operation.isMultiple(of: operations / 8) {
                mistakes += cache.checkInvariants()
                switch operation / (operations / 8) {
                case 2:
                    cache.removeAll()
                    model = [:]
                case 4:
                    cache.removeAll { _, value in value.utf8.last == 0x31 }
                    model = model.filter { $1.value.utf8.last != 0x31 }
                case 6:
                    var seen: Set<Key> = []
                    cache.forEach { key, entry in
                        if !seen.insert(key).inserted { mistakes.append("forEach: \(key) came twice") }
                        compare(entry.value, key, "forEach")
                    }
                    model = model.filter { seen.contains($0.key) }
                default:
                    cache.removeExpired()
                }
            }
        }
        #expect(mistakes == [], "seed \(seed)")
        if firstLimit > 0 { #expect(cache.statistics.hits > 0) }
        let statistics = cache.statistics
        #expect(cache.count == statistics.insertions - statistics.departures)
    }
}
