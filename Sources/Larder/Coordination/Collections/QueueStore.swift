/// How many elements a queue takes, and what happens to those beyond.
public struct QueueLimit: Sendable, Hashable {
    /// How many elements wait at most; those that are reserved do not count.
    public let count: Int

    /// Whether the oldest leave to make room; otherwise the new ones are refused.
    public let dropsOldest: Bool

    /// Refuses elements that do not fit: ``CacheError/Code/queueFull``.
    ///
    /// - Parameter count: How many elements wait at most, at least one.
    /// - Returns: The limit.
    public static func refusing(_ count: Int) -> Self { .init(count: max(1, count), dropsOldest: false) }

    /// Drops the oldest to make room.
    ///
    /// - Parameter count: How many elements wait at most, at least one.
    /// - Returns: The limit.
    public static func droppingOldest(_ count: Int) -> Self { .init(count: max(1, count), dropsOldest: true) }
}

/// An element that was taken from a queue.
public struct QueueItem: Sendable, Hashable {
    /// The element.
    public var element: [UInt8]

    /// What its reservation is known by; empty where it was taken for good.
    public var reservation: [UInt8]

    /// Describes an element.
    ///
    /// - Parameters:
    ///   - element: The element.
    ///   - reservation: What its reservation is known by; empty where it was taken for good.
    public init(element: [UInt8], reservation: [UInt8] = []) {
        self.element = element
        self.reservation = reservation
    }
}

/// What a store of queues does; see ``CollectionStore``.
public protocol QueueStore: Sendable {
    /// Puts elements to the end of a queue, all or none.
    ///
    /// - Parameters:
    ///   - elements: The elements, at least one.
    ///   - key: The queue.
    ///   - limit: How many it takes.
    ///   - lifetime: How long it lives.
    /// - Returns: How many elements wait then.
    /// - Throws: ``CacheError`` with ``CacheError/Code/queueFull`` where the limit refuses them.
    func enqueue(
        _ elements: [[UInt8]],
        to key: CollectionKey,
        limit: QueueLimit?,
        _ lifetime: CollectionLifetime
    ) async throws -> Int

    /// Takes elements from the front of a queue; where there are none, that is no write.
    ///
    /// Those whose reservation has run out come to the front before.
    ///
    /// - Parameters:
    ///   - count: How many at most.
    ///   - key: The queue.
    ///   - milliseconds: For how long they are reserved; `nil` takes them for good.
    ///   - lifetime: How long it lives.
    /// - Returns: The elements, the oldest first.
    /// - Throws: As ``CollectionStore`` says.
    func dequeue(
        _ count: Int,
        from key: CollectionKey,
        reservingFor milliseconds: Int64?,
        _ lifetime: CollectionLifetime
    ) async throws -> [QueueItem]

    /// Puts elements back to the front of a queue, in their order, whatever its limit.
    ///
    /// - Parameters:
    ///   - items: The elements. One that is reserved comes back only if its reservation stands.
    ///   - key: The queue.
    ///   - lifetime: How long it lives.
    /// - Returns: How many came back.
    /// - Throws: As ``CollectionStore`` says.
    func putBack(_ items: [QueueItem], to key: CollectionKey, _ lifetime: CollectionLifetime) async throws -> Int

    /// Ends a reservation: its element is done.
    ///
    /// - Parameters:
    ///   - item: The element.
    ///   - key: The queue.
    ///   - lifetime: How long it lives; ending what does not stand is no write.
    /// - Returns: Whether the reservation stood. Otherwise the element went back to the queue.
    /// - Throws: As ``CollectionStore`` says.
    func acknowledge(_ item: QueueItem, of key: CollectionKey, _ lifetime: CollectionLifetime) async throws -> Bool

    /// Lets a reservation last longer.
    ///
    /// - Parameters:
    ///   - item: The element.
    ///   - key: The queue.
    ///   - milliseconds: For how long from now.
    ///   - lifetime: How long the queue lives; renewing what does not stand is no write.
    /// - Returns: Whether the reservation stands.
    /// - Throws: As ``CollectionStore`` says.
    func renew(
        _ item: QueueItem,
        of key: CollectionKey,
        for milliseconds: Int64,
        _ lifetime: CollectionLifetime
    ) async throws -> Bool

    /// How many elements wait, and how many are reserved.
    func counts(of key: CollectionKey) async throws -> (waiting: Int, reserved: Int)

    /// The elements that wait, the oldest first, without taking them.
    func peek(_ key: CollectionKey, atMost count: Int) async throws -> [[UInt8]]

    /// Begins to listen for elements.
    ///
    /// - Returns: The signal; `nil` where the store cannot tell, so that who waits has to look from time to time.
    func listen(to key: CollectionKey) async throws -> (any CollectionSignal)?

    /// What waits at a queue are measured by.
    var waitClock: CacheClock { get }
}
