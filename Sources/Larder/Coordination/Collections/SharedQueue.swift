/// Elements that are each taken once, the oldest first, by tasks of all processes.
///
/// ```swift
/// let mails = collections.queue("mails", of: Mail.self, limit: .refusing(10_000))
/// try await mails.push(mail)
/// if let mail = try await mails.pop(waitingAtMost: .seconds(30)) { … }
/// ```
///
/// `pop` delivers *at most once*: an element that was taken is nobody else's any more, and is lost with a worker that dies,
/// or with an answer of Redis that does not arrive. ``reserve(for:waitingAtMost:)`` delivers *at least once*: an element that is
/// not acknowledged in time comes back, and then its work is done twice.
///
/// Any number of tasks can wait. Within a process they are served in the order of their coming; between processes nobody is
/// preferred.
public struct SharedQueue<Element: Codable & Sendable>: SharedCollection {
    /// The queue in its store.
    public let handle: CollectionHandle

    /// How many elements it takes.
    public let limit: QueueLimit?

    private let coding: ElementCoding<Element>
    private let lines: QueueLines

    init(_ handle: CollectionHandle, limit: QueueLimit?, lines: QueueLines) {
        self.handle = handle
        self.limit = limit
        self.lines = lines
        self.coding = ElementCoding(handle.codec)
    }

    private var store: any CollectionStore { self.handle.store }

    /// Puts elements to the end, all or none.
    ///
    /// - Parameter elements: The elements.
    /// - Returns: How many elements wait then.
    /// - Throws: ``CacheError``: ``CacheError/Code/queueFull`` where the limit refuses them, ``CacheError/Code/encodingFailed``,
    ///   ``CacheError/Code/invalidKey``, ``CacheError/Code/unavailable``, ``CacheError/Code/wrongType``.
    @discardableResult
    public func push(contentsOf elements: some Sequence<Element>) async throws -> Int {
        let key = try self.handle.checkedKey()
        let bytes = try self.coding.encode(elements, for: key)
        guard !bytes.isEmpty else { return try await self.count() }
        return try await self.store.enqueue(bytes, to: key, limit: self.limit, self.handle.lifetime)
    }

    /// Puts an element to the end.
    ///
    /// - Parameter element: The element.
    /// - Returns: How many elements wait then.
    /// - Throws: As ``push(contentsOf:)``.
    @discardableResult
    public func push(_ element: Element) async throws -> Int {
        try await self.push(contentsOf: CollectionOfOne(element))
    }

    /// Takes the oldest element, and waits for one if there is none.
    ///
    /// Who is cancelled while waiting gets no element and loses none; who is cancelled while an element is on its way may
    /// still get it returned.
    ///
    /// - Parameter limit: How long to wait, not at all if left out.
    /// - Returns: The element; `nil` if there was none in time.
    /// - Throws: ``CacheError``: ``CacheError/Code/decodingFailed``, and the element is gone; ``CacheError/Code/unavailable``, and
    ///   one may be gone; ``CacheError/Code/invalidKey``, ``CacheError/Code/wrongType``. `CancellationError`.
    public func pop(waitingAtMost limit: Duration = .zero) async throws -> Element? {
        let key = try self.handle.checkedKey()
        let request = QueueLines.Request(key: key, reservation: nil, lifetime: self.handle.lifetime)
        let item = try await self.lines.take(request, waitingAtMost: limit)
        return try item.map { try self.coding.decode($0.element, of: key) }
    }

    /// Takes the oldest elements that are there, as if one after the other.
    ///
    /// What stands behind an element that is not of this type goes back, and so does that one if others come before it. It
    /// is gone, with an error, when it comes first.
    ///
    /// - Parameter count: How many at most.
    /// - Returns: The elements, the oldest first.
    /// - Throws: As ``pop(waitingAtMost:)``.
    public func popMany(_ count: Int) async throws -> [Element] {
        let key = try self.handle.checkedKey()
        guard count > 0 else { return [] }
        let (store, lifetime) = (self.store, self.handle.lifetime)
        let items = try await shieldingFromCancellation {
            try await store.dequeue(count, from: key, reservingFor: nil, lifetime)
        }
        return try await self.coding.decodeTaken(items.map(\.element), of: self.handle) { rest in
            _ = try await store.putBack(rest.map { QueueItem(element: $0) }, to: key, lifetime)
        }
    }

    /// Takes the oldest element until its work is acknowledged, and waits for one if there is none.
    ///
    /// One that is neither acknowledged nor renewed in time goes back to the front, for the next to take.
    ///
    /// - Parameters:
    ///   - duration: How long the work may take.
    ///   - limit: How long to wait, not at all if left out.
    /// - Returns: The element with its reservation; `nil` if there was none in time.
    /// - Throws: As ``pop(waitingAtMost:)``, but no element is gone: it comes back.
    public func reserve(
        for duration: Duration,
        waitingAtMost limit: Duration = .zero
    ) async throws -> QueueReservation<Element>? {
        let key = try self.handle.checkedKey()
        let request = QueueLines.Request(
            key: key,
            reservation: CollectionLifetime.milliseconds(of: duration),
            lifetime: self.handle.lifetime
        )
        guard let item = try await self.lines.take(request, waitingAtMost: limit) else { return nil }
        return QueueReservation(
            element: try self.coding.decode(item.element, of: key),
            item: item,
            handle: self.handle
        )
    }

    /// How many elements wait; those that are reserved do not count.
    ///
    /// - Returns: The number.
    /// - Throws: ``CacheError``: ``CacheError/Code/invalidKey``, ``CacheError/Code/unavailable``,
    ///   ``CacheError/Code/wrongType``.
    public func count() async throws -> Int {
        try await self.store.counts(of: self.handle.checkedKey()).waiting
    }

    /// How many elements are reserved.
    ///
    /// - Returns: The number.
    /// - Throws: As ``count()``.
    public func reservedCount() async throws -> Int {
        try await self.store.counts(of: self.handle.checkedKey()).reserved
    }

    /// The oldest elements, which stay in the queue.
    ///
    /// - Parameter count: How many at most.
    /// - Returns: The elements, the oldest first.
    /// - Throws: ``CacheError``: ``CacheError/Code/decodingFailed``, and as ``count()``.
    public func peek(_ count: Int = 1) async throws -> [Element] {
        let key = try self.handle.checkedKey()
        guard count > 0 else { return [] }
        return try self.coding.decode(await self.store.peek(key, atMost: count), of: key)
    }

    /// All elements that come, taken one by one as ``pop(waitingAtMost:)`` does, until the task is cancelled.
    ///
    /// - Returns: A sequence that waits for each element. Several tasks can each go through one; no two get the same
    ///   element.
    public func elements() -> QueueElements<Element> { QueueElements(queue: self) }
}

/// What comes out of a queue, without an end.
public struct QueueElements<Element: Codable & Sendable>: AsyncSequence, Sendable {
    let queue: SharedQueue<Element>

    /// Begins to take elements.
    ///
    /// - Returns: An iterator that takes one whenever it is asked for the next.
    public func makeAsyncIterator() -> Iterator { Iterator(queue: self.queue) }

    /// Takes one element after another.
    public struct Iterator: AsyncIteratorProtocol, Sendable {
        let queue: SharedQueue<Element>

        /// Takes the next element.
        ///
        /// - Returns: The element; `nil` when the task is cancelled.
        /// - Throws: ``CacheError``, as ``SharedQueue/pop(waitingAtMost:)`` does. The next call goes on.
        public mutating func next() async throws -> Element? {
            while !Task.isCancelled {
                do {
                    if let element = try await self.queue.pop(waitingAtMost: .seconds(60)) { return element }
                } catch is CancellationError {
                    break
                }
            }
            return nil
        }
    }
}

/// An element of a queue that somebody works on.
public struct QueueReservation<Element: Codable & Sendable>: Sendable {
    /// The element.
    public let element: Element

    let item: QueueItem
    let handle: CollectionHandle

    /// Says that the work is done: the element does not come back.
    ///
    /// - Returns: Whether the reservation still stood. Otherwise the element has gone back, and somebody else may do or
    ///   have done its work.
    /// - Throws: ``CacheError``: ``CacheError/Code/unavailable``, ``CacheError/Code/wrongType``.
    @discardableResult
    public func acknowledge() async throws -> Bool {
        try await self.handle.store.acknowledge(self.item, of: self.handle.key, self.handle.lifetime)
    }

    /// Gives the element back to the front of the queue: the work was not done.
    ///
    /// - Returns: Whether the reservation still stood.
    /// - Throws: As ``acknowledge()``.
    @discardableResult
    public func release() async throws -> Bool {
        try await self.handle.store.putBack([self.item], to: self.handle.key, self.handle.lifetime) == 1
    }

    /// Keeps the element reserved for longer, which begins a sliding lifetime of the queue anew.
    ///
    /// - Parameter duration: How long from now.
    /// - Returns: Whether the reservation still stands.
    /// - Throws: As ``acknowledge()``.
    @discardableResult
    public func renew(for duration: Duration) async throws -> Bool {
        try await self.handle.store.renew(
            self.item,
            of: self.handle.key,
            for: CollectionLifetime.milliseconds(of: duration),
            self.handle.lifetime
        )
    }
}

extension Collections {
    /// A queue.
    ///
    /// - Parameters:
    ///   - name: Its name.
    ///   - type: The type of its elements.
    ///   - limit: How many elements it takes, and what happens to those beyond.
    ///   - lifetime: How long it lives.
    /// - Returns: The queue.
    public func queue<Element: Codable & Sendable>(
        _ name: String,
        of type: Element.Type,
        limit: QueueLimit? = nil,
        lifetime: CollectionLifetime = .unlimited
    ) -> SharedQueue<Element> {
        SharedQueue(self.handle(.queue, name, lifetime), limit: limit, lines: self.lines)
    }
}
