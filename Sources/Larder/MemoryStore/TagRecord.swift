import Synchronization

/// What a memory store knows of one tag, as long as an entry, a lease or a mark is bound to it.
///
/// The numbers only change under the lock of the tag's table, and are read without any.
final class TagRecord: Sendable {
    let name: String
    let table: TagTable
    private let generationStorage: Atomic<UInt64>
    private let freshnessStorage: Atomic<UInt64>
    private let serialStorage: Atomic<UInt64>

    init(_ name: String, in table: TagTable, _ numbers: Numbers, serial: UInt64) {
        self.name = name
        self.table = table
        self.generationStorage = Atomic(numbers.generation)
        self.freshnessStorage = Atomic(numbers.freshness)
        self.serialStorage = Atomic(serial)
    }

    deinit {
        self.table.forget(self.name, ObjectIdentifier(self))
    }

    /// Two numbers that have never been used.
    struct Numbers: Sendable {
        let generation: UInt64
        let freshness: UInt64

        static func random() -> Self {
            var generator = SystemRandomNumberGenerator()
            return .init(generation: generator.next(), freshness: generator.next())
        }
    }

    /// Entries under another generation are dead.
    @inline(__always)
    var generation: UInt64 { self.generationStorage.load(ordering: .acquiring) }

    /// Entries under another one are stale.
    @inline(__always)
    var freshness: UInt64 { self.freshnessStorage.load(ordering: .acquiring) }

    /// The namespace's serial when the tag was last invalidated or expired, or when this record was made.
    ///
    /// Whoever compares it loads the generation first: who has seen a new generation sees the new serial, too.
    var serial: UInt64 { self.serialStorage.load(ordering: .acquiring) }

    /// The tag as it is now.
    var mark: TagMark {
        TagMark(name: self.name, generation: self.generation, freshness: self.freshness, record: self)
    }

    /// Draws what is bound to the tag dead or stale.
    ///
    /// Called with the table locked.
    func invalidate(_ manner: TagInvalidation, _ numbers: Numbers, serial: UInt64) {
        // Before the generations, for those who load them the other way round.
        self.serialStorage.store(serial, ordering: .releasing)
        if manner == .dead { self.generationStorage.store(numbers.generation, ordering: .releasing) }
        self.freshnessStorage.store(numbers.freshness, ordering: .releasing)
    }
}
