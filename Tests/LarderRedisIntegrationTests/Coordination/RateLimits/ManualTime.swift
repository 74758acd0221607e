import Synchronization

/// A time that a test sets.
final class ManualTime: Sendable {
    private let microseconds: Mutex<Int64>

    init(_ now: Int64) { self.microseconds = Mutex(now) }

    var now: Int64 {
        get { self.microseconds.withLock { $0 } }
        set { self.microseconds.withLock { $0 = newValue } }
    }
}

extension Duration {
    var microseconds: Int64 { Int64((self / .microseconds(1)).rounded()) }
}
