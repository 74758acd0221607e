/// A number that all processes add to, exact over all of `Int64`.
///
/// ```swift
/// let views = collections.counter("views:2024-05-01", lifetime: .fixed(.days(8)))
/// try await views.increment()
/// ```
///
/// Adding is one step with giving the counter its end, so that none is left without. It is never done twice: what throws
/// ``CacheError/Code/unavailable`` may have been done or not, and what returns was done once.
public struct SharedCounter: SharedCollection {
    /// The counter in its store.
    public let handle: CollectionHandle

    /// What it shows.
    ///
    /// - Returns: The value; 0 where nobody has set or incremented it.
    /// - Throws: ``CacheError``: ``CacheError/Code/invalidKey``, ``CacheError/Code/unavailable``,
    ///   ``CacheError/Code/wrongType``, or ``CacheError/Code/notAnInteger`` where something else was stored there.
    public func value() async throws -> Int {
        Int(try await self.handle.store.value(of: self.handle.checkedKey()) ?? 0)
    }

    /// Adds.
    ///
    /// - Parameters:
    ///   - delta: What to add; a negative number subtracts.
    ///   - bounds: What the sum has to stay within.
    /// - Returns: The sum.
    /// - Throws: ``CacheError``: ``CacheError/Code/integerOverflow`` where the sum leaves the bounds, and the counter is as it
    ///   was; as ``value()``.
    @discardableResult
    public func increment(by delta: Int = 1, within bounds: ClosedRange<Int> = .min ... .max) async throws -> Int {
        let increment = CounterIncrement(
            key: try self.handle.checkedKey(),
            delta: Int64(delta),
            within: Int64(bounds.lowerBound)...Int64(bounds.upperBound),
            lifetime: self.handle.lifetime
        )
        let results = try await self.handle.store.add([increment])
        guard let result = results.first else { throw Collections.missingAnswer(self.handle.key) }
        return Int(try result.get())
    }

    /// Subtracts.
    ///
    /// - Parameters:
    ///   - delta: What to subtract.
    ///   - bounds: What the difference has to stay within: `0...` keeps it from going below zero.
    /// - Returns: The difference.
    /// - Throws: As ``increment(by:within:)``.
    @discardableResult
    public func decrement(by delta: Int = 1, within bounds: ClosedRange<Int> = .min ... .max) async throws -> Int {
        guard delta > .min else {
            throw CacheError(.integerOverflow, "the least of integers has no opposite", key: self.handle.key.text)
        }
        return try await self.increment(by: -delta, within: bounds)
    }

    /// Sets the counter; an end that it has already stays, unless its lifetime slides.
    ///
    /// - Parameter value: Its new value.
    /// - Returns: What it showed before; `nil` where it was not there.
    /// - Throws: As ``value()``.
    @discardableResult
    public func set(to value: Int) async throws -> Int? {
        try await self.handle.store.set(self.handle.checkedKey(), to: Int64(value), self.handle.lifetime).map {
            Int($0)
        }
    }

    /// Removes the counter: it shows 0 and begins another life with the next addition.
    ///
    /// - Throws: ``CacheError``: ``CacheError/Code/invalidKey`` or ``CacheError/Code/unavailable``.
    public func reset() async throws { try await self.remove() }
}

extension Collections {
    /// A counter.
    ///
    /// - Parameters:
    ///   - name: Its name.
    ///   - lifetime: How long it lives.
    /// - Returns: The counter.
    public func counter(_ name: String, lifetime: CollectionLifetime = .unlimited) -> SharedCounter {
        SharedCounter(handle: self.handle(.counter, name, lifetime))
    }

    /// Adds to several counters in one round trip.
    ///
    /// They are not one step together: some may be done and others not, each with its own result.
    ///
    /// ```swift
    /// try await collections.incrementMany(["visits": 1, "bytes": size], lifetime: .fixed(.days(8)))
    /// ```
    ///
    /// - Parameters:
    ///   - deltas: The counters by name, with what to add.
    ///   - lifetime: How long they live.
    /// - Returns: For each the sum, or what went wrong: ``CacheError/Code/integerOverflow``,
    ///   ``CacheError/Code/notAnInteger``, ``CacheError/Code/unavailable``.
    /// - Throws: ``CacheError`` with ``CacheError/Code/invalidKey``, before anything is done; `CancellationError`.
    @discardableResult
    public func incrementMany(
        _ deltas: [String: Int],
        lifetime: CollectionLifetime = .unlimited
    ) async throws -> [String: Result<Int, CacheError>] {
        guard !deltas.isEmpty else { return [:] }
        let names = Array(deltas.keys)
        let increments = try names.map { name in
            let key = try self.handle(.counter, name, lifetime).checkedKey()
            return CounterIncrement(
                key: key,
                delta: Int64(deltas[name] ?? 0),
                within: .min ... .max,
                lifetime: lifetime
            )
        }
        let results = try await self.store.add(increments)
        var sums: [String: Result<Int, CacheError>] = [:]
        for (name, result) in zip(names, results) { sums[name] = result.map { Int($0) } }
        return sums
    }

    /// A store that answered less than it was asked.
    static func missingAnswer(_ key: CollectionKey) -> CacheError {
        CacheError(.unavailable, "the store gave no answer", key: key.text)
    }
}
