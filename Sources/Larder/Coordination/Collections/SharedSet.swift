/// Elements without order, each once, for all processes.
///
/// Elements are the same if their bytes are.
public struct SharedSet<Element: Codable & Sendable & Hashable>: SharedCollection {
    /// The set in its store.
    public let handle: CollectionHandle

    private let coding: ElementCoding<Element>

    init(_ handle: CollectionHandle) {
        self.handle = handle
        self.coding = ElementCoding(handle.codec)
    }

    private var store: any CollectionStore { self.handle.store }

    /// Puts elements into the set.
    ///
    /// - Parameter elements: The elements.
    /// - Returns: How many were not in it.
    /// - Throws: ``CacheError``: ``CacheError/Code/encodingFailed``, ``CacheError/Code/invalidKey``,
    ///   ``CacheError/Code/unavailable``, ``CacheError/Code/wrongType``.
    @discardableResult
    public func insert(contentsOf elements: some Sequence<Element>) async throws -> Int {
        let key = try self.handle.checkedKey()
        let bytes = try self.coding.encode(elements, for: key)
        return bytes.isEmpty ? 0 : try await self.store.insert(bytes, into: key, self.handle.lifetime)
    }

    /// Puts an element into the set.
    ///
    /// - Parameter element: The element.
    /// - Returns: Whether it was not in it.
    /// - Throws: As ``insert(contentsOf:)``.
    @discardableResult
    public func insert(_ element: Element) async throws -> Bool {
        try await self.insert(contentsOf: CollectionOfOne(element)) == 1
    }

    /// Removes elements.
    ///
    /// - Parameter elements: The elements.
    /// - Returns: How many were in the set.
    /// - Throws: As ``insert(contentsOf:)``.
    @discardableResult
    public func remove(contentsOf elements: some Sequence<Element>) async throws -> Int {
        let key = try self.handle.checkedKey()
        let bytes = try self.coding.encode(elements, for: key)
        return bytes.isEmpty ? 0 : try await self.store.remove(bytes, fromSet: key, self.handle.lifetime)
    }

    /// Removes an element.
    ///
    /// - Parameter element: The element.
    /// - Returns: Whether it was in the set.
    /// - Throws: As ``insert(contentsOf:)``.
    @discardableResult
    public func remove(_ element: Element) async throws -> Bool {
        try await self.remove(contentsOf: CollectionOfOne(element)) == 1
    }

    /// Whether an element is in the set.
    ///
    /// - Parameter element: The element.
    /// - Returns: Whether it is.
    /// - Throws: As ``insert(contentsOf:)``.
    public func contains(_ element: Element) async throws -> Bool {
        try await !self.containsMany(CollectionOfOne(element)).isEmpty
    }

    /// Which of some elements are in the set, in one round trip.
    ///
    /// - Parameter elements: The elements.
    /// - Returns: Those that are.
    /// - Throws: As ``insert(contentsOf:)``.
    public func containsMany(_ elements: some Collection<Element>) async throws -> Set<Element> {
        let key = try self.handle.checkedKey()
        let bytes = try self.coding.encode(elements, for: key)
        guard !bytes.isEmpty else { return [] }
        let flags = try await self.store.contains(bytes, in: key)
        guard flags.count == bytes.count else { throw Collections.missingAnswer(key) }
        return Set(zip(elements, flags).lazy.filter(\.1).map(\.0))
    }

    /// How many elements the set has.
    ///
    /// - Returns: The number.
    /// - Throws: ``CacheError``: ``CacheError/Code/invalidKey``, ``CacheError/Code/unavailable``,
    ///   ``CacheError/Code/wrongType``.
    public func count() async throws -> Int { try await self.store.count(ofSet: self.handle.checkedKey()) }

    /// All elements at one moment.
    ///
    /// For large sets see ``walk()``.
    ///
    /// - Returns: The elements.
    /// - Throws: ``CacheError``: ``CacheError/Code/decodingFailed``, and as ``count()``.
    public func members() async throws -> Set<Element> {
        let key = try self.handle.checkedKey()
        return Set(try self.coding.decode(await self.store.members(of: key), of: key))
    }

    /// All elements, part by part, which holds nobody else up however large the set is.
    ///
    /// - Returns: A sequence that has each element that is there all the while at least once. One that comes or goes
    ///   meanwhile may be in it or not.
    public func walk() -> CollectionWalk<Element> {
        let (handle, coding) = (self.handle, self.coding)
        return CollectionWalk { cursor in
            let key = try handle.checkedKey()
            let page = try await handle.store.page(ofSet: key, after: cursor)
            return CollectionPage(items: try coding.decode(page.items, of: key), next: page.next)
        }
    }

    /// Takes an element out of the set, by chance.
    ///
    /// - Returns: The element; `nil` where there is none.
    /// - Throws: As ``members()``.
    @discardableResult
    public func popRandom() async throws -> Element? { try await self.popRandom(1).first }

    /// Takes elements out of the set, by chance, as if one after the other.
    ///
    /// What was taken after an element that is not of this type goes back, and so does that one if others come before it. It
    /// is gone, with an error, when it comes first.
    ///
    /// - Parameter count: How many at most.
    /// - Returns: The elements.
    /// - Throws: As ``members()``.
    @discardableResult
    public func popRandom(_ count: Int) async throws -> [Element] {
        let key = try self.handle.checkedKey()
        guard count > 0 else { return [] }
        let (store, lifetime) = (self.store, self.handle.lifetime)
        let bytes = try await shieldingFromCancellation { try await store.popRandom(count, from: key, lifetime) }
        return try await self.coding.decodeTaken(bytes, of: self.handle) { rest in
            _ = try await store.insert(rest, into: key, lifetime)
        }
    }

    /// An element by chance, which stays in the set.
    ///
    /// - Returns: The element; `nil` where there is none.
    /// - Throws: As ``members()``.
    public func randomElement() async throws -> Element? { try await self.randomElements(1).first }

    /// Different elements by chance, which stay in the set.
    ///
    /// - Parameter count: How many at most.
    /// - Returns: The elements, in any order.
    /// - Throws: As ``members()``.
    public func randomElements(_ count: Int) async throws -> [Element] {
        let key = try self.handle.checkedKey()
        guard count > 0 else { return [] }
        return try self.coding.decode(await self.store.random(count, from: key), of: key)
    }

    /// What is in this set or in any of others.
    ///
    /// Where the sets lie in one slot of a cluster, or everywhere on one server, it is what they make at one moment.
    /// Elsewhere the sets are read one after another and put together in this process.
    ///
    /// - Parameter others: The others, in the same store.
    /// - Returns: The elements.
    /// - Throws: As ``members()``.
    public func union(_ others: SharedSet<Element>...) async throws -> Set<Element> {
        try await self.combine(others, .union)
    }

    /// What is in this set and in all of others; see ``union(_:)``.
    ///
    /// - Parameter others: The others, in the same store.
    /// - Returns: The elements.
    /// - Throws: As ``members()``.
    public func intersection(_ others: SharedSet<Element>...) async throws -> Set<Element> {
        try await self.combine(others, .intersection)
    }

    /// What is in this set and in none of others; see ``union(_:)``.
    ///
    /// - Parameter others: The others, in the same store.
    /// - Returns: The elements.
    /// - Throws: As ``members()``.
    public func subtracting(_ others: SharedSet<Element>...) async throws -> Set<Element> {
        try await self.combine(others, .difference)
    }

    private func combine(_ others: [SharedSet<Element>], _ combination: SetCombination) async throws -> Set<Element> {
        let key = try self.handle.checkedKey()
        let keys = try [key] + others.map { try $0.handle.checkedKey() }
        return Set(try self.coding.decode(await self.store.combine(keys, combination), of: key))
    }
}

extension Collections {
    /// A set.
    ///
    /// - Parameters:
    ///   - name: Its name.
    ///   - type: The type of its elements.
    ///   - lifetime: How long it lives.
    /// - Returns: The set.
    public func set<Element: Codable & Sendable & Hashable>(
        _ name: String,
        of type: Element.Type,
        lifetime: CollectionLifetime = .unlimited
    ) -> SharedSet<Element> {
        SharedSet(self.handle(.set, name, lifetime))
    }
}
