public import GRDB
public import Larder

extension CachedDatabase {
    /// What a closure makes of the database, from the cache or from the database, invalidated when what it reads is written.
    ///
    /// ```swift
    /// let summary = try await shop.cachedFetch("summary", reading: Book.all(), Table("review")) { db in
    ///     try ShopSummary.make(db)
    /// }
    /// ```
    ///
    /// - Parameters:
    ///   - key: The key, together with the value's type.
    ///   - region: All that the closure reads: requests, tables; `.fullDatabase` where that is not known. What is read besides is not watched.
    ///   - ttl: How long the value stays cached, if nothing invalidates it before.
    ///   - policy: As in `Cache.fetch`.
    ///   - value: Makes the value.
    /// - Returns: The value.
    /// - Throws: What `value` throws, `DatabaseError`, and ``CacheError`` as `Cache.fetch`.
    public func cachedFetch<Value: Codable & Sendable>(
        _ key: String,
        reading region: any DatabaseRegionConvertible...,
        ttl: TimeToLive? = .default,
        policy: FetchPolicy? = nil,
        _ value: @escaping @Sendable (Database) throws -> Value
    ) async throws -> Value {
        let watch = Watch.region { [region] db in
            var whole = DatabaseRegion()
            for part in region { whole.formUnion(try part.wholeRegion(db)) }
            return self.tags(of: whole)
        }
        let name = self.key("c", String(reflecting: Value.self), key)
        return try await self.value(name, watch, Call(ttl: ttl, policy: policy)) { db in
            Reading(value: try value(db))
        }
    }

    /// What a closure makes of the database, from the cache or from the database, where each of its reads is recorded.
    ///
    /// ```swift
    /// let front = try await shop.cachedFetch("front") { reads in
    ///     let books = try reads.fetchAll(Book.order(\.sold.desc).limit(10))
    ///     let subjects = try reads.fetchCount(Subject.all())
    ///     return FrontPage(books: books, subjects: subjects)
    /// }
    /// ```
    ///
    /// All reads see the database at the same moment.
    ///
    /// - Parameters:
    ///   - key: The key, together with the value's type.
    ///   - ttl: How long the value stays cached, if nothing invalidates it before.
    ///   - policy: As in `Cache.fetch`.
    ///   - value: Makes the value.
    /// - Returns: The value.
    /// - Throws: What `value` throws, `DatabaseError`, and ``CacheError`` as `Cache.fetch`.
    public func cachedFetch<Value: Codable & Sendable>(
        _ key: String,
        ttl: TimeToLive? = .default,
        policy: FetchPolicy? = nil,
        _ value: @escaping @Sendable (RecordedReads) throws -> Value
    ) async throws -> Value {
        let name = self.key("v", String(reflecting: Value.self), key)
        return try await self.value(name, .recorded, Call(ttl: ttl, policy: policy)) { db in
            let reads = RecordedReads(db)
            let value = try value(reads)
            return Reading(value: value, tags: self.tags(of: reads.region))
        }
    }
}

/// Reads of the database that are recorded, so that it is known what a value depends on.
///
/// Good only within the closure that it is given to.
public final class RecordedReads {
    private let db: Database
    private(set) var region = DatabaseRegion()

    init(_ db: Database) {
        self.db = db
    }

    /// All records of a request.
    ///
    /// - Parameter request: The request.
    /// - Returns: The records.
    /// - Throws: `DatabaseError`.
    public func fetchAll<Request: FetchRequest>(_ request: Request) throws -> [Request.RowDecoder]
    where Request.RowDecoder: FetchableRecord {
        try self.record(request)
        return try request.fetchAll(self.db)
    }

    /// The first record of a request.
    ///
    /// - Parameter request: The request.
    /// - Returns: The record.
    /// - Throws: `DatabaseError`.
    public func fetchOne<Request: FetchRequest>(_ request: Request) throws -> Request.RowDecoder?
    where Request.RowDecoder: FetchableRecord {
        try self.record(request)
        return try request.fetchOne(self.db)
    }

    /// All values of a request.
    ///
    /// - Parameter request: The request.
    /// - Returns: The values.
    /// - Throws: `DatabaseError`.
    @_disfavoredOverload
    public func fetchAll<Request: FetchRequest>(_ request: Request) throws -> [Request.RowDecoder]
    where Request.RowDecoder: DatabaseValueConvertible {
        try self.record(request)
        return try request.fetchAll(self.db)
    }

    /// The first value of a request.
    ///
    /// - Parameter request: The request.
    /// - Returns: The value.
    /// - Throws: `DatabaseError`.
    @_disfavoredOverload
    public func fetchOne<Request: FetchRequest>(_ request: Request) throws -> Request.RowDecoder?
    where Request.RowDecoder: DatabaseValueConvertible {
        try self.record(request)
        return try request.fetchOne(self.db)
    }

    /// How many rows a request has.
    ///
    /// - Parameter request: The request.
    /// - Returns: The count.
    /// - Throws: `DatabaseError`.
    public func fetchCount(_ request: some FetchRequest) throws -> Int {
        try self.record(request)
        return try request.fetchCount(self.db)
    }

    /// Reads the database in any other way.
    ///
    /// - Parameters:
    ///   - region: All that the closure reads.
    ///   - value: Reads.
    /// - Returns: What it returns.
    /// - Throws: What it throws; `DatabaseError`.
    public func read<Value>(
        _ region: any DatabaseRegionConvertible...,
        value: (Database) throws -> Value
    ) throws -> Value {
        for part in region { try self.record(part) }
        return try value(self.db)
    }

    private func record(_ read: any DatabaseRegionConvertible) throws {
        self.region.formUnion(try read.wholeRegion(self.db))
    }
}

@available(*, unavailable)
extension RecordedReads: Sendable {}
