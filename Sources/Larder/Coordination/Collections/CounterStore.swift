/// What a store of counters does; see ``CollectionStore``.
public protocol CounterStore: Sendable {
    /// What a counter shows.
    ///
    /// - Parameter key: The counter.
    /// - Returns: Its value; `nil` where nobody has set or incremented it.
    /// - Throws: As ``CollectionStore`` says.
    func value(of key: CollectionKey) async throws -> Int64?

    /// Adds to counters; one that is not there begins at zero.
    ///
    /// An addition is never repeated once it may have been done. Each counter is changed in one step with its end; several
    /// are not one step together.
    ///
    /// - Parameter increments: The counters, each once, with what to add.
    /// - Returns: For each its value after the addition, or why there was none: ``CacheError/Code/integerOverflow`` where the
    ///   sum leaves the bounds, ``CacheError/Code/notAnInteger``, ``CacheError/Code/unavailable``.
    /// - Throws: As ``CollectionStore`` says.
    func add(_ increments: [CounterIncrement]) async throws -> [Result<Int64, CacheError>]

    /// Sets a counter.
    ///
    /// - Parameters:
    ///   - key: The counter.
    ///   - value: Its new value.
    ///   - lifetime: How long it lives. A fixed end that it has already stays.
    /// - Returns: What it showed before; `nil` where it was not there.
    /// - Throws: As ``CollectionStore`` says.
    func set(_ key: CollectionKey, to value: Int64, _ lifetime: CollectionLifetime) async throws -> Int64?
}

/// An addition to a counter.
public struct CounterIncrement: Sendable, Hashable {
    /// The counter.
    public var key: CollectionKey

    /// What to add.
    public var delta: Int64

    /// What the sum has to stay within.
    public var bounds: ClosedRange<Int64>

    /// How long the counter lives.
    public var lifetime: CollectionLifetime

    /// Describes an addition.
    ///
    /// - Parameters:
    ///   - key: The counter.
    ///   - delta: What to add.
    ///   - bounds: What the sum has to stay within.
    ///   - lifetime: How long the counter lives.
    public init(
        key: CollectionKey,
        delta: Int64,
        within bounds: ClosedRange<Int64>,
        lifetime: CollectionLifetime
    ) {
        self.key = key
        self.delta = delta
        self.bounds = bounds
        self.lifetime = lifetime
    }
}
