import Synchronization

/// What readers have noted, for somebody who writes; bounded, so what finds no room is noted by a later reader.
package final class ReadNotes<Space: AnyObject & Sendable>: Sendable {
    /// Entries of a namespace to be tended to.
    package struct Tending: Sendable {
        /// The namespace.
        package let space: Space
        /// The entries.
        package let keys: [StoreKey]
    }

    private struct State {
        var uses: Set<UInt64> = []
        var tending: [ObjectIdentifier: (space: Space, keys: Set<StoreKey>)] = [:]
        var tendingCount = 0
    }

    private static var mostUses: Int { 4_096 }
    private static var mostTending: Int { 1_024 }

    private let state = Mutex(State())
    private let isEmptyFlag = Atomic(true)

    /// Makes an empty list.
    package init() {}

    /// Whether there is nothing to do.
    package var isEmpty: Bool { self.isEmptyFlag.load(ordering: .relaxed) }

    /// An entry was read.
    ///
    /// - Parameter number: The number under which it lies.
    package func noteUse(_ number: UInt64) {
        self.state.withLock { state in
            if state.uses.count < Self.mostUses { state.uses.insert(number) }
        }
        self.isEmptyFlag.store(false, ordering: .relaxed)
    }

    /// An entry is dead, or its end has to be put off.
    package func noteForTending(_ key: StoreKey, in space: Space) {
        self.state.withLock { state in
            guard state.tendingCount < Self.mostTending else { return }
            if state.tending[ObjectIdentifier(space), default: (space, [])].keys.insert(key).inserted {
                state.tendingCount += 1
            }
        }
        self.isEmptyFlag.store(false, ordering: .relaxed)
    }

    /// Takes some of the uses, and all entries to be tended to of some namespace.
    package func take() -> (uses: [UInt64], tending: Tending?) {
        self.state.withLock { state in
            let uses = Array(state.uses.prefix(64))
            if uses.count == state.uses.count {
                state.uses.removeAll(keepingCapacity: true)
            } else {
                state.uses.subtract(uses)
            }
            var tending: Tending?
            if let (id, some) = state.tending.first {
                state.tending[id] = nil
                state.tendingCount -= some.keys.count
                tending = Tending(space: some.space, keys: Array(some.keys))
            }
            if state.uses.isEmpty, state.tending.isEmpty { self.isEmptyFlag.store(true, ordering: .relaxed) }
            return (uses, tending)
        }
    }
}
