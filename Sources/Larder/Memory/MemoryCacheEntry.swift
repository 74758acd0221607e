/// A value in a memory cache and when it expires.
public struct MemoryCacheEntry<Value: Sendable>: Sendable {
    /// The value.
    public var value: Value

    private var expiry: Expiry
    /// When the entry was looked at; `ttl` counts from here.
    private let now: CacheInstant

    private enum Expiry: Sendable {
        case at(CacheInstant)
        case after(Duration)
    }

    /// An entry to store.
    ///
    /// - Parameters:
    ///   - value: The value.
    ///   - ttl: How long it lives from the moment it is stored; `nil` for ever, zero or less not at all.
    public init(_ value: Value, ttl: Duration? = nil) {
        self.value = value
        self.expiry = ttl.map { .after($0) } ?? .at(.distantFuture)
        self.now = CacheInstant(nanoseconds: 0)
    }

    /// An entry that expires at a moment of the cache's clock; `.distantFuture` is never.
    package init(_ value: Value, deadline: CacheInstant) {
        self.init(value, nanoseconds: deadline.nanoseconds, at: 0)
    }

    @usableFromInline
    init(_ value: Value, nanoseconds deadline: Int64, at now: Int64) {
        self.value = value
        self.expiry = .at(CacheInstant(nanoseconds: deadline))
        self.now = CacheInstant(nanoseconds: now)
    }

    /// Reads the clock only when there is a deadline to compare with.
    @usableFromInline
    init(_ value: Value, nanoseconds deadline: Int64, now clock: CacheClock) {
        let isMortal = deadline != CacheInstant.distantFuture.nanoseconds
        self.init(value, nanoseconds: deadline, at: isMortal ? clock.nanoseconds : 0)
    }

    /// How long the entry has left; `nil` for ever.
    ///
    /// Setting it to zero or less removes the entry.
    public var ttl: Duration? {
        get {
            switch self.expiry {
            case .at(.distantFuture): nil
            case .at(let deadline): self.now.duration(to: deadline)
            case .after(let duration): duration
            }
        }
        set {
            self.expiry = newValue.map { .after($0) } ?? .at(.distantFuture)
        }
    }

    /// When the entry expires on the cache's clock; `nil` when a `ttl` was set that has not begun to run.
    package var deadline: CacheInstant? {
        get {
            switch self.expiry {
            case .at(let deadline): deadline
            case .after: nil
            }
        }
        set {
            self.expiry = .at(newValue ?? .distantFuture)
        }
    }

    /// The deadline in nanoseconds, counting a `ttl` from `now`; `nil` when it has passed.
    @usableFromInline
    func deadlineToStore(now: Int64) -> Int64? {
        switch self.expiry {
        case .at(.distantFuture):
            return CacheInstant.distantFuture.nanoseconds
        case .at(let deadline):
            return deadline.nanoseconds > now ? deadline.nanoseconds : nil
        case .after(let duration):
            return duration > .zero ? CacheInstant(nanoseconds: now).advanced(by: duration).nanoseconds : nil
        }
    }
}
