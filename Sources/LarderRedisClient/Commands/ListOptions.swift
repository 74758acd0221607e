/// An end of a list.
public struct RedisListEnd: Sendable, Hashable, RedisArgument {
    private let word: RedisWord

    /// The front.
    public static let front = RedisListEnd(word: .init("LEFT"))
    /// The end.
    public static let back = RedisListEnd(word: .init("RIGHT"))

    /// Appends the end to a command.
    public func append(to command: inout RedisCommand) { self.word.append(to: &command) }
}

/// A side of a value in a list.
public struct RedisListPlace: Sendable, Hashable, RedisArgument {
    private let word: RedisWord

    /// Before it.
    public static let before = RedisListPlace(word: .init("BEFORE"))
    /// After it.
    public static let after = RedisListPlace(word: .init("AFTER"))

    /// Appends the place to a command.
    public func append(to command: inout RedisCommand) { self.word.append(to: &command) }
}

/// What was taken from one of several keys.
public struct RedisPopped<Value: Sendable>: Sendable {
    /// The key.
    public var key: String
    /// What was taken from it.
    public var value: Value

    /// - Parameters:
    ///   - key: The key.
    ///   - value: What was taken from it.
    public init(key: String, value: Value) {
        self.key = key
        self.value = value
    }

    /// Decodes a key with what was taken from it; `nil` for null.
    static func decode(
        _ reply: RESPValue,
        _ decode: (RESPValue) throws(RedisError) -> Value
    ) throws(RedisError) -> RedisPopped<Value>? {
        if case .null = reply { return nil }
        let elements = try reply.elements()
        guard elements.count == 2 else { throw .unexpectedReply(reply, expected: "a key and its values") }
        return .init(key: try String(resp: elements[0]), value: try decode(elements[1]))
    }
}

extension RedisPopped: Equatable where Value: Equatable {}
extension RedisPopped: Hashable where Value: Hashable {}
