import Larder
import Replay

/// What a trace can be replayed through: Larder's cache, or a simulation.
enum ReplayPolicy: Sendable {
    case larder
    case simulated(SimulatedPolicy)

    static let all: [ReplayPolicy] = [.simulated(.lru), .simulated(.fifo), .simulated(.s3fifo), .larder]

    init?(name: String) {
        guard let policy = Self.all.first(where: { $0.name == name }) else { return nil }
        self = policy
    }

    var name: String {
        switch self {
        case .larder: "larder"
        case .simulated(let policy): policy.rawValue
        }
    }

    /// For people.
    var title: String {
        switch self {
        case .larder: "Larder"
        case .simulated(.lru): "LRU"
        case .simulated(.fifo): "FIFO"
        case .simulated(.s3fifo): "S3-FIFO"
        }
    }

    var takesSizes: Bool {
        switch self {
        case .larder: true
        case .simulated(let policy): policy.cache(bytes: 1) != nil
        }
    }

    func replay(_ trace: Trace, entries: Int) -> ReplayResult {
        switch self {
        case .larder:
            let cache = MemoryCache<UInt64, Int>(limit: .entries(entries))
            return trace.replay { key, size in Self.request(key, size, cache) }
        case .simulated(let policy):
            var cache = policy.cache(entries: entries)
            return trace.replay { key, size in cache.request(key, size: size) }
        }
    }

    /// Replays by size; only where `takesSizes` holds.
    func replay(_ trace: Trace, bytes: Int) -> ReplayResult {
        switch self {
        case .larder:
            let cache = MemoryCache<UInt64, Int>(limit: .cost(bytes) { _, size in size })
            return trace.replay { key, size in Self.request(key, size, cache) }
        case .simulated(let policy):
            guard var cache = policy.cache(bytes: bytes) else { return ReplayResult() }
            return trace.replay { key, size in cache.request(key, size: size) }
        }
    }

    @inline(__always)
    private static func request(_ key: UInt64, _ size: Int, _ cache: MemoryCache<UInt64, Int>) -> Bool {
        if cache.value(forKey: key) != nil { return true }
        cache.insert(size, forKey: key)
        return false
    }
}

/// What came of a replay.
struct ReplayResult: Sendable {
    var requests = 0
    var hits = 0
    var bytes = 0
    var hitBytes = 0

    var hitRatio: Double {
        self.requests == 0 ? 0 : Double(self.hits) / Double(self.requests)
    }

    var byteHitRatio: Double {
        self.bytes == 0 ? 0 : Double(self.hitBytes) / Double(self.bytes)
    }
}

extension Trace {
    /// Counts the requests that a closure says were hits.
    fileprivate func replay(_ request: (UInt64, Int) -> Bool) -> ReplayResult {
        var result = ReplayResult()
        for (index, key) in self.keys.enumerated() {
            let size = self.sizes.isEmpty ? 1 : self.sizes[index]
            result.requests += 1
            result.bytes += size
            if request(key, size) {
                result.hits += 1
                result.hitBytes += size
            }
        }
        return result
    }
}
