/// Elements in order, with two ends, for all processes.
///
/// ```swift
/// let recent = collections.list("viewed:42", of: Int.self, limit: 20, lifetime: .sliding(.days(30)))
/// try await recent.prepend(book.id)                 // the 21st leaves in the same step
/// ```
///
/// Positions count from 0; negative ones count from the end, -1 being the last element.
public struct SharedList<Element: Codable & Sendable>: SharedCollection {
    /// The list in its store.
    public let handle: CollectionHandle

    /// How many elements it keeps; those beyond leave at the other end than that where new ones come.
    public let limit: Int?

    private let coding: ElementCoding<Element>

    init(_ handle: CollectionHandle, limit: Int?) {
        self.handle = handle
        self.limit = limit.map { max(1, $0) }
        self.coding = ElementCoding(handle.codec)
    }

    private var store: any CollectionStore { self.handle.store }

    /// Puts elements to the front, so that they stand there in the order given.
    ///
    /// - Parameter elements: The elements.
    /// - Returns: How many elements the list has then.
    /// - Throws: ``CacheError``: ``CacheError/Code/encodingFailed``, ``CacheError/Code/invalidKey``,
    ///   ``CacheError/Code/unavailable``, ``CacheError/Code/wrongType``.
    @discardableResult
    public func prepend(contentsOf elements: some Sequence<Element>) async throws -> Int {
        try await self.push(elements.reversed(), to: .first)
    }

    /// Puts an element to the front.
    ///
    /// - Parameter element: The element.
    /// - Returns: How many elements the list has then.
    /// - Throws: As ``prepend(contentsOf:)``.
    @discardableResult
    public func prepend(_ element: Element) async throws -> Int { try await self.push([element], to: .first) }

    /// Puts elements to the end.
    ///
    /// - Parameter elements: The elements.
    /// - Returns: How many elements the list has then.
    /// - Throws: As ``prepend(contentsOf:)``.
    @discardableResult
    public func append(contentsOf elements: some Sequence<Element>) async throws -> Int {
        try await self.push(Array(elements), to: .last)
    }

    /// Puts an element to the end.
    ///
    /// - Parameter element: The element.
    /// - Returns: How many elements the list has then.
    /// - Throws: As ``prepend(contentsOf:)``.
    @discardableResult
    public func append(_ element: Element) async throws -> Int { try await self.push([element], to: .last) }

    private func push(_ elements: [Element], to end: ListEnd) async throws -> Int {
        let key = try self.handle.checkedKey()
        let bytes = try self.coding.encode(elements, for: key)
        guard !bytes.isEmpty else { return try await self.store.count(ofList: key) }
        return try await self.store.push(bytes, to: end, of: key, limit: self.limit, self.handle.lifetime)
    }

    /// Takes the first element.
    ///
    /// Taken is taken: where the answer is lost, or the element is none of this type, it is gone.
    ///
    /// - Returns: The element; `nil` where there is none.
    /// - Throws: ``CacheError``: ``CacheError/Code/decodingFailed``, ``CacheError/Code/invalidKey``,
    ///   ``CacheError/Code/unavailable``, ``CacheError/Code/wrongType``.
    @discardableResult
    public func popFirst() async throws -> Element? { try await self.popFirst(1).first }

    /// Takes elements from the front, as if one after the other.
    ///
    /// What stands behind an element that is not of this type goes back, and so does that one if others come before it. It
    /// is gone, with an error, when it comes first.
    ///
    /// - Parameter count: How many at most.
    /// - Returns: The elements, the first one first.
    /// - Throws: As ``popFirst()``.
    @discardableResult
    public func popFirst(_ count: Int) async throws -> [Element] { try await self.pop(count, from: .first) }

    /// Takes the last element.
    ///
    /// - Returns: The element; `nil` where there is none.
    /// - Throws: As ``popFirst()``.
    @discardableResult
    public func popLast() async throws -> Element? { try await self.popLast(1).first }

    /// Takes elements from the end; see ``popFirst(_:)`` for those that are not of this type.
    ///
    /// - Parameter count: How many at most.
    /// - Returns: The elements, the last one first.
    /// - Throws: As ``popFirst()``.
    @discardableResult
    public func popLast(_ count: Int) async throws -> [Element] { try await self.pop(count, from: .last) }

    private func pop(_ count: Int, from end: ListEnd) async throws -> [Element] {
        let key = try self.handle.checkedKey()
        guard count > 0 else { return [] }
        let (store, lifetime) = (self.store, self.handle.lifetime)
        let bytes = try await shieldingFromCancellation {
            try await store.pop(count, from: end, of: key, lifetime)
        }
        return try await self.coding.decodeTaken(bytes, of: self.handle) { rest in
            _ = try await store.push(rest.reversed(), to: end, of: key, limit: nil, lifetime)
        }
    }

    /// How many elements there are.
    ///
    /// - Returns: The number.
    /// - Throws: ``CacheError``: ``CacheError/Code/invalidKey``, ``CacheError/Code/unavailable``,
    ///   ``CacheError/Code/wrongType``.
    public func count() async throws -> Int { try await self.store.count(ofList: self.handle.checkedKey()) }

    /// All elements.
    ///
    /// - Returns: The elements in order.
    /// - Throws: As ``popFirst()``.
    public func elements() async throws -> [Element] { try await self.elements(from: 0, through: -1) }

    /// The elements from one position to another, both included; what is beyond the ends is left out.
    ///
    /// - Parameters:
    ///   - first: The first position.
    ///   - last: The last position.
    /// - Returns: The elements in order.
    /// - Throws: As ``popFirst()``.
    public func elements(from first: Int, through last: Int) async throws -> [Element] {
        let key = try self.handle.checkedKey()
        return try self.coding.decode(await self.store.elements(of: key, from: first, through: last), of: key)
    }

    /// The element at a position.
    ///
    /// - Parameter index: The position.
    /// - Returns: The element; `nil` where there is none.
    /// - Throws: As ``popFirst()``.
    public func element(at index: Int) async throws -> Element? {
        let key = try self.handle.checkedKey()
        return try await self.store.element(of: key, at: index).map { try self.coding.decode($0, of: key) }
    }

    /// Replaces the element at a position.
    ///
    /// - Parameters:
    ///   - index: The position.
    ///   - element: What is there from then on.
    /// - Returns: Whether there was one.
    /// - Throws: As ``prepend(contentsOf:)``.
    @discardableResult
    public func replaceElement(at index: Int, with element: Element) async throws -> Bool {
        let key = try self.handle.checkedKey()
        return try await self.store.replaceElement(
            of: key,
            at: index,
            with: self.coding.encode(element, for: key),
            self.handle.lifetime
        )
    }

    /// Keeps only the elements from one position to another, both included.
    ///
    /// - Parameters:
    ///   - first: The first position.
    ///   - last: The last position.
    /// - Throws: As ``count()``.
    public func trim(from first: Int, through last: Int) async throws {
        try await self.store.trim(self.handle.checkedKey(), from: first, through: last, self.handle.lifetime)
    }

    /// Removes an element wherever it stands.
    ///
    /// - Parameters:
    ///   - element: The element; those with the same bytes are the same.
    ///   - count: How many at most, from the front; negative, from the end; 0, all.
    /// - Returns: How many were removed.
    /// - Throws: As ``prepend(contentsOf:)``.
    @discardableResult
    public func remove(_ element: Element, count: Int = 0) async throws -> Int {
        let key = try self.handle.checkedKey()
        return try await self.store.remove(
            self.coding.encode(element, for: key),
            from: key,
            count: count,
            self.handle.lifetime
        )
    }

    /// Moves an element from an end of this list to one of another, in one step: nobody sees it in both or in none.
    ///
    /// - Parameters:
    ///   - end: Where from.
    ///   - other: The other list, in the same store; this one turns.
    ///   - otherEnd: Where to.
    /// - Returns: The element; `nil` where there was none.
    /// - Throws: As ``popFirst()``, and ``CacheError/Code/keysApart`` where the lists lie in different slots of a cluster.
    @discardableResult
    public func move(_ end: ListEnd, to other: SharedList<Element>, _ otherEnd: ListEnd) async throws -> Element? {
        let key = try self.handle.checkedKey()
        let moved = try await self.store.move(
            from: key,
            end,
            to: other.handle.checkedKey(),
            otherEnd,
            limit: other.limit,
            other.handle.lifetime
        )
        return try moved.map { try self.coding.decode($0, of: key) }
    }
}

/// Runs what takes something away to its end, although its caller may be cancelled: what was taken is returned then, and
/// not lost.
///
/// The task belongs to the call, which waits for it.
func shieldingFromCancellation<Value: Sendable>(
    _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try Task.checkCancellation()
    return try await Task { try await body() }.value
}

extension Collections {
    /// A list.
    ///
    /// - Parameters:
    ///   - name: Its name.
    ///   - type: The type of its elements.
    ///   - limit: How many elements it keeps, at least one.
    ///   - lifetime: How long it lives.
    /// - Returns: The list.
    public func list<Element: Codable & Sendable>(
        _ name: String,
        of type: Element.Type,
        limit: Int? = nil,
        lifetime: CollectionLifetime = .unlimited
    ) -> SharedList<Element> {
        SharedList(self.handle(.list, name, lifetime), limit: limit)
    }
}
