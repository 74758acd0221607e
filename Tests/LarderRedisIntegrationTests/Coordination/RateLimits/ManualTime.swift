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

/// Random numbers that are the same in every run.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { self.state = seed }

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var word = self.state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}

extension Duration {
    var microseconds: Int64 { Int64((self / .microseconds(1)).rounded()) }
}
