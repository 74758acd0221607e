import Logging

/// What every collection can do as a whole.
public protocol SharedCollection: Sendable {
    /// The collection in its store.
    var handle: CollectionHandle { get }
}

/// A collection in its store: where it is, what it is called, how long it lives.
public struct CollectionHandle: Sendable {
    let store: any CollectionStore
    /// The full name.
    public let key: CollectionKey
    /// How long it lives from its writes on.
    public let lifetime: CollectionLifetime
    let codec: any CacheCodec
    let logger: Logger

    /// Puts back what was taken in vain, also for a caller that was cancelled; tells the log where that fails.
    ///
    /// - Parameters:
    ///   - count: How many elements it is about.
    ///   - body: Puts them back. The task that runs it belongs to the call, which waits for it.
    func putBack(_ count: Int, _ body: @escaping @Sendable () async throws -> Void) async {
        do {
            try await Task { try await body() }.value
        } catch {
            self.logger.reportLostElements(count, of: self.key, error)
        }
    }

    /// The name, if stores take it.
    ///
    /// - Throws: ``CacheError`` with ``CacheError/Code/invalidKey``.
    func checkedKey() throws -> CollectionKey {
        try self.key.checkName()
        return self.key
    }
}

extension Logger {
    /// Reports elements that were taken for nobody, of which nobody knows whether the store took them back.
    func reportLostElements(_ count: Int, of key: CollectionKey, _ error: any Error) {
        self.warning(
            "Elements that were taken in vain could not be put back",
            metadata: [
                "larder.collection": "\(key)", "larder.elements": "\(count)", "larder.error": "\(error)",
            ]
        )
    }
}

extension SharedCollection {
    /// The name that the collection was made with.
    public var name: String { self.handle.key.name }

    /// Removes the whole collection.
    ///
    /// - Returns: Whether it was there.
    /// - Throws: ``CacheError`` with ``CacheError/Code/invalidKey`` or ``CacheError/Code/unavailable``.
    @discardableResult
    public func remove() async throws -> Bool {
        try await self.handle.store.remove(self.handle.checkedKey())
    }

    /// Whether the collection is there: it has elements, or was set.
    ///
    /// - Returns: Whether it is.
    /// - Throws: As ``remove()``.
    public func exists() async throws -> Bool {
        try await self.ttl() != nil
    }

    /// How long the collection has left, by the store's clock.
    ///
    /// - Returns: The time; `nil` where there is no such collection.
    /// - Throws: As ``remove()``.
    public func ttl() async throws -> TimeLeft? {
        try await self.handle.store.timeLeft(of: self.handle.checkedKey())
    }

    /// Gives the collection another end; a sliding lifetime moves it again with the next write.
    ///
    /// - Parameter duration: How long from now; nothing or less removes the collection.
    /// - Returns: Whether there was such a collection.
    /// - Throws: As ``remove()``.
    @discardableResult
    public func expire(in duration: Duration) async throws -> Bool {
        guard duration > .zero else { return try await self.remove() }
        return try await self.handle.store.expire(
            self.handle.checkedKey(),
            after: CollectionLifetime.milliseconds(of: duration)
        )
    }

    /// Takes the collection's end away; a lifetime that is not unlimited gives it one again with the next write.
    ///
    /// - Returns: Whether there was such a collection.
    /// - Throws: As ``remove()``.
    @discardableResult
    public func persist() async throws -> Bool {
        try await self.handle.store.expire(self.handle.checkedKey(), after: nil)
    }
}
