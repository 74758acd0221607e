public import GRDB
public import Larder

extension CachedDatabase {
    // MARK: Records

    /// All records of a request, from the cache or from the database.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - key: The key, together with the type of the records. Left out, it is made of the request's SQL and arguments, for which the
    ///     database has to be asked; with a key, a hit does not touch the database. A request with `including(all:)` needs one, since its
    ///     SQL does not tell all of it.
    ///   - ttl: How long the records stay cached, if nothing invalidates them before.
    ///   - policy: As in `Cache.fetch`; `nil` takes the cache's.
    /// - Returns: The records.
    /// - Throws: `DatabaseError`; ``CacheError`` as `Cache.fetch`, and ``CacheError/Code/invalidArgument`` where a key is needed.
    public func cachedFetchAll<Request: FetchRequest>(
        _ request: Request,
        key: String? = nil,
        ttl: TimeToLive? = .default,
        policy: FetchPolicy? = nil
    ) async throws -> [Request.RowDecoder] where Request.RowDecoder: FetchableRecord & Codable & Sendable {
        try await self.value(of: request, "all", key, Call(ttl: ttl, policy: policy)) { db in
            Reading(value: try request.fetchAll(db))
        }
    }

    /// The first record of a request, from the cache or from the database; that there is none is cached as well.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - key: The key, as in ``cachedFetchAll(_:key:ttl:policy:)-(Request,_,_,_)``.
    ///   - ttl: How long the record stays cached, if nothing invalidates it before.
    ///   - policy: As in `Cache.fetch`; its `negativeTTL` is for there being none.
    /// - Returns: The record.
    /// - Throws: As ``cachedFetchAll(_:key:ttl:policy:)-(Request,_,_,_)``.
    public func cachedFetchOne<Request: FetchRequest>(
        _ request: Request,
        key: String? = nil,
        ttl: TimeToLive? = .default,
        policy: FetchPolicy? = nil
    ) async throws -> Request.RowDecoder? where Request.RowDecoder: FetchableRecord & Codable & Sendable {
        try await self.value(of: request, "one", key, Call(ttl: ttl, policy: policy)) { db in
            let record = try request.fetchOne(db)
            return Reading(value: record, isAbsence: record == nil)
        }
    }

    /// The records of a request as a set, from the cache or from the database.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - key: The key, as in ``cachedFetchAll(_:key:ttl:policy:)-(Request,_,_,_)``.
    ///   - ttl: How long the records stay cached, if nothing invalidates them before.
    ///   - policy: As in `Cache.fetch`.
    /// - Returns: The records.
    /// - Throws: As ``cachedFetchAll(_:key:ttl:policy:)-(Request,_,_,_)``.
    public func cachedFetchSet<Request: FetchRequest>(
        _ request: Request,
        key: String? = nil,
        ttl: TimeToLive? = .default,
        policy: FetchPolicy? = nil
    ) async throws -> Set<Request.RowDecoder>
    where Request.RowDecoder: FetchableRecord & Codable & Sendable & Hashable {
        try await self.value(of: request, "set", key, Call(ttl: ttl, policy: policy)) { db in
            Reading(value: try request.fetchSet(db))
        }
    }

    // MARK: Values

    /// All values of a request, from the cache or from the database.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - key: The key, as for records.
    ///   - ttl: How long the values stay cached, if nothing invalidates them before.
    ///   - policy: As in `Cache.fetch`.
    /// - Returns: The values.
    /// - Throws: As ``cachedFetchAll(_:key:ttl:policy:)-(Request,_,_,_)``.
    @_disfavoredOverload
    public func cachedFetchAll<Request: FetchRequest>(
        _ request: Request,
        key: String? = nil,
        ttl: TimeToLive? = .default,
        policy: FetchPolicy? = nil
    ) async throws -> [Request.RowDecoder] where Request.RowDecoder: DatabaseValueConvertible & Codable & Sendable {
        try await self.value(of: request, "all", key, Call(ttl: ttl, policy: policy)) { db in
            Reading(value: try request.fetchAll(db))
        }
    }

    /// The first value of a request, from the cache or from the database; that there is none, or NULL, is cached as well.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - key: The key, as for records.
    ///   - ttl: How long the value stays cached, if nothing invalidates it before.
    ///   - policy: As in `Cache.fetch`.
    /// - Returns: The value.
    /// - Throws: As ``cachedFetchAll(_:key:ttl:policy:)-(Request,_,_,_)``.
    @_disfavoredOverload
    public func cachedFetchOne<Request: FetchRequest>(
        _ request: Request,
        key: String? = nil,
        ttl: TimeToLive? = .default,
        policy: FetchPolicy? = nil
    ) async throws -> Request.RowDecoder? where Request.RowDecoder: DatabaseValueConvertible & Codable & Sendable {
        try await self.value(of: request, "one", key, Call(ttl: ttl, policy: policy)) { db in
            let value = try request.fetchOne(db)
            return Reading(value: value, isAbsence: value == nil)
        }
    }

    /// The values of a request as a set, from the cache or from the database.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - key: The key, as for records.
    ///   - ttl: How long the values stay cached, if nothing invalidates them before.
    ///   - policy: As in `Cache.fetch`.
    /// - Returns: The values.
    /// - Throws: As ``cachedFetchAll(_:key:ttl:policy:)-(Request,_,_,_)``.
    @_disfavoredOverload
    public func cachedFetchSet<Request: FetchRequest>(
        _ request: Request,
        key: String? = nil,
        ttl: TimeToLive? = .default,
        policy: FetchPolicy? = nil
    ) async throws -> Set<Request.RowDecoder>
    where Request.RowDecoder: DatabaseValueConvertible & Codable & Sendable & Hashable {
        try await self.value(of: request, "set", key, Call(ttl: ttl, policy: policy)) { db in
            Reading(value: try request.fetchSet(db))
        }
    }

    // MARK: Counts and pages

    /// How many rows a request has, from the cache or from the database.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - key: The key, as in ``cachedFetchAll(_:key:ttl:policy:)-(Request,_,_,_)``.
    ///   - ttl: How long the count stays cached, if nothing invalidates it before.
    ///   - policy: As in `Cache.fetch`.
    /// - Returns: The count.
    /// - Throws: As ``cachedFetchAll(_:key:ttl:policy:)-(Request,_,_,_)``.
    public func cachedFetchCount<Request: FetchRequest>(
        _ request: Request,
        key: String? = nil,
        ttl: TimeToLive? = .default,
        policy: FetchPolicy? = nil
    ) async throws -> Int {
        try await self.value(of: request, "count", key, Call(ttl: ttl, policy: policy)) { db in
            Reading(value: try request.fetchCount(db))
        }
    }

    /// One page of a request's records with the number of all, read at the same moment.
    ///
    /// - Parameters:
    ///   - request: The request, ordered.
    ///   - number: Which page, from 1.
    ///   - size: How many records a page has.
    ///   - key: The key of all pages of the request, as in ``cachedFetchAll(_:key:ttl:policy:)-(Request,_,_,_)``.
    ///   - ttl: How long the page stays cached, if nothing invalidates it before.
    ///   - policy: As in `Cache.fetch`.
    /// - Returns: The page; an empty one past the last.
    /// - Throws: As ``cachedFetchAll(_:key:ttl:policy:)-(Request,_,_,_)``, and ``CacheError/Code/invalidArgument`` where the number or the size is less than one.
    public func cachedFetchPage<Record: FetchableRecord & Codable & Sendable>(
        _ request: QueryInterfaceRequest<Record>,
        number: Int,
        size: Int,
        key: String? = nil,
        ttl: TimeToLive? = .default,
        policy: FetchPolicy? = nil
    ) async throws -> CachedPage<Record> {
        guard number >= 1, size >= 1 else {
            throw CacheError(.invalidArgument, "page \(number) of \(size) records: both have to be one or more")
        }
        let (offset, overflows) = (number - 1).multipliedReportingOverflow(by: size)
        guard !overflows else {
            throw CacheError(.invalidArgument, "page \(number) of \(size) records: no table has as many")
        }
        let call = Call(ttl: ttl, policy: policy)
        return try await self.value(of: request, "page \(number) \(size)", key, call) { db in
            let records = try request.limit(size, offset: offset).fetchAll(db)
            let total = try request.fetchCount(db)
            return Reading(value: CachedPage(records: records, number: number, size: size, total: total))
        }
    }

    // MARK: What they share

    private func value<Request: FetchRequest, Value: Codable & Sendable>(
        of request: Request,
        _ kind: String,
        _ key: String?,
        _ call: Call,
        _ read: @escaping @Sendable (Database) throws -> Reading<Value>
    ) async throws -> Value {
        let type = String(reflecting: Request.RowDecoder.self)
        // Without a key, that of the request is not worth a read of the schema here.
        if self.isBypassed { return try await self.pastTheCache(self.key("k", kind, type, key ?? ""), read) }
        if let key {
            let watch = Watch.region { db in self.tags(of: try request.wholeRegion(db)) }
            return try await self.value(self.key("k", kind, type, key), watch, call, read)
        }
        let generation = self.observer.schema.generation
        let plan = try await self.writer.read { db -> (key: String, tags: [String]?) in
            let prepared = try request.makePreparedRequest(db, forSingleResult: false)
            let digest = try RequestKey.digest(of: prepared, kind: kind, type: Request.RowDecoder.self)
            return (digest, try self.tags(ofStatement: prepared.statement.sql, db))
        }
        let watch = plan.tags.map { Watch.tags($0, schema: generation) } ?? .impossible
        return try await self.value("\(self.name)~q~\(plan.key)", watch, call, read)
    }

    /// A key of this database: short names as they are, so that people can read them.
    func key(_ parts: String...) -> String {
        var key = RequestKey()
        for part in parts { key.add(part) }
        let text = ([self.name] + parts).joined(separator: "~")
        let isPlain = text.utf8.count <= 200 && text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }
        // The tilde is what parts are joined by; a part that has one could be two.
        let isClear = parts.allSatisfy { !$0.utf8.contains(UInt8(ascii: "~")) }
        return isPlain && isClear ? text : "\(self.name)~#~\(key.digest)"
    }
}
