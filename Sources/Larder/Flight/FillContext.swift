import Synchronization

/// What a fill can say about the value it makes.
public final class FillContext: Sendable {
    private struct Wishes {
        var timeToLive: TimeToLive?
        var isStored = true
    }

    private let wishes: Mutex<Wishes>

    init(ttl: TimeToLive?) {
        self.wishes = Mutex(Wishes(timeToLive: ttl))
    }

    /// How long the value is to stay fresh; at first what the call to `fetch` said.
    ///
    /// A token that says when it expires sets it to the time it has left. `nil` means for ever, zero or less that the
    /// value is not stored.
    public var ttl: TimeToLive? {
        get { self.wishes.withLock { $0.timeToLive } }
        set { self.wishes.withLock { $0.timeToLive = newValue } }
    }

    /// Hands the value to those who wait for it, and stores nothing.
    public func doNotStore() {
        self.wishes.withLock { $0.isStored = false }
    }

    var isStored: Bool { self.wishes.withLock { $0.isStored } }
}
