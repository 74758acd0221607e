/// A message of a stream.
public struct StreamMessage<Element: Codable & Sendable>: Sendable, Identifiable {
    /// The message's name in its stream.
    public let id: StreamID

    /// How often the message was delivered in the group that it was read in, this time included; 0 where it was read without
    /// a group.
    ///
    /// One that was delivered again and again is one on which consumers die: put it aside and acknowledge it.
    public let deliveries: Int

    private let content: Result<Element, CacheError>

    /// What was appended.
    ///
    /// A message that cannot be read stops nobody from reading the others: it has its id and can be acknowledged.
    ///
    /// - Throws: ``CacheError`` with ``CacheError/Code/decodingFailed`` where it is no such element.
    public var element: Element {
        get throws { try self.content.get() }
    }

    init(_ stored: StoredMessage, _ coding: ElementCoding<Element>, of key: CollectionKey) {
        self.id = stored.id
        self.deliveries = stored.deliveries
        guard let bytes = stored.element else {
            self.content = .failure(
                CacheError(.decodingFailed, "message \(stored.id) has no field for an element", key: key.text)
            )
            return
        }
        do {
            self.content = .success(try coding.decode(bytes, of: key))
        } catch let error as CacheError {
            self.content = .failure(error)
        } catch {
            self.content = .failure(
                CacheError(.decodingFailed, "message \(stored.id) is not a \(Element.self)", key: key.text)
            )
        }
    }
}

extension StreamMessage: Equatable where Element: Equatable {
    /// Whether two messages have the same id and, if they can be read, the same element.
    public static func == (left: Self, right: Self) -> Bool {
        guard left.id == right.id, left.deliveries == right.deliveries else { return false }
        switch (left.content, right.content) {
        case (.success(let left), .success(let right)): return left == right
        case (.failure(let left), .failure(let right)): return left.code == right.code
        default: return false
        }
    }
}

/// What a group has delivered and nobody acknowledged, in numbers.
public struct PendingSummary: Sendable, Hashable {
    /// How many messages.
    public var count: Int

    /// The ids of the first and the last of them; `nil` where there is none.
    public var ids: ClosedRange<StreamID>?

    /// How many of them each consumer has got, of those who have any.
    public var consumers: [String: Int]

    /// Puts the numbers together.
    ///
    /// - Parameters:
    ///   - count: How many messages.
    ///   - ids: The ids of the first and the last.
    ///   - consumers: How many of them each consumer has.
    public init(count: Int = 0, ids: ClosedRange<StreamID>? = nil, consumers: [String: Int] = [:]) {
        self.count = count
        self.ids = ids
        self.consumers = consumers
    }
}

/// A message that was delivered and not acknowledged.
public struct PendingMessage: Sendable, Hashable, Identifiable {
    /// The message's id.
    public let id: StreamID

    /// Who got it last.
    public let consumer: String

    /// How long ago that was, by the store's clock.
    public let idle: Duration

    /// How often it was delivered.
    public let deliveries: Int

    /// Describes a message.
    ///
    /// - Parameters:
    ///   - id: The message's id.
    ///   - consumer: Who got it last.
    ///   - idle: How long ago.
    ///   - deliveries: How often it was delivered.
    public init(id: StreamID, consumer: String, idle: Duration, deliveries: Int) {
        self.id = id
        self.consumer = consumer
        self.idle = idle
        self.deliveries = deliveries
    }
}

/// A consumer of a group.
public struct StreamConsumer: Sendable, Hashable {
    /// Its name.
    public let name: String

    /// How many messages it has got and not acknowledged.
    public let pending: Int

    /// How long ago it last asked for messages, by the store's clock.
    public let idle: Duration

    /// Describes a consumer.
    ///
    /// - Parameters:
    ///   - name: Its name.
    ///   - pending: How many messages it has not acknowledged.
    ///   - idle: How long ago it last asked.
    public init(name: String, pending: Int, idle: Duration) {
        self.name = name
        self.pending = pending
        self.idle = idle
    }
}
