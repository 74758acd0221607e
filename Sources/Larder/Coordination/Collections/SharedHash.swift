/// Values under fields, for all processes.
///
/// ```swift
/// let cart = collections.hash("cart:42", from: Int.self, to: Int.self, lifetime: .sliding(.days(14)))
/// try await cart.increment(book.id)
/// ```
public struct SharedHash<Field: Codable & Sendable & Hashable, Value: Codable & Sendable>: SharedCollection {
    /// The hash in its store.
    public let handle: CollectionHandle

    private let fieldCoding: ElementCoding<Field>
    private let valueCoding: ElementCoding<Value>

    init(_ handle: CollectionHandle) {
        self.handle = handle
        self.fieldCoding = ElementCoding(handle.codec)
        self.valueCoding = ElementCoding(handle.codec)
    }

    private var store: any CollectionStore { self.handle.store }

    /// The value of a field.
    ///
    /// - Parameter field: The field.
    /// - Returns: The value; `nil` where there is no such field.
    /// - Throws: ``CacheError``: ``CacheError/Code/decodingFailed``, ``CacheError/Code/encodingFailed``,
    ///   ``CacheError/Code/invalidKey``, ``CacheError/Code/unavailable``, ``CacheError/Code/wrongType``.
    public func get(_ field: Field) async throws -> Value? {
        try await self.getMany(CollectionOfOne(field))[field]
    }

    /// The values of several fields, in one round trip.
    ///
    /// - Parameter fields: The fields.
    /// - Returns: Those that are there, with their values.
    /// - Throws: As ``get(_:)``.
    public func getMany(_ fields: some Collection<Field>) async throws -> [Field: Value] {
        let key = try self.handle.checkedKey()
        let names = try self.fieldCoding.encode(fields, for: key)
        guard !names.isEmpty else { return [:] }
        let values = try await self.store.values(of: names, in: key)
        guard values.count == names.count else { throw Collections.missingAnswer(key) }
        var found: [Field: Value] = [:]
        for (field, bytes) in zip(fields, values) {
            if let bytes { found[field] = try self.valueCoding.decode(bytes, of: key) }
        }
        return found
    }

    /// Sets a field.
    ///
    /// - Parameters:
    ///   - field: The field.
    ///   - value: Its value.
    /// - Returns: Whether it was not there.
    /// - Throws: As ``get(_:)``.
    @discardableResult
    public func set(_ field: Field, to value: Value) async throws -> Bool {
        try await self.setMany([field: value]) == 1
    }

    /// Sets several fields, in one step.
    ///
    /// - Parameter values: The fields with their values.
    /// - Returns: How many were not there.
    /// - Throws: As ``get(_:)``.
    @discardableResult
    public func setMany(_ values: [Field: Value]) async throws -> Int {
        try await self.set(values, onlyAbsent: false)
    }

    /// Sets a field that is not there.
    ///
    /// - Parameters:
    ///   - field: The field.
    ///   - value: Its value.
    /// - Returns: Whether it was not there.
    /// - Throws: As ``get(_:)``.
    @discardableResult
    public func setIfAbsent(_ field: Field, to value: Value) async throws -> Bool {
        try await self.set([field: value], onlyAbsent: true) == 1
    }

    private func set(_ values: [Field: Value], onlyAbsent: Bool) async throws -> Int {
        let key = try self.handle.checkedKey()
        let fields = try values.map { field, value in
            HashField(
                field: try self.fieldCoding.encode(field, for: key),
                value: try self.valueCoding.encode(value, for: key)
            )
        }
        guard !fields.isEmpty else { return 0 }
        return try await self.store.set(fields, in: key, onlyAbsent: onlyAbsent, self.handle.lifetime)
    }

    /// Removes fields.
    ///
    /// - Parameter fields: The fields.
    /// - Returns: How many were there.
    /// - Throws: As ``get(_:)``.
    @discardableResult
    public func removeMany(_ fields: some Sequence<Field>) async throws -> Int {
        let key = try self.handle.checkedKey()
        let names = try self.fieldCoding.encode(fields, for: key)
        return names.isEmpty ? 0 : try await self.store.removeFields(names, from: key, self.handle.lifetime)
    }

    /// Removes a field.
    ///
    /// - Parameter field: The field.
    /// - Returns: Whether it was there.
    /// - Throws: As ``get(_:)``.
    @discardableResult
    public func remove(_ field: Field) async throws -> Bool {
        try await self.removeMany(CollectionOfOne(field)) == 1
    }

    /// Whether there is a field.
    ///
    /// - Parameter field: The field.
    /// - Returns: Whether there is.
    /// - Throws: As ``get(_:)``.
    public func contains(_ field: Field) async throws -> Bool {
        let key = try self.handle.checkedKey()
        let values = try await self.store.values(of: [self.fieldCoding.encode(field, for: key)], in: key)
        return values.first.flatMap { $0 } != nil
    }

    /// How many fields the hash has.
    ///
    /// - Returns: The number.
    /// - Throws: ``CacheError``: ``CacheError/Code/invalidKey``, ``CacheError/Code/unavailable``,
    ///   ``CacheError/Code/wrongType``.
    public func count() async throws -> Int { try await self.store.count(ofHash: self.handle.checkedKey()) }

    /// All fields.
    ///
    /// - Returns: The fields.
    /// - Throws: As ``get(_:)``.
    public func fields() async throws -> Set<Field> {
        let key = try self.handle.checkedKey()
        return Set(try self.fieldCoding.decode(await self.store.fields(of: key), of: key))
    }

    /// All values, in any order.
    ///
    /// - Returns: The values.
    /// - Throws: As ``get(_:)``.
    public func values() async throws -> [Value] {
        let key = try self.handle.checkedKey()
        return try self.valueCoding.decode(await self.store.entries(of: key).map(\.value), of: key)
    }

    /// All fields with their values at one moment.
    ///
    /// For large hashes see ``walk()``.
    ///
    /// - Returns: The fields with their values.
    /// - Throws: As ``get(_:)``.
    public func all() async throws -> [Field: Value] {
        let key = try self.handle.checkedKey()
        var all: [Field: Value] = [:]
        for entry in try await self.store.entries(of: key) {
            all[try self.fieldCoding.decode(entry.field, of: key)] = try self.valueCoding.decode(entry.value, of: key)
        }
        return all
    }

    /// All fields with their values, part by part, which holds nobody else up however large the hash is.
    ///
    /// - Returns: A sequence that has each field that is there all the while at least once. One that comes or goes
    ///   meanwhile may be in it or not.
    public func walk() -> CollectionWalk<(field: Field, value: Value)> {
        let (handle, fieldCoding, valueCoding) = (self.handle, self.fieldCoding, self.valueCoding)
        return CollectionWalk { cursor in
            let key = try handle.checkedKey()
            let page = try await handle.store.page(ofHash: key, after: cursor)
            let items = try page.items.map { entry in
                let field = try fieldCoding.decode(entry.field, of: key)
                return (field: field, value: try valueCoding.decode(entry.value, of: key))
            }
            return CollectionPage(items: items, next: page.next)
        }
    }
}

extension SharedHash where Value: FixedWidthInteger {
    /// Adds to a field, exactly; one that is not there begins at zero.
    ///
    /// - Parameters:
    ///   - field: The field.
    ///   - delta: What to add; a negative number subtracts.
    /// - Returns: The sum.
    /// - Throws: ``CacheError``: ``CacheError/Code/integerOverflow`` where the sum or the delta leaves `Int64` or the value's
    ///   type, and the field is as it was; ``CacheError/Code/notAnInteger`` where it holds something else; as ``get(_:)``.
    @discardableResult
    public func increment(_ field: Field, by delta: Value = 1) async throws -> Value {
        let key = try self.handle.checkedKey()
        let bounds = Int64(clamping: Value.min)...Int64(clamping: Value.max)
        guard let delta = Int64(exactly: delta) else { throw CacheError.integerOverflow(key, bounds) }
        let sum = try await self.handle.store.add(
            delta,
            to: ElementCoding<Field>(self.handle.codec).encode(field, for: key),
            of: key,
            within: bounds,
            self.handle.lifetime
        )
        return Value(truncatingIfNeeded: sum)
    }
}

extension Collections {
    /// A hash.
    ///
    /// - Parameters:
    ///   - name: Its name.
    ///   - field: The type of its fields.
    ///   - value: The type of its values.
    ///   - lifetime: How long it lives.
    /// - Returns: The hash.
    public func hash<Field: Codable & Sendable & Hashable, Value: Codable & Sendable>(
        _ name: String,
        from field: Field.Type,
        to value: Value.Type,
        lifetime: CollectionLifetime = .unlimited
    ) -> SharedHash<Field, Value> {
        SharedHash(self.handle(.hash, name, lifetime))
    }
}
