import Synchronization

/// The locks that the current task holds, innermost first: a section that asks for one of them would wait for itself.
enum HeldLocks {
    @TaskLocal static var innermost: HeldLock?

    /// Refuses what a section around this task holds.
    ///
    /// - Throws: ``CacheError`` with ``CacheError/Code/lockReentered``.
    static func check(_ resource: LockResource, of locks: ObjectIdentifier) throws {
        var lock = Self.innermost
        while let here = lock {
            if here.locks == locks, here.resource == resource, !here.isOver {
                let what = resource.kind == .lock ? "the lock" : "a permit"
                throw CacheError(.lockReentered, "\(what) is held by the section that asks for it", key: resource.name)
            }
            lock = here.outer
        }
    }
}

/// A lock that is held, for as long as its section runs.
///
/// Tasks that a section leaves behind keep their task-local values, so the end is noted here.
final class HeldLock: Sendable {
    let locks: ObjectIdentifier
    let resource: LockResource
    let outer: HeldLock?
    private let hasEnded = Atomic(false)

    init(_ resource: LockResource, of locks: ObjectIdentifier, within outer: HeldLock?) {
        self.resource = resource
        self.locks = locks
        self.outer = outer
    }

    var isOver: Bool { self.hasEnded.load(ordering: .acquiring) }

    func end() { self.hasEnded.store(true, ordering: .releasing) }
}
