import GRDB
import Synchronization

/// What has been found out about statements and record types, as long as the schema stands.
final class RecordWatches: Sendable {
    /// How records of a type are watched.
    struct RecordWatch: Sendable {
        /// The number of the schema under which it was found out.
        var schema: UInt64
        /// What all records of the type depend on, besides their rows.
        var tags: [String]?
        /// The table, where each record depends on its own row of it only.
        var table: WatchedTable?
    }

    private struct State {
        var generation: UInt64 = 0
        var statements: [String: [String]?] = [:]
        var records: [ObjectIdentifier: RecordWatch] = [:]

        mutating func begin(_ generation: UInt64) {
            guard self.generation < generation else { return }
            self.generation = generation
            self.statements = [:]
            self.records = [:]
        }
    }

    private let state = Mutex(State())

    /// The most statements that are remembered.
    private static let limit = 2_000

    /// The tags of a statement, as they were found out under this schema.
    func tags(of sql: String, _ generation: UInt64) -> [String]?? {
        self.state.withLock { state in
            state.begin(generation)
            return state.generation == generation ? state.statements[sql] : nil
        }
    }

    func keep(_ tags: [String]?, of sql: String, _ generation: UInt64) {
        self.state.withLock { state in
            state.begin(generation)
            guard state.generation == generation else { return }
            if state.statements.count >= Self.limit { state.statements = [:] }
            state.statements[sql] = .some(tags)
        }
    }

    /// How records of a type are watched.
    func watch(of type: Any.Type, _ generation: UInt64) -> RecordWatch? {
        self.state.withLock { state in
            state.begin(generation)
            return state.generation == generation ? state.records[ObjectIdentifier(type)] : nil
        }
    }

    func keep(_ watch: RecordWatch, of type: Any.Type) {
        self.state.withLock { state in
            state.begin(watch.schema)
            guard state.generation == watch.schema else { return }
            state.records[ObjectIdentifier(type)] = watch
        }
    }
}

extension CachedDatabase {
    /// The tags of what a region covers; `nil` where it cannot be watched.
    func tags(of region: DatabaseRegion) -> [String]? {
        guard let schema = self.observer.schema.tables else { return nil }
        return RegionTags(tags: self.tags, schema: schema)(region)
    }

    /// The tags of what a statement reads; `nil` where it cannot be watched.
    func tags(ofStatement sql: String, _ db: Database) throws -> [String]? {
        // Before the schema is looked at: what is found out under an older one is not kept.
        let generation = self.observer.schema.generation
        if let known = self.watches.tags(of: sql, generation) { return known }
        let tags = self.tags(of: try db.makeStatement(sql: sql).databaseRegion)
        self.watches.keep(tags, of: sql, generation)
        return tags
    }
}
