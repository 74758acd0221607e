import Synchronization

/// What all who open a namespace of a memory store share.
final class MemoryNamespaceState: Sendable {
    let id: UInt32
    private let generation: Atomic<UInt64>
    private let epoch: Atomic<UInt64>
    let tags = TagTable()

    init(id: UInt32) {
        self.id = id
        let stamp = NamespaceStamp.random()
        self.generation = Atomic(stamp.generation)
        self.epoch = Atomic(stamp.epoch)
    }

    /// The generation, for readers.
    @inline(__always)
    var currentGeneration: UInt64 { self.generation.load(ordering: .acquiring) }

    /// Both numbers.
    ///
    /// They are read one after the other; should `clear` come between, the two belong to no stamp that ever was, and
    /// nothing is committed under them.
    var stamp: NamespaceStamp {
        NamespaceStamp(
            generation: self.generation.load(ordering: .acquiring),
            epoch: self.epoch.load(ordering: .acquiring)
        )
    }

    func clear() {
        let stamp = NamespaceStamp.random()
        self.epoch.store(stamp.epoch, ordering: .releasing)
        self.generation.store(stamp.generation, ordering: .releasing)
    }

    func raiseEpoch() {
        self.epoch.store(NamespaceStamp.random().epoch, ordering: .releasing)
    }
}
