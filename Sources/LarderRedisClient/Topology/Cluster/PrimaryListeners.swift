import Synchronization

/// Those who want to hear that the set of primaries has changed.
final class PrimaryListeners: Sendable {
    private struct State {
        var listeners: [UInt64: @Sendable () -> Void] = [:]
        var next: UInt64 = 0
    }

    private let state = Mutex(State())

    /// Adds a listener, which is called on any thread until its registration ends.
    func add(_ listener: @escaping @Sendable () -> Void) -> PrimaryRegistration {
        let id = self.state.withLock { state in
            state.next += 1
            state.listeners[state.next] = listener
            return state.next
        }
        return PrimaryRegistration { [weak self] in
            self?.state.withLock { _ = $0.listeners.removeValue(forKey: id) }
        }
    }

    /// Tells all.
    func tell() {
        for listener in self.state.withLock({ Array($0.listeners.values) }) { listener() }
    }
}

/// The wish to hear that the set of primaries has changed; ends with its last reference.
package final class PrimaryRegistration: Sendable {
    private let end: @Sendable () -> Void

    init(_ end: @escaping @Sendable () -> Void) { self.end = end }

    deinit { self.end() }
}
