import Larder
import LarderSQLite
import Synchronization

/// Lets nobody pass before it is opened.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func open() {
        let waiters = self.state.withLock { state in
            state.isOpen = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    func passed() async {
        await withCheckedContinuation { waiter in
            let isOpen = self.state.withLock { state in
                if !state.isOpen { state.waiters.append(waiter) }
                return state.isOpen
            }
            if isOpen { waiter.resume() }
        }
    }
}

/// The condition did not come true in time.
struct NeverHappened: Error {
    var what: String
}

/// Waits for something that other tasks are about to bring about.
func eventually(_ what: String, _ condition: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now.advanced(by: .seconds(60))
    while try await !condition() {
        if ContinuousClock.now > deadline { throw NeverHappened(what: what) }
        await Task.yield()
    }
}

/// Keeps bytes as they are.
struct BytesCoder: EntryCoder {
    func encode(_ box: ValueBox, for key: StoreKey) throws -> EncodedValue {
        EncodedValue(codec: .bytes, bytes: box.value(as: [UInt8].self) ?? [])
    }

    func decode(_ encoded: EncodedValue, of key: StoreKey) throws -> EntryValue { .encoded(encoded) }
}

extension SQLiteStore {
    /// Waits until so many listen for the ends of leases of a namespace, or a few seconds are over.
    func awaitListeners(of namespace: CacheNamespace, _ count: Int) async throws {
        let deadline = ContinuousClock.now.advanced(by: .seconds(10))
        while self.listeners(of: namespace) < count, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(1))
        }
    }
}
