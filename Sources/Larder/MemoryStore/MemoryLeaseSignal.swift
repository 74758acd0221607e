/// Waits for the end of the leases on one key of a memory store.
final class MemoryLeaseSignal: LeaseSignal {
    let name: NamespacedName
    private let table: LeaseTable
    private let wake: WakeUp

    init(_ name: NamespacedName, in table: LeaseTable, clock: CacheClock) {
        self.name = name
        self.table = table
        self.wake = WakeUp(clock: clock)
    }

    func wait(atMost duration: Duration) async throws { try await self.wake.wait(atMost: duration) }

    /// A lease on the key has ended, or may have.
    ///
    /// Called without any lock: those who wait go on at once.
    func tell() { self.wake.ring() }

    func cancel() {
        self.table.stopListening(self)
        // Nobody would be told any more.
        self.tell()
    }
}

/// Leases that ended while locks were held: what they held, and who is to be told when the locks are free.
struct EndedLeases: Sendable {
    private var tags: [EntryTags] = []
    private var signals: [MemoryLeaseSignal] = []

    /// Keeps what a lease was bound to, so that no tag ends under a lock.
    mutating func keep(_ tags: EntryTags?) {
        if let tags { self.tags.append(tags) }
    }

    mutating func add(_ signals: some Sequence<MemoryLeaseSignal>) {
        self.signals.append(contentsOf: signals)
    }

    /// Tells those who listen.
    ///
    /// Called without any lock.
    consuming func tell() {
        for signal in self.signals { signal.tell() }
    }
}
