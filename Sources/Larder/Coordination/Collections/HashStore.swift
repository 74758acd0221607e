/// A field of a hash with its value.
public struct HashField: Sendable, Hashable {
    /// The field.
    public var field: [UInt8]

    /// The value.
    public var value: [UInt8]

    /// Describes a field.
    ///
    /// - Parameters:
    ///   - field: The field.
    ///   - value: Its value.
    public init(field: [UInt8], value: [UInt8]) {
        self.field = field
        self.value = value
    }
}

/// What a store of hashes does; see ``CollectionStore``.
public protocol HashStore: Sendable {
    /// The values of some fields, in their order; `nil` for those that are not there.
    func values(of fields: [[UInt8]], in key: CollectionKey) async throws -> [[UInt8]?]

    /// Sets fields.
    ///
    /// - Parameters:
    ///   - fields: The fields with their values, at least one, each once.
    ///   - key: The hash.
    ///   - onlyAbsent: Whether fields that are there keep their values.
    ///   - lifetime: How long it lives.
    /// - Returns: How many were not there.
    /// - Throws: As ``CollectionStore`` says.
    func set(
        _ fields: [HashField],
        in key: CollectionKey,
        onlyAbsent: Bool,
        _ lifetime: CollectionLifetime
    ) async throws -> Int

    /// Removes fields.
    ///
    /// - Returns: How many were there.
    func removeFields(_ fields: [[UInt8]], from key: CollectionKey, _ lifetime: CollectionLifetime) async throws -> Int

    /// How many fields a hash has.
    func count(ofHash key: CollectionKey) async throws -> Int

    /// All fields, in any order.
    func fields(of key: CollectionKey) async throws -> [[UInt8]]

    /// All fields with their values, in any order.
    func entries(of key: CollectionKey) async throws -> [HashField]

    /// Adds to a field that holds an integer; one that is not there begins at zero.
    ///
    /// - Returns: The value after the addition.
    /// - Throws: ``CacheError`` with ``CacheError/Code/integerOverflow`` or ``CacheError/Code/notAnInteger``.
    func add(
        _ delta: Int64,
        to field: [UInt8],
        of key: CollectionKey,
        within bounds: ClosedRange<Int64>,
        _ lifetime: CollectionLifetime
    ) async throws -> Int64

    /// A part of a hash.
    ///
    /// - Parameters:
    ///   - key: The hash.
    ///   - cursor: Where to go on; `nil` begins.
    /// - Returns: The part. All parts together have each field that was there all the while, maybe twice.
    /// - Throws: As ``CollectionStore`` says.
    func page(ofHash key: CollectionKey, after cursor: String?) async throws -> CollectionPage<HashField>
}
