import Synchronization

/// The tags of one namespace of a memory store.
///
/// It holds no tag: who is bound to one does, and the last to let go of it takes it out of here. Its lock is taken last,
/// inside any other, and no record is released while it is held: a record's end takes it.
final class TagTable: Sendable {
    // A class: Swift 6.3 crashes when it loads a weak reference out of an optional struct, as a dictionary returns it.
    private final class Slot: Sendable {
        weak let record: TagRecord?
        /// Tells a record that ends from the one that has taken its place.
        let identity: ObjectIdentifier

        init(_ record: TagRecord) {
            self.record = record
            self.identity = ObjectIdentifier(record)
        }
    }

    private let slots = Mutex<[String: Slot]>([:])
    /// Changes with the table locked.
    private let serialStorage = Atomic<UInt64>(0)

    /// How many times tags have been invalidated or expired.
    var serial: UInt64 { self.serialStorage.load(ordering: .acquiring) }

    /// How many tags somebody is bound to.
    var count: Int { self.slots.withLock { $0.count } }

    /// The records of tags, made where nobody is bound to them yet.
    func records(_ names: [String]) -> [TagRecord] {
        self.slots.withLock { slots in
            names.map { name in
                if let record = slots[name]?.record { return record }
                // With the serial of now: whether the tag was invalidated before nobody knows any more.
                let record = TagRecord(name, in: self, .random(), serial: self.serialStorage.load(ordering: .relaxed))
                slots[name] = Slot(record)
                return record
            }
        }
    }

    /// The record of a tag, if somebody is bound to it.
    func liveRecord(_ name: String) -> TagRecord? {
        self.slots.withLock { $0[name]?.record }
    }

    /// Tags as they are now; `nil` for none.
    func tags(_ names: [String]) -> EntryTags? {
        names.isEmpty ? nil : EntryTags(self.records(names).map(\.mark))
    }

    /// Leaves whatever is bound to the tags dead or stale.
    ///
    /// Nothing is bound to a tag without a record.
    ///
    /// Expiring raises serials as well: a fill that began before it and names the tag only with its value would else be
    /// stored under the new freshness.
    func invalidate(_ names: [String], _ manner: TagInvalidation) {
        // Drawn before the lock, which every fill under a tag needs.
        let numbers = names.map { _ in TagRecord.Numbers.random() }
        let found = self.slots.withLock { slots -> [TagRecord] in
            let serial = self.serialStorage.load(ordering: .relaxed) + 1
            self.serialStorage.store(serial, ordering: .releasing)
            var found: [TagRecord] = []
            for (name, numbers) in zip(names, numbers) {
                guard let record = slots[name]?.record else { continue }
                found.append(record)
                record.invalidate(manner, numbers, serial: serial)
            }
            return found
        }
        // By now this may be the last reference to one of them.
        _ = consume found
    }

    /// Takes a record out that is about to end.
    func forget(_ name: String, _ identity: ObjectIdentifier) {
        self.slots.withLock { slots in
            if slots[name]?.identity == identity { slots[name] = nil }
        }
    }
}
