import Synchronization

/// What several tasks of a test note down.
final class Shared<Value: Sendable>: Sendable {
    private let value: Mutex<Value>

    init(_ value: Value) { self.value = Mutex(value) }

    /// What they have noted down so far.
    var now: Value { self.value.withLock { $0 } }

    func change(_ body: (inout Value) -> Void) { self.value.withLock { body(&$0) } }
}
