import Larder
import Synchronization

/// The generations of a namespace as this process was told of them, until the servers tell that they have changed.
///
/// What was read is kept like a copy of an entry: only where somebody had begun to wait for it before the read was sent, and no
/// change has been told since. Whoever hears of a change calls ``forget(_:)`` or ``forgetAll()`` before anything is dropped that
/// was judged by what is kept here, so that a lease which outlives that was taken after it.
final class RememberedGenerations: Sendable {
    /// What is known of a name, or the number of the wait for it.
    private enum Slot<Value: Sendable>: Sendable {
        case awaited(UInt64)
        case known(Value)
    }

    private struct State {
        var stamp: Slot<NamespaceStamp>?
        /// A tag without a record is known, too: its record is told when somebody makes one.
        var recent: [TagName: Slot<TagRecord?>] = [:]
        /// What was recent before; a name that is met again becomes so once more, the others go.
        var former: [TagName: Slot<TagRecord?>] = [:]
        var nextWait: UInt64 = 0
        let limit: Int

        mutating func slot(_ name: TagName) -> Slot<TagRecord?>? {
            if let slot = self.recent[name] { return slot }
            guard let slot = self.former.removeValue(forKey: name) else { return nil }
            self.put(slot, name)
            return slot
        }

        mutating func put(_ slot: Slot<TagRecord?>, _ name: TagName) {
            if self.recent.count >= max(1, self.limit / 2), self.recent[name] == nil {
                self.former = self.recent
                self.recent = [:]
            }
            self.recent[name] = slot
        }

        mutating func remove(_ name: TagName) {
            self.recent[name] = nil
            self.former[name] = nil
        }

        /// The number of the wait for a name: that which is on, or a new one; `nil` where the name is known.
        mutating func wait(for name: TagName) -> UInt64? {
            switch self.slot(name) {
            case .known: return nil
            case .awaited(let wait): return wait
            case nil:
                self.nextWait += 1
                self.put(.awaited(self.nextWait), name)
                return self.nextWait
            }
        }

        mutating func waitForStamp() -> UInt64? {
            switch self.stamp {
            case .known: return nil
            case .awaited(let wait): return wait
            case nil:
                self.nextWait += 1
                self.stamp = .awaited(self.nextWait)
                return self.nextWait
            }
        }
    }

    /// What a read waits for.
    struct Wait: Sendable {
        fileprivate let route: UInt64
        fileprivate let stamp: UInt64?
        fileprivate let tags: [(name: TagName, number: UInt64)]
    }

    /// How many tags are remembered, if nobody says otherwise.
    private static let mostTags = 20_000

    private let gate: CopyGate
    private let witness: @Sendable () -> UInt64
    private let state: Mutex<State>

    /// Remembers nothing yet.
    ///
    /// - Parameters:
    ///   - gate: Whether all changes are heard of. Who closes it calls ``forgetAll()`` after that, and once more before it
    ///     opens.
    ///   - limit: Of how many tags the records are kept at most.
    ///   - witness: A number that changes whenever what is read may come from elsewhere than where changes are heard of.
    init(
        _ gate: CopyGate,
        limit: Int = RememberedGenerations.mostTags,
        witness: @escaping @Sendable () -> UInt64 = { 0 }
    ) {
        self.gate = gate
        self.witness = witness
        self.state = Mutex(State(limit: limit))
    }

    // MARK: Reading

    /// What is known.
    ///
    /// - Parameter tags: The tags that are wanted.
    /// - Returns: The stamp and those of the records that are known; `nil` where the stamp is not, or nobody listens.
    func view(of tags: [String]) -> GenerationView? {
        guard self.gate.isOpen else { return nil }
        return self.state.withLock { state in
            guard case .known(let stamp) = state.stamp else { return nil }
            var names: [String] = []
            var records: [TagRecord?] = []
            for tag in tags {
                guard case .known(let record) = state.slot(TagName(tag)) else { continue }
                names.append(tag)
                records.append(record)
            }
            return GenerationView(stamp: stamp, names: names, records: records)
        }
    }

    /// Says what is about to be read.
    ///
    /// Those who read the same at the same time wait together, so a name that many ask for is kept by the first who
    /// is answered.
    ///
    /// - Parameters:
    ///   - tags: The tags whose records will be read.
    ///   - readsStamp: Whether the stamp will be.
    /// - Returns: What ``keep(_:from:)`` takes; `nil` where nobody listens.
    func willRead(_ tags: [String], stamp readsStamp: Bool) -> Wait? {
        // A wait that begins just after the gate was closed ends at the latest when all is forgotten before it opens.
        guard self.gate.isOpen else { return nil }
        let route = self.witness()
        return self.state.withLock { state in
            Wait(
                route: route,
                stamp: readsStamp ? state.waitForStamp() : nil,
                tags: tags.compactMap { tag in
                    let name = TagName(tag)
                    return state.wait(for: name).map { (name, $0) }
                }
            )
        }
    }

    /// Keeps what was read, as far as no change of it has been told meanwhile.
    ///
    /// - Parameters:
    ///   - wait: What was waited for since before the read was sent.
    ///   - view: What was read, and maybe what was known before.
    func keep(_ wait: Wait, from view: GenerationView) {
        guard self.witness() == wait.route else { return }
        self.state.withLock { state in
            if let number = wait.stamp, case .awaited(number) = state.stamp, let stamp = view.stamp {
                state.stamp = .known(stamp)
            }
            for (name, number) in wait.tags {
                guard case .awaited(number) = state.slot(name), let record = view.record(of: name.text) else {
                    continue
                }
                state.put(.known(record), name)
            }
        }
    }

    // MARK: Forgetting

    /// Forgets the records of tags, and keeps out what was read of them before.
    func forget(_ tags: [String]) {
        self.state.withLock { state in
            for tag in tags { state.remove(TagName(tag)) }
        }
    }

    /// Forgets everything, and keeps out what was read before.
    func forgetAll() {
        self.state.withLock { state in
            state.stamp = nil
            state.recent = [:]
            state.former = [:]
        }
    }
}
