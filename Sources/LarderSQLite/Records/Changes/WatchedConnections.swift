import GRDB
import Larder
import Synchronization

/// The observers of connections that write, for records that are saved through GRDB and name only their connection.
enum WatchedConnections {
    private struct Watched {
        weak var observer: ChangeObserver?
    }

    private static let observers = Mutex<[UInt: [Watched]]>([:])

    static func add(_ observer: ChangeObserver) {
        let id = observer.connectionID
        Self.observers.withLock { observers in
            // A closed connection's address can be used again.
            let others = observers[id, default: []].filter { $0.observer != nil }
            observers[id] = others + [Watched(observer: observer)]
        }
    }

    static func remove(_ observer: ChangeObserver) {
        let id = observer.connectionID
        Self.observers.withLock { observers in
            let others = observers[id, default: []].filter { $0.observer != nil && $0.observer !== observer }
            observers[id] = others.isEmpty ? nil : others
        }
    }

    /// Whether a connection is watched.
    static func isWatched(_ db: Database) -> Bool {
        let id = WriterConnection(db).id
        return Self.observers.withLock { $0[id, default: []].contains { $0.observer != nil } }
    }

    /// Invalidates entries with the transaction of a connection, in all caches that watch it.
    ///
    /// - Throws: ``CacheError`` with ``CacheError/Code/invalidTag`` or ``CacheError/Code/invalidKey``.
    static func invalidate(_ related: RelatedEntries, afterCommitOf db: Database) throws {
        guard related != .none else { return }
        try related.check()
        let id = WriterConnection(db).id
        let observers = Self.observers.withLock { $0[id, default: []].compactMap(\.observer) }
        for observer in observers { observer.add(related) }
    }
}
