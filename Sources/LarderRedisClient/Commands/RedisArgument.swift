public import NIOCore

/// A value that can be an argument of a command.
///
/// An argument becomes one bulk string or several (an option with its number, say), or none.
public protocol RedisArgument: Sendable {
    /// Appends this value to `command`, by way of its `append` methods.
    func append(to command: inout RedisCommand)

    /// About how many bytes the value takes, to reserve them at once. Only a hint.
    var sizeHint: Int { get }
}

extension RedisArgument {
    /// Enough for a number.
    public var sizeHint: Int { 20 }
}

extension String: RedisArgument {
    /// Appends the value as one bulk string.
    public func append(to command: inout RedisCommand) { command.append(self) }

    /// The number of bytes.
    public var sizeHint: Int { self.utf8.count }
}

extension Substring: RedisArgument {
    /// Appends the value as one bulk string.
    public func append(to command: inout RedisCommand) { command.append(bytes: self.utf8) }

    /// The number of bytes.
    public var sizeHint: Int { self.utf8.count }
}

extension Int: RedisArgument {
    /// Appends the value as one bulk string.
    public func append(to command: inout RedisCommand) { command.append(integer: self) }
}

extension Int64: RedisArgument {
    /// Appends the value as one bulk string.
    public func append(to command: inout RedisCommand) { command.append(integer: self) }
}

extension UInt64: RedisArgument {
    /// Appends the value as one bulk string.
    public func append(to command: inout RedisCommand) { command.append(integer: self) }
}

extension Double: RedisArgument {
    /// Appends the shortest digits that give the same number back; `inf`, `-inf` and `nan` as Redis spells them.
    public func append(to command: inout RedisCommand) { command.append(self.redisDescription) }
}

extension ByteBuffer: RedisArgument {
    /// Appends the value as one bulk string.
    public func append(to command: inout RedisCommand) { command.append(bytes: self.readableBytesView) }

    /// The number of bytes.
    public var sizeHint: Int { self.readableBytes }
}

extension Array: RedisArgument where Element == UInt8 {
    /// Appends the value as one bulk string.
    public func append(to command: inout RedisCommand) { command.append(bytes: self) }

    /// The number of bytes.
    public var sizeHint: Int { self.count }
}

extension Optional: RedisArgument where Wrapped: RedisArgument {
    /// Appends nothing for `nil`.
    public func append(to command: inout RedisCommand) { self?.append(to: &command) }

    /// The number of bytes.
    public var sizeHint: Int { self?.sizeHint ?? 0 }
}
