import GRDB
import Larder
import LarderSQLite
import Synchronization

/// A row of the table that random histories write to and read.
struct HistoryItem: Codable, Hashable, FetchableRecord, PersistableRecord, CachedRecord {
    static let databaseTableName = "item"

    var id: Int64
    var place: Int
    var amount: Int
    var name: Int

    /// The table, and one without numbers of rows.
    static func makeTables(_ db: Database) throws {
        try db.execute(
            sql: """
                CREATE TABLE item (
                    id INTEGER PRIMARY KEY, place INTEGER NOT NULL, amount INTEGER NOT NULL, name INTEGER UNIQUE
                );
                CREATE TABLE remark (code INTEGER PRIMARY KEY, amount INTEGER NOT NULL) WITHOUT ROWID;
                WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20)
                INSERT INTO item SELECT i, i % 4, i, i FROM n;
                """
        )
    }
}

/// All that the database holds at one moment.
struct HistoryState: Sendable {
    /// In the order of their ids.
    var items: [HistoryItem]
    /// The sum of all remarks.
    var remarks: Int

    static func read(_ db: Database) throws -> Self {
        Self(
            items: try HistoryItem.order(Column("id")).fetchAll(db),
            remarks: try Int.fetchOne(db, sql: "SELECT COALESCE(SUM(amount), 0) FROM remark") ?? 0
        )
    }
}

/// One of the queries that are asked, with what it has to bring.
enum HistoryQuery: Sendable {
    case record(Int64)
    case records([Int64])
    case list(place: Int)
    case sum(place: Int)
    case count(atLeast: Int)
    case page(Int)
    case names
    case recorded
    case keyed(place: Int)
    case remarks

    static func random(_ generator: inout some RandomNumberGenerator) -> Self {
        let place = Int.random(in: 0..<4, using: &generator)
        switch Int.random(in: 0..<16, using: &generator) {
        case 0...4: return .record(.random(in: 1...24, using: &generator))
        case 5, 6: return .records((0..<4).map { _ in .random(in: 1...24, using: &generator) })
        case 7, 8: return .list(place: place)
        case 9: return .sum(place: place)
        case 10: return .count(atLeast: place * 10)
        case 11: return .page(place + 1)
        case 12: return .names
        case 13: return .recorded
        case 14: return .keyed(place: place)
        default: return .remarks
        }
    }

    /// What has to be true at one moment: the whole query, but of several records each by itself.
    var parts: [HistoryQuery] {
        if case .records(let ids) = self { ids.map { .record($0) } } else { [self] }
    }

    /// What the cached database brings, in ``parts``, as numbers.
    func ask(_ database: CachedDatabase) async throws -> [[Int]] {
        if case .records(let ids) = self {
            let found = try await HistoryItem.cached(ids: ids, in: database)
            return ids.map { Self.numbers([found[$0]]) }
        }
        return [try await self.askAtOnce(database)]
    }

    private func askAtOnce(_ database: CachedDatabase) async throws -> [Int] {
        switch self {
        case .record(let id):
            return Self.numbers([try await HistoryItem.cached(id: id, in: database)])
        case .records:
            preconditionFailure("several records are not read at once")
        case .list(let place):
            let request = HistoryItem.filter(Column("place") == place).order(Column("id"))
            return Self.numbers(try await database.cachedFetchAll(request))
        case .sum(let place):
            let sql: SQLRequest<Int> = "SELECT COALESCE(SUM(amount), 0) FROM item WHERE place = \(place)"
            return [try await database.cachedFetchOne(sql) ?? -1]
        case .count(let amount):
            return [try await database.cachedFetchCount(HistoryItem.filter(Column("amount") >= amount))]
        case .page(let number):
            let page = try await database.cachedFetchPage(HistoryItem.order(Column("id")), number: number, size: 5)
            return [page.total] + Self.numbers(page.records)
        case .names:
            return try await database.cachedFetchAll(
                SQLRequest<Int>(sql: "SELECT name FROM item WHERE name IS NOT NULL ORDER BY name")
            )
        case .recorded:
            return try await database.cachedFetch("recorded") { reads in
                let first = try reads.fetchOne(SQLRequest<Int>(sql: "SELECT COALESCE(SUM(amount), 0) FROM item")) ?? -1
                return [first, try reads.fetchCount(HistoryItem.all())]
            }
        case .keyed(let place):
            return try await database.cachedFetch("keyed \(place)", reading: Table("item")) { db in
                let sql = "SELECT id FROM item WHERE place = ? ORDER BY id"
                return try Int.fetchAll(db, sql: sql, arguments: [place])
            }
        case .remarks:
            let sql: SQLRequest<Int> = "SELECT COALESCE(SUM(amount), 0) FROM remark"
            return [try await database.cachedFetchOne(sql) ?? -1]
        }
    }

    /// What it would bring of a state.
    func answer(_ state: HistoryState) -> [Int] {
        switch self {
        case .record(let id):
            Self.numbers([state.items.first { $0.id == id }])
        case .records(let ids):
            ids.flatMap { HistoryQuery.record($0).answer(state) }
        case .list(let place):
            Self.numbers(state.items.filter { $0.place == place })
        case .sum(let place):
            [state.items.filter { $0.place == place }.reduce(0) { $0 + $1.amount }]
        case .count(let amount):
            [state.items.count { $0.amount >= amount }]
        case .page(let number):
            [state.items.count] + Self.numbers(Array(state.items.dropFirst((number - 1) * 5).prefix(5)))
        case .names:
            state.items.map(\.name).sorted()
        case .recorded:
            [state.items.reduce(0) { $0 + $1.amount }, state.items.count]
        case .keyed(let place):
            state.items.filter { $0.place == place }.map { Int($0.id) }
        case .remarks:
            [state.remarks]
        }
    }

    private static func numbers(_ items: [HistoryItem?]) -> [Int] {
        items.flatMap { item in item.map { [Int($0.id), $0.place, $0.amount, $0.name] } ?? [-1] }
    }
}

/// The states that the database has held, and which of them it may have held during a read.
///
/// Registered before the cached database, so that it knows of a commit first before it, and of its end first after it.
final class HistoryWitness: TransactionObserver, Sendable {
    private struct State {
        var states: [HistoryState]
        var proposed: HistoryState?
        /// The last commit that is certainly visible.
        var ended = 0
        /// The last that may be.
        var begun = 0
    }

    private let state: Mutex<State>

    init(_ first: HistoryState) {
        self.state = Mutex(State(states: [first]))
    }

    /// What the transaction under way leaves if it is committed.
    func propose(_ state: HistoryState) {
        self.state.withLock { $0.proposed = state }
    }

    /// The last commit that is certainly visible.
    var ended: Int { self.state.withLock { $0.ended } }

    /// Whether a query may have brought an answer.
    ///
    /// - Parameters:
    ///   - answer: The answer, in as many parts as ``HistoryQuery/parts`` has.
    ///   - query: The query.
    ///   - first: ``ended``, when the read began.
    /// - Returns: Whether each part of the answer is that of one of the states that the database has held since.
    func allows(_ answer: [[Int]], of query: HistoryQuery, since first: Int) -> Bool {
        let states = self.state.withLock { Array($0.states[first...$0.begun]) }
        let parts = query.parts
        return parts.count == answer.count
            && zip(parts, answer).allSatisfy { part, answer in states.contains { part.answer($0) == answer } }
    }

    /// The state of now.
    var last: HistoryState? { self.state.withLock { $0.states.last } }

    /// How many commits there were.
    var commits: Int { self.state.withLock { $0.ended } }

    func observes(eventsOfKind eventKind: DatabaseEventKind) -> Bool { true }

    func databaseDidChange(with event: DatabaseEvent) {}

    func databaseWillCommit() {
        self.state.withLock { state in
            guard let proposed = state.proposed else { return }
            state.proposed = nil
            state.states.append(proposed)
            state.begun = state.states.count - 1
        }
    }

    func databaseDidCommit(_ db: Database) {
        self.state.withLock { $0.ended = $0.begun }
    }

    func databaseDidRollback(_ db: Database) {
        self.state.withLock { $0.proposed = nil }
    }
}
