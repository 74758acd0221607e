/// A value in a memory cache and when it expires.
public struct MemoryCacheEntry<Value: Sendable>: Sendable {
    /// The value.
    public var value: Value

    private var end: End
    /// For how long nobody may ask for it, in nanoseconds; 0 where that does not matter.
    private var idleNanoseconds: Int64
    /// The moment at which the entry ends unless somebody asks for it.
    private let deadlineAsFound: CacheInstant
    /// When the entry was looked at; `ttl` counts from here.
    private let now: CacheInstant

    /// When the entry ends in any case.
    private enum End: Sendable {
        case at(CacheInstant)
        case after(Duration)
    }

    /// An entry to store.
    ///
    /// - Parameters:
    ///   - value: The value.
    ///   - ttl: How long it lives from the moment it is stored; `nil` for ever, zero or less not at all.
    ///   - idle: How long it lives without being asked for; `nil` for ever, zero or less not at all.
    public init(_ value: Value, ttl: Duration? = nil, idle: Duration? = nil) {
        self.init(value, .forever, at: 0)
        self.end = ttl.map { .after($0) } ?? .at(.distantFuture)
        self.idle = idle
    }

    /// An entry that expires at a moment of the cache's clock; `.distantFuture` is never.
    package init(_ value: Value, deadline: CacheInstant) {
        self.init(value, Lifespan(end: deadline.nanoseconds), at: 0)
    }

    @usableFromInline
    init(_ value: Value, _ lifespan: Lifespan, at now: Int64) {
        self.value = value
        self.end = .at(CacheInstant(nanoseconds: lifespan.end))
        self.idleNanoseconds = lifespan.idle
        self.deadlineAsFound = CacheInstant(nanoseconds: lifespan.deadline)
        self.now = CacheInstant(nanoseconds: now)
    }

    /// Reads the clock only when there is a deadline to compare with.
    @usableFromInline
    init(_ value: Value, _ lifespan: Lifespan, now clock: CacheClock) {
        self.init(value, lifespan, at: lifespan.deadline != Lifespan.never ? clock.nanoseconds : 0)
    }

    /// How long the entry has left; `nil` for ever.
    ///
    /// Of an entry that also expires when it is idle, this is the shorter of the two times. Setting it sets the time to
    /// live; zero or less removes the entry.
    public var ttl: Duration? {
        get {
            switch self.end {
            case .at(let end):
                let deadline = self.idleNanoseconds > 0 ? min(end, self.deadlineAsFound) : end
                return deadline == .distantFuture ? nil : self.now.duration(to: deadline)
            case .after(let duration): return duration
            }
        }
        set {
            self.end = newValue.map { .after($0) } ?? .at(.distantFuture)
        }
    }

    /// How long the entry lives without being asked for; `nil` where that does not matter.
    ///
    /// Setting it to zero or less removes the entry.
    public var idle: Duration? {
        get { self.idleNanoseconds == 0 ? nil : .nanoseconds(self.idleNanoseconds) }
        set {
            // A span below a nanosecond is not none.
            self.idleNanoseconds = newValue.map { $0 > .zero ? max(1, $0.wholeNanoseconds) : -1 } ?? 0
        }
    }

    /// When the entry expires on the cache's clock; `nil` when a `ttl` was set that has not begun to run.
    package var deadline: CacheInstant? {
        get {
            switch self.end {
            case .at(let end): self.idleNanoseconds > 0 ? min(end, self.deadlineAsFound) : end
            case .after: nil
            }
        }
        set {
            self.end = .at(newValue ?? .distantFuture)
        }
    }

    /// The lifespan that begins now; `nil` when it is over.
    @usableFromInline
    func lifespanToStore(now: Int64) -> Lifespan? {
        let end: CacheInstant
        switch self.end {
        case .at(let moment): end = moment
        case .after(let duration): end = CacheInstant(nanoseconds: now).advanced(by: duration)
        }
        guard end.nanoseconds > now, self.idleNanoseconds >= 0 else { return nil }
        return self.idleNanoseconds == 0
            ? Lifespan(end: end.nanoseconds)
            : Lifespan(end: end.nanoseconds, idle: self.idleNanoseconds, now: now)
    }
}
