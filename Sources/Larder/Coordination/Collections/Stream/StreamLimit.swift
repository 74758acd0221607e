/// What a stream keeps: the rest, from the oldest message on, is dropped in the same step as a message is appended.
public struct StreamLimit: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        case count(Int)
        /// In milliseconds.
        case age(Int64)
    }

    package let kind: Kind

    /// Whether not a message more is kept.
    package let isExact: Bool

    /// The last messages.
    ///
    /// - Parameters:
    ///   - count: How many, at least one.
    ///   - isExact: Whether not one more is kept. Otherwise Redis drops a whole block of its own (100 messages as it comes)
    ///     when all in it are too many, which costs far less; memory is exact in any case.
    /// - Returns: The limit.
    public static func count(_ count: Int, isExact: Bool = false) -> StreamLimit {
        StreamLimit(kind: .count(count), isExact: isExact)
    }

    /// The messages of the last so many hours, or whatever it is.
    ///
    /// - Parameters:
    ///   - age: How long messages are kept, by the store's clock.
    ///   - isExact: Whether all that are older are dropped; see ``count(_:isExact:)``.
    /// - Returns: The limit.
    public static func age(_ age: Duration, isExact: Bool = false) -> StreamLimit {
        StreamLimit(kind: .age(age.wholeNanoseconds / 1_000_000), isExact: isExact)
    }

    /// Refuses a limit that would keep nothing.
    func check(_ key: CollectionKey) throws {
        switch self.kind {
        case .count(let count) where count < 1:
            throw CacheError(.invalidArgument, "a stream keeps at least one message, not \(count)", key: key.text)
        case .age(let milliseconds) where milliseconds < 1:
            throw CacheError(.invalidArgument, "a stream keeps messages for at least a millisecond", key: key.text)
        default:
            break
        }
    }
}

/// What a group of a stream reads first.
public struct StreamStart: Sendable, Hashable {
    /// After which id it begins; `nil` for the last one there is.
    package let id: StreamID?

    /// The oldest message that is there.
    public static let beginning = StreamStart(id: .zero)

    /// What is appended after the group was made.
    public static let end = StreamStart(id: nil)

    /// What comes after a message.
    ///
    /// - Parameter id: The message's id; it need not be there.
    /// - Returns: The start.
    public static func after(_ id: StreamID) -> StreamStart { StreamStart(id: id) }
}
