/// A part of a collection, found by walking over it.
public struct CollectionPage<Item: Sendable>: Sendable {
    /// What was found; maybe nothing, although more may come.
    public var items: [Item]

    /// Where to go on; `nil` at the end.
    public var next: String?

    /// Describes a part.
    ///
    /// - Parameters:
    ///   - items: What was found.
    ///   - next: Where to go on; `nil` at the end.
    public init(items: [Item], next: String?) {
        self.items = items
        self.next = next
    }
}

/// What is made of several sets.
public enum SetCombination: Sendable, Hashable {
    /// What is in any.
    case union
    /// What is in all.
    case intersection
    /// What is in the first only.
    case difference
}

/// What a store of sets does; see ``CollectionStore``.
public protocol SetStore: Sendable {
    /// Puts elements into a set.
    ///
    /// - Returns: How many were not in it.
    func insert(_ elements: [[UInt8]], into key: CollectionKey, _ lifetime: CollectionLifetime) async throws -> Int

    /// Removes elements from a set.
    ///
    /// - Returns: How many were in it.
    func remove(_ elements: [[UInt8]], fromSet key: CollectionKey, _ lifetime: CollectionLifetime) async throws -> Int

    /// Which of some elements are in a set, in their order.
    func contains(_ elements: [[UInt8]], in key: CollectionKey) async throws -> [Bool]

    /// How many elements a set has.
    func count(ofSet key: CollectionKey) async throws -> Int

    /// All elements, in any order.
    func members(of key: CollectionKey) async throws -> [[UInt8]]

    /// Takes elements out of a set, by chance.
    func popRandom(_ count: Int, from key: CollectionKey, _ lifetime: CollectionLifetime) async throws -> [[UInt8]]

    /// Different elements of a set, by chance, which stay in it.
    func random(_ count: Int, from key: CollectionKey) async throws -> [[UInt8]]

    /// What several sets make together.
    ///
    /// Where they lie on several servers they are read one after another, not in one step.
    func combine(_ keys: [CollectionKey], _ combination: SetCombination) async throws -> [[UInt8]]

    /// A part of a set.
    ///
    /// - Parameters:
    ///   - key: The set.
    ///   - cursor: Where to go on; `nil` begins.
    /// - Returns: The part. All parts together have each element that was there all the while, maybe twice.
    /// - Throws: As ``CollectionStore`` says.
    func page(ofSet key: CollectionKey, after cursor: String?) async throws -> CollectionPage<[UInt8]>
}
