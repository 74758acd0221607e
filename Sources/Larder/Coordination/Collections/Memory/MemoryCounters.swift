/// A counter in memory.
struct CounterContents: CollectionContents {
    var value: Int64 = 0

    /// One that shows zero is there all the same.
    var isEmpty: Bool { false }
}

extension MemoryCollections {
    /// What a counter shows.
    public func value(of key: CollectionKey) async throws -> Int64? {
        self.counters.read(key) { $0?.value }
    }

    /// Adds to counters.
    public func add(_ increments: [CounterIncrement]) async throws -> [Result<Int64, CacheError>] {
        increments.map { increment in
            Result { () throws(CacheError) -> Int64 in
                try self.counters.write(increment.key, increment.lifetime) { (contents) throws(CacheError) -> Int64 in
                    let (sum, overflow) = (contents?.value ?? 0).addingReportingOverflow(increment.delta)
                    guard !overflow, increment.bounds.contains(sum) else {
                        throw .integerOverflow(increment.key, increment.bounds)
                    }
                    contents = CounterContents(value: sum)
                    return sum
                }
            }
        }
    }

    /// Sets a counter.
    public func set(
        _ key: CollectionKey,
        to value: Int64,
        _ lifetime: CollectionLifetime
    ) async throws -> Int64? {
        self.counters.write(key, lifetime) { contents -> Int64? in
            defer { contents = CounterContents(value: value) }
            return contents?.value
        }
    }
}
