import NIOCore

/// What is known of an item.
public struct MemcachedItem: Sendable, Hashable {
    /// Its bytes.
    public var value: [UInt8]
    /// A number that is the clients' to use; Django keeps there what the bytes are.
    public var clientFlags: UInt32
    /// A number that changes with each change of the item, for ``MemcachedClient/set(_:_:ifVersion:clientFlags:expiresIn:)``.
    ///
    /// A server that is started anew counts from the beginning, so a version that was read before can be another's after.
    public var version: UInt64
}

/// When an item is stored.
public enum MemcachedCondition: Sendable, Hashable {
    /// In any case.
    case always
    /// Only where there is none.
    case ifAbsent
    /// Only where there is one.
    case ifPresent
}

extension MemcachedClient {
    /// Reads an item.
    ///
    /// - Parameter key: Its key: 1 to 250 bytes, neither spaces nor control characters.
    /// - Returns: The item; `nil` where there is none.
    /// - Throws: ``MemcachedError``; `CancellationError`.
    public func get(_ key: String) async throws -> MemcachedItem? {
        try Self.check(key)
        let reply = try await self.link(of: key).send(.get(key, wants: " v c f"), deadline: self.deadline)
        return try Self.item(reply)
    }

    /// Reads several items, with one round trip to each server that has some of them.
    ///
    /// - Parameter keys: Their keys.
    /// - Returns: The items that are there.
    /// - Throws: ``MemcachedError``; `CancellationError`.
    public func getMany(_ keys: [String]) async throws -> [String: MemcachedItem] {
        for key in keys { try Self.check(key) }
        let replies = try await self.send(keys.map { .get($0, wants: " v c f") }, deadline: self.deadline)
        var items: [String: MemcachedItem] = [:]
        for (key, reply) in zip(keys, replies) {
            if let error = reply.error(at: self.server(ofKey: key)) { throw error }
            items[key] = try Self.item(reply)
        }
        return items
    }

    /// Stores an item.
    ///
    /// - Parameters:
    ///   - key: Its key.
    ///   - value: Its bytes.
    ///   - condition: When it is stored.
    ///   - clientFlags: A number that is the clients' to use.
    ///   - duration: How long it lives, in whole seconds, of which a part counts as one; `nil`, until it is evicted.
    /// - Returns: Whether the condition let it be stored.
    /// - Throws: ``MemcachedError``, with `.valueTooLarge` where the server takes no item so large; `CancellationError`.
    @discardableResult
    public func set(
        _ key: String,
        _ value: [UInt8],
        _ condition: MemcachedCondition = .always,
        clientFlags: UInt32 = 0,
        expiresIn duration: Duration? = nil
    ) async throws -> Bool {
        try Self.check(key)
        let mode: MetaRequest.Mode =
            switch condition {
            case .always: .set
            case .ifAbsent: .add
            case .ifPresent: .replace
            }
        let link = self.link(of: key)
        let expiry = Self.expiry(duration, on: link)
        let request = MetaRequest.set(key, value, mode: mode, expiry: expiry, clientFlags: clientFlags)
        return try await link.send(request, deadline: self.deadline).status == .done
    }

    /// Stores an item if nobody has changed it since it was read.
    ///
    /// - Parameters:
    ///   - key: Its key.
    ///   - value: Its bytes.
    ///   - version: The version that was read.
    ///   - clientFlags: A number that is the clients' to use.
    ///   - duration: How long it lives; `nil`, until it is evicted.
    /// - Returns: Whether it was stored: the item was there, in that version.
    /// - Throws: ``MemcachedError``; `CancellationError`.
    public func set(
        _ key: String,
        _ value: [UInt8],
        ifVersion version: UInt64,
        clientFlags: UInt32 = 0,
        expiresIn duration: Duration? = nil
    ) async throws -> Bool {
        try Self.check(key)
        let link = self.link(of: key)
        let expiry = Self.expiry(duration, on: link)
        let request = MetaRequest.set(key, value, cas: version, expiry: expiry, clientFlags: clientFlags)
        return try await link.send(request, deadline: self.deadline).status == .done
    }

    /// Removes an item.
    ///
    /// - Parameter key: Its key.
    /// - Returns: Whether there was one.
    /// - Throws: ``MemcachedError``; `CancellationError`.
    @discardableResult
    public func delete(_ key: String) async throws -> Bool {
        try Self.check(key)
        return try await self.link(of: key).send(.delete(key), deadline: self.deadline).status == .done
    }

    /// Adds to an item that is a number, written in decimal digits: Django's counters.
    ///
    /// - Parameters:
    ///   - key: Its key.
    ///   - delta: What to add. What is negative is taken away, down to zero; the server starts anew behind 2 to the 64th.
    /// - Returns: The sum; `nil` where there is no item.
    /// - Throws: ``MemcachedError``, with `.server` where the item is no number; `CancellationError`.
    @discardableResult
    public func increment(_ key: String, by delta: Int64 = 1) async throws -> UInt64? {
        try Self.check(key)
        var request = MetaRequest(verb: .arithmetic, key: key)
        request.mode = delta < 0 ? .decrement : .increment
        request.delta = delta.magnitude
        let reply = try await self.link(of: key).send(request, deadline: self.deadline)
        guard reply.status == .value else { return nil }
        guard let sum = UInt64(String(buffer: reply.value)) else { throw Self.unexpectedReply }
        return sum
    }

    /// Gives an item another end.
    ///
    /// - Parameters:
    ///   - key: Its key.
    ///   - duration: How long it lives from now; `nil`, until it is evicted.
    /// - Returns: Whether there is one.
    /// - Throws: ``MemcachedError``; `CancellationError`.
    @discardableResult
    public func touch(_ key: String, expiresIn duration: Duration?) async throws -> Bool {
        try Self.check(key)
        let link = self.link(of: key)
        var request = MetaRequest.get(key, wants: "")
        request.expiry = Self.expiry(duration, on: link)
        return try await link.send(request, deadline: self.deadline).status == .done
    }

    /// What each server says of itself.
    ///
    /// - Parameter subject: What to ask about, such as `settings`; empty, everything of interest.
    /// - Returns: By server, what `stats` answers.
    /// - Throws: ``MemcachedError``; `CancellationError`.
    public func statistics(_ subject: String = "") async throws -> [String: [String: String]] {
        guard subject.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
            throw MemcachedError(.invalidKey, message: "what is asked about must be one word")
        }
        var answers: [String: [String: String]] = [:]
        let deadline = self.deadline
        for link in self.links {
            answers[link.name] = try await link.send(.statistics(subject), deadline: deadline).statistics
        }
        return answers
    }

    // MARK: Checks

    @inline(__always)
    private static func check(_ key: String) throws {
        guard MetaRequest.isFit(key) else {
            throw MemcachedError(
                .invalidKey,
                message:
                    "a key has 1 to 250 bytes, neither spaces nor control characters; this one has \(key.utf8.count)"
            )
        }
    }

    private static func item(_ reply: MetaReply) throws -> MemcachedItem? {
        switch reply.status {
        case .value:
            MemcachedItem(
                value: Array(buffer: reply.value),
                clientFlags: reply.clientFlags,
                version: reply.cas
            )
        case .miss: nil
        default: throw Self.unexpectedReply
        }
    }

    private static var unexpectedReply: MemcachedError {
        MemcachedError(.unexpectedReply, message: "the server answered what does not belong to the request")
    }

    /// When an item ends that is to live for a time.
    private static func expiry(_ duration: Duration?, on link: ServerLink) -> Int64 {
        guard let duration else { return 0 }
        let (seconds, attoseconds) = duration.components
        let whole = attoseconds > 0 ? seconds &+ 1 : seconds
        // Less than nothing: gone at once.
        if whole <= 0 { return -1 }
        // More than thirty days the server takes for a time of day.
        if whole <= 2_592_000 { return whole }
        return ServerSecond.fit(link.clock.now / 1_000 &+ min(whole, 1 << 40))
    }
}

/// Times of day as memcached takes them.
enum ServerSecond {
    /// A time as a server can keep it, or for ever where it lies behind all that it can.
    ///
    /// memcached keeps times in 32 bits.
    static func fit(_ second: Int64) -> Int64 { second > Int64(Int32.max) ? 0 : max(second, 1) }
}
