/// A hash in memory.
struct HashContents: CollectionContents {
    var values: [[UInt8]: [UInt8]] = [:]

    var isEmpty: Bool { self.values.isEmpty }

    var entries: [HashField] { self.values.map { HashField(field: $0.key, value: $0.value) } }
}

extension MemoryCollections {
    /// The values of some fields.
    public func values(of fields: [[UInt8]], in key: CollectionKey) async throws -> [[UInt8]?] {
        self.hashes.read(key) { contents -> [[UInt8]?] in
            fields.map { contents?.values[$0] }
        }
    }

    /// Sets fields.
    public func set(
        _ fields: [HashField],
        in key: CollectionKey,
        onlyAbsent: Bool,
        _ lifetime: CollectionLifetime
    ) async throws -> Int {
        self.hashes.write(key, lifetime) { contents -> Int in
            if contents == nil { contents = HashContents() }
            return fields.count { entry in
                guard onlyAbsent, contents?.values[entry.field] != nil else {
                    return contents?.values.updateValue(entry.value, forKey: entry.field) == nil
                }
                return false
            }
        }
    }

    /// Removes fields.
    public func removeFields(
        _ fields: [[UInt8]],
        from key: CollectionKey,
        _ lifetime: CollectionLifetime
    ) async throws -> Int {
        self.hashes.write(key, lifetime) { contents -> Int in
            fields.count { contents?.values.removeValue(forKey: $0) != nil }
        }
    }

    /// How many fields a hash has.
    public func count(ofHash key: CollectionKey) async throws -> Int {
        self.hashes.read(key) { $0?.values.count ?? 0 }
    }

    /// All fields.
    public func fields(of key: CollectionKey) async throws -> [[UInt8]] {
        self.hashes.read(key) { $0.map { Array($0.values.keys) } ?? [] }
    }

    /// All fields with their values.
    public func entries(of key: CollectionKey) async throws -> [HashField] {
        self.hashes.read(key) { $0?.entries ?? [] }
    }

    /// Adds to a field.
    public func add(
        _ delta: Int64,
        to field: [UInt8],
        of key: CollectionKey,
        within bounds: ClosedRange<Int64>,
        _ lifetime: CollectionLifetime
    ) async throws -> Int64 {
        try self.hashes.write(key, lifetime) { (contents) throws(CacheError) -> Int64 in
            var value: Int64 = 0
            if let bytes = contents?.values[field] {
                guard let integer = String(validating: bytes, as: UTF8.self).flatMap({ Int64($0) }) else {
                    throw .notAnInteger(key)
                }
                value = integer
            }
            let (sum, overflow) = value.addingReportingOverflow(delta)
            guard !overflow, bounds.contains(sum) else { throw .integerOverflow(key, bounds) }
            if contents == nil { contents = HashContents() }
            contents?.values[field] = Array(String(sum).utf8)
            return sum
        }
    }

    /// A part of a hash: here, all of it.
    public func page(ofHash key: CollectionKey, after cursor: String?) async throws -> CollectionPage<HashField> {
        CollectionPage(items: self.hashes.read(key) { $0?.entries ?? [] }, next: nil)
    }
}
