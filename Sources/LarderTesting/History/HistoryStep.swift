/// What a task does next: one call, drawn from the seed and the call's place alone.
///
/// So the same seed has the same calls whatever came of those before.
struct HistoryStep: Sendable {
    var operation: HistoryCall.Operation
    var keys: [String] = []
    var pattern: String?
    var tags: [String] = []
    var ttl: Int?
    var delta = 1
    /// What the fill does, if it runs.
    var fill = FillScript()
    /// Whether the calling task is cancelled after a pause.
    var isCancelled = false
    /// What the pauses within the call are drawn from.
    var pauseSeed: UInt64

    init(seed: UInt64, task: Int, index: Int, _ options: HistoryOptions) {
        var random = SeededGenerator(seed: seed, UInt64(task), UInt64(index))
        self.pauseSeed = random.next()
        self.operation = Self.operation(&random, options)
        self.isCancelled = random.happens(4)
        switch self.operation {
        case .get:
            self.keys = [random.pick(options.keyNames + options.counterNames.prefix(1))]
        case .fetch:
            self.keys = [random.pick(options.keyNames)]
            self.fill = FillScript(&random, above: self.keys, options)
        case .fetchMany:
            let count = Int.random(in: 2...max(2, min(options.keys - 1, options.mostKeysAtOnce)), using: &random)
            self.keys = options.keyNames.shuffled(using: &random).prefix(count).sorted()
            self.fill = FillScript(&random, above: [], options)
            self.fill.lateTags = []
            self.fill.isStored = true
        case .set, .add:
            self.keys = [random.pick(options.keyNames)]
        case .increment:
            self.keys = [random.pick(options.counterNames)]
            self.delta = Int.random(in: 1...9, using: &random)
        case .remove:
            // Counters seldom: between two resets there have to be some that could be lost.
            let isCounter = random.happens(10) && options.counters > 0
            self.keys = [random.pick(isCounter ? options.counterNames : options.keyNames)]
        case .removeMatching:
            let patterns = [
                "a:*", "b:?", "[ab]:*", random.pick(options.keyNames), random.happens(20) ? "*" : "a:[0-3]",
            ]
            self.pattern = random.pick(patterns)
        case .invalidate, .expire:
            self.tags = [random.pick(options.tagNames)]
        case .clear:
            break
        }
        switch self.operation {
        case .fetch, .fetchMany, .set, .add:
            self.ttl = random.pick([nil, nil, 3, 8, 20])
            if options.tags > 0, random.happens(60) {
                self.tags = options.tagNames.shuffled(using: &random).prefix(random.pick([1, 1, 2])).sorted()
            }
        default:
            break
        }
    }

    private static func operation(_ random: inout SeededGenerator, _ options: HistoryOptions) -> HistoryCall.Operation {
        let share = options.wideRemovalsAreRare ? 10 : 1
        let weights: [(HistoryCall.Operation, Int)] = [
            (.get, 18 * share), (.fetch, 32 * share), (.fetchMany, 8 * share), (.set, 5 * share), (.add, 4 * share),
            (.increment, options.counters > 0 ? 10 * share : 0), (.remove, 9 * share), (.removeMatching, 2),
            (.invalidate, options.tags > 0 ? 7 * share : 0), (.expire, options.tags > 0 ? 4 * share : 0), (.clear, 1),
        ]
        var left = Int.random(in: 0..<weights.reduce(0) { $0 + $1.1 }, using: &random)
        for (operation, weight) in weights {
            if left < weight { return operation }
            left -= weight
        }
        return .get
    }
}

/// What a fill does while it runs.
struct FillScript: Sendable {
    /// Tags that it takes before it reads its data.
    var dependencies: [String] = []
    /// Tags that it adds when it has its value.
    var lateTags: [String] = []
    /// The key of an inner fetch.
    var part: String?
    /// Whether the value may be stored.
    var isStored = true
    /// Whether it throws.
    var fails = false
    /// Whether it takes longer than any fill may.
    var isEndless = false

    init() {}

    /// - Parameters:
    ///   - random: What to draw from.
    ///   - keys: The keys that it fills. Inner fetches only go up the list of keys, so that no two fills wait for each other.
    ///   - options: How wild.
    init(_ random: inout SeededGenerator, above keys: [String], _ options: HistoryOptions) {
        if options.tags > 0, random.happens(25) { self.dependencies = [random.pick(options.tagNames)] }
        if options.tags > 0, random.happens(15) { self.lateTags = [random.pick(options.tagNames)] }
        if let key = keys.first, let index = options.keyNames.firstIndex(of: key), random.happens(20) {
            let higher = Array(options.keyNames[(index + 1)...])
            if !higher.isEmpty { self.part = random.pick(higher) }
        }
        self.isStored = !random.happens(4)
        self.fails = random.happens(8)
        self.isEndless = options.hasLongFills && random.happens(1)
    }
}
