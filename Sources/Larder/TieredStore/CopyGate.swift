import Synchronization

/// Says whether copies may be served and made.
///
/// Whoever hears of what other processes change may fall deaf. As long as that lasts nobody knows which copies are still
/// true, and reads go below. The gate starts closed.
///
/// The order in which its owner works it is what keeps copies true: `close()` comes before the copies are forgotten, and
/// they are forgotten once more before `open()`. So a lease under which a copy was to be made while nobody listened is
/// void by the time that copies are served again.
package final class CopyGate: Sendable {
    /// Twice the number of closings, and one more while the gate is open.
    private let state = Atomic<UInt64>(0)
    private let witness: (@Sendable () -> UInt64)?

    /// Makes a gate that is closed.
    ///
    /// - Parameter witness: A number that changes whenever what is read below may come from elsewhere than where
    ///   changes are heard of.
    package init(witness: (@Sendable () -> UInt64)? = nil) {
        self.witness = witness
    }

    /// Whether copies are served.
    @inline(__always)
    package var isOpen: Bool { self.state.load(ordering: .acquiring) & 1 == 1 }

    /// Whatever is read while this stays the same, and heard of no change of, is current.
    var number: UInt64 {
        let closings = self.state.load(ordering: .acquiring) >> 1
        guard let witness = self.witness else { return closings }
        return closings &+ witness()
    }

    /// Lets copies be served and made.
    package func open() { self.state.bitwiseOr(1, ordering: .acquiringAndReleasing) }

    /// Lets no copy be served or made for a while; what is heard meanwhile comes late and gets lost nowhere.
    package func pause() { self.state.bitwiseAnd(~1, ordering: .acquiringAndReleasing) }

    /// Lets no copy be served or made any more: something goes unheard.
    package func close() {
        self.pause()
        self.state.wrappingAdd(2, ordering: .acquiringAndReleasing)
    }
}
