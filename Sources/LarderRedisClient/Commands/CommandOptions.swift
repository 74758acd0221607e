/// When a key shall expire.
public struct RedisExpiry: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        case never
        case keep
        case after(Duration)
        case at(RedisTime)
    }

    let kind: Kind

    /// Never.
    public static let never = RedisExpiry(kind: .never)

    /// When the key was to expire already (`KEEPTTL`).
    public static let keep = RedisExpiry(kind: .keep)

    /// After some time (`PX`).
    ///
    /// - Parameter duration: The time from now, rounded up to milliseconds. The server refuses zero and less.
    /// - Returns: The expiry.
    public static func after(_ duration: Duration) -> RedisExpiry { .init(kind: .after(duration)) }

    /// At a moment (`PXAT`).
    ///
    /// - Parameter time: The moment, exact to the millisecond.
    /// - Returns: The expiry.
    public static func at(_ time: RedisTime) -> RedisExpiry { .init(kind: .at(time)) }

    var isAbsolute: Bool { if case .at = self.kind { true } else { false } }

    /// Appends the options of `SET`.
    func append(to command: inout RedisCommand) {
        switch self.kind {
        case .never: break
        case .keep: command.append("KEEPTTL")
        case .after(let duration):
            command.append("PX")
            command.append(duration.redisMilliseconds)
        case .at(let time):
            command.append("PXAT")
            command.append(time.milliseconds)
        }
    }
}

/// Whether a key has to exist to be set.
public struct RedisSetCondition: Sendable, Hashable, RedisArgument {
    private let word: RedisWord

    /// The key must not exist (`NX`).
    public static let absent = RedisSetCondition(word: .init("NX"))

    /// The key must exist (`XX`).
    public static let present = RedisSetCondition(word: .init("XX"))

    /// Appends the condition to a command.
    public func append(to command: inout RedisCommand) { self.word.append(to: &command) }
}

/// When a key's expiry may be changed; since Redis 7.0.
public struct RedisExpireCondition: Sendable, Hashable, RedisArgument {
    private let word: RedisWord

    /// Only if the key has none (`NX`).
    public static let withoutExpiry = RedisExpireCondition(word: .init("NX"))

    /// Only if the key has one (`XX`).
    public static let withExpiry = RedisExpireCondition(word: .init("XX"))

    /// Only if the new one is later (`GT`); a key without one counts as living for ever.
    public static let later = RedisExpireCondition(word: .init("GT"))

    /// Only if the new one is earlier (`LT`); a key without one counts as living for ever.
    public static let earlier = RedisExpireCondition(word: .init("LT"))

    /// Appends the condition to a command.
    public func append(to command: inout RedisCommand) { self.word.append(to: &command) }
}

/// How long a key has to live.
public enum RedisTimeToLive: Sendable, Hashable {
    /// There is no such key.
    case noSuchKey
    /// The key does not expire.
    case forever
    /// The key expires after this time, exact to the millisecond.
    case expires(after: Duration)
}

/// When a key expires.
public enum RedisExpireTime: Sendable, Hashable {
    /// There is no such key.
    case noSuchKey
    /// The key does not expire.
    case never
    /// The key expires at this moment, exact to the millisecond.
    case at(RedisTime)
}

/// The type of a key's value.
public struct RedisValueType: Sendable, Hashable, RedisArgument, CustomStringConvertible {
    /// The name that Redis gives the type.
    public let name: String

    /// The type of a name, such as a module's.
    ///
    /// - Parameter name: The name that Redis gives the type.
    public init(_ name: String) { self.name = name }

    /// A string, a number or a bitmap.
    public static let string = RedisValueType("string")
    /// A list.
    public static let list = RedisValueType("list")
    /// A set.
    public static let set = RedisValueType("set")
    /// A sorted set.
    public static let sortedSet = RedisValueType("zset")
    /// A hash.
    public static let hash = RedisValueType("hash")
    /// A stream.
    public static let stream = RedisValueType("stream")

    /// The name that Redis gives the type.
    public var description: String { self.name }

    /// Appends the name to a command.
    public func append(to command: inout RedisCommand) { command.append(self.name) }
}

/// Whether a command waits until the memory of what it removed is free.
public struct RedisFlushMode: Sendable, Hashable, RedisArgument {
    private let word: RedisWord

    /// It answers at once, and the memory is freed in the background.
    public static let async = RedisFlushMode(word: .init("ASYNC"))

    /// It answers when the memory is free.
    ///
    /// Nobody else is answered meanwhile.
    public static let sync = RedisFlushMode(word: .init("SYNC"))

    /// Appends the mode to a command.
    public func append(to command: inout RedisCommand) { self.word.append(to: &command) }
}

/// A field of a hash with its value.
public struct RedisField<Value: Sendable>: Sendable {
    /// The field's name.
    public var name: String
    /// The field's value.
    public var value: Value

    /// - Parameters:
    ///   - name: The field's name.
    ///   - value: The field's value.
    public init(name: String, value: Value) {
        self.name = name
        self.value = value
    }
}

extension RedisField: Equatable where Value: Equatable {}
extension RedisField: Hashable where Value: Hashable {}

extension RedisField where Value: RESPDecodable {
    static func list(_ reply: RESPValue) throws(RedisError) -> [RedisField<Value>] {
        var fields: [RedisField<Value>] = []
        for (name, value) in try reply.pairs() {
            fields.append(.init(name: try String(resp: name), value: try Value(resp: value)))
        }
        return fields
    }
}
