/// An end of a list.
public enum ListEnd: Sendable, Hashable {
    /// The front.
    case first
    /// The back.
    case last
}

/// What a store of lists does; see ``CollectionStore``.
///
/// Positions count from 0; negative ones count from the end, -1 being the last.
public protocol ListStore: Sendable {
    /// Puts elements to an end, one after the other.
    ///
    /// - Parameters:
    ///   - elements: The elements, at least one.
    ///   - end: Where to.
    ///   - key: The list.
    ///   - limit: How many elements the list keeps; those beyond leave at the other end, in the same step.
    ///   - lifetime: How long it lives.
    /// - Returns: How many elements the list has then.
    /// - Throws: As ``CollectionStore`` says.
    func push(
        _ elements: [[UInt8]],
        to end: ListEnd,
        of key: CollectionKey,
        limit: Int?,
        _ lifetime: CollectionLifetime
    ) async throws -> Int

    /// Takes elements from an end.
    ///
    /// - Parameters:
    ///   - count: How many at most.
    ///   - end: Where from.
    ///   - key: The list.
    ///   - lifetime: How long it lives.
    /// - Returns: The elements, the one at the end first.
    /// - Throws: As ``CollectionStore`` says.
    func pop(
        _ count: Int,
        from end: ListEnd,
        of key: CollectionKey,
        _ lifetime: CollectionLifetime
    ) async throws -> [[UInt8]]

    /// How many elements a list has.
    func count(ofList key: CollectionKey) async throws -> Int

    /// The elements from one position to another, both included.
    func elements(of key: CollectionKey, from first: Int, through last: Int) async throws -> [[UInt8]]

    /// The element at a position; `nil` where there is none.
    func element(of key: CollectionKey, at index: Int) async throws -> [UInt8]?

    /// Replaces the element at a position.
    ///
    /// - Returns: Whether there was one.
    func replaceElement(
        of key: CollectionKey,
        at index: Int,
        with element: [UInt8],
        _ lifetime: CollectionLifetime
    ) async throws -> Bool

    /// Keeps only the elements from one position to another, both included.
    func trim(_ key: CollectionKey, from first: Int, through last: Int, _ lifetime: CollectionLifetime) async throws

    /// Removes elements that have these bytes.
    ///
    /// - Parameters:
    ///   - element: The bytes.
    ///   - key: The list.
    ///   - count: How many at most, from the front; negative, from the end; 0, all.
    ///   - lifetime: How long it lives.
    /// - Returns: How many were removed.
    /// - Throws: As ``CollectionStore`` says.
    func remove(
        _ element: [UInt8],
        from key: CollectionKey,
        count: Int,
        _ lifetime: CollectionLifetime
    ) async throws -> Int

    /// Moves the element at one list's end to another's, in one step.
    ///
    /// - Parameters:
    ///   - source: The list to take from; may be the same.
    ///   - sourceEnd: Where from.
    ///   - destination: The list to put to.
    ///   - destinationEnd: Where to.
    ///   - limit: How many elements the second list keeps.
    ///   - lifetime: How long the second list lives.
    /// - Returns: The element; `nil` where there was none.
    /// - Throws: ``CacheError`` with ``CacheError/Code/keysApart`` where the two lie on different servers.
    func move(
        from source: CollectionKey,
        _ sourceEnd: ListEnd,
        to destination: CollectionKey,
        _ destinationEnd: ListEnd,
        limit: Int?,
        _ lifetime: CollectionLifetime
    ) async throws -> [UInt8]?
}
