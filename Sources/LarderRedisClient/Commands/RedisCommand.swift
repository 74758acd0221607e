/// A command with its arguments, encoded as Redis wants it.
///
/// ```swift
/// let reply = try await client.send(RedisCommand("GETRANGE", "greeting", 0, 4))
/// var command = RedisCommand("MGET")
/// for key in keys { command.append(key) }
/// ```
///
/// A command is encoded while it is built, into one array.
public struct RedisCommand: Sendable {
    /// The name and the arguments as bulk strings.
    ///
    /// The array header is written when the command is sent, so that arguments can be appended without knowing how many
    /// will come.
    private(set) var body: [UInt8]

    /// The number of bulk strings in `body`: the arguments and the name.
    private(set) var elementCount: Int

    /// Set when the user said whether the command may be repeated; else the table of names decides.
    private var statedRepeatability: Bool?

    /// - Parameters:
    ///   - name: The command's name, such as `GET`; a subcommand is its first argument.
    ///   - sizeHint: About how many bytes the arguments will take.
    public init(_ name: String, reserving sizeHint: Int = 40) {
        self.body = []
        self.elementCount = 0
        self.body.reserveCapacity(name.utf8.count + sizeHint + 24)
        self.append(name)
    }

    /// - Parameters:
    ///   - name: The command's name, such as `GET`.
    ///   - argument: Its argument.
    public init<Argument: RedisArgument>(_ name: String, _ argument: Argument) {
        self.init(name, reserving: argument.sizeHint + 8)
        argument.append(to: &self)
    }

    /// - Parameters:
    ///   - name: The command's name, such as `SET`.
    ///   - first: Its first argument.
    ///   - second: Its second argument.
    public init<First: RedisArgument, Second: RedisArgument>(_ name: String, _ first: First, _ second: Second) {
        self.init(name, reserving: first.sizeHint + second.sizeHint + 16)
        first.append(to: &self)
        second.append(to: &self)
    }

    /// - Parameters:
    ///   - name: The command's name, such as `SET`.
    ///   - arguments: Its arguments.
    public init<each Argument: RedisArgument>(_ name: String, _ arguments: repeat each Argument) {
        var hint = 0
        for argument in repeat each arguments { hint += argument.sizeHint + 8 }
        self.init(name, reserving: hint)
        for argument in repeat each arguments { argument.append(to: &self) }
    }

    /// - Parameters:
    ///   - name: The command's name, such as `MGET`.
    ///   - arguments: Its arguments, all of one type.
    public init<Arguments: Collection>(_ name: String, arguments: Arguments) where Arguments.Element: RedisArgument {
        self.init(name, reserving: arguments.reduce(0) { $0 + $1.sizeHint + 8 })
        self.append(contentsOf: arguments)
    }

    /// The command's name in capitals, without its arguments: what errors, logs and metrics may show.
    public var name: String {
        self.withElement(0) { String(decoding: $0.prefix(32), as: UTF8.self).uppercased() } ?? ""
    }

    /// Whether the command may be sent again although it may have been executed: because it only reads, or because its
    /// sender said so.
    public var isRepeatable: Bool {
        self.statedRepeatability ?? RedisCommandTable.isRepeatable(self)
    }

    /// This command, marked as safe to send again although it may have been executed already, or as not safe.
    ///
    /// - Parameter repeatable: `false` to have it never sent twice, whatever its name.
    /// - Returns: The command with the mark.
    public func repeatable(_ repeatable: Bool = true) -> RedisCommand {
        var command = self
        command.statedRepeatability = repeatable
        return command
    }

    /// What the command means for others on the same connection.
    public var isolation: Isolation { RedisCommandTable.isolation(of: self) }

    /// What a command means for others on the same connection.
    public enum Isolation: Sendable, Hashable {
        /// Nothing: it may share a connection with any other.
        case ordinary
        /// It makes all others wait until it ends, such as `BLPOP`.
        case blocks
        /// It changes how the connection treats what follows, such as `SELECT`, `MULTI` or `SUBSCRIBE`.
        case changesConnection
    }

    /// The number of arguments, the name not included.
    public var argumentCount: Int { self.elementCount - 1 }
}

// MARK: Building

extension RedisCommand {
    /// Appends a value's bulk strings.
    public mutating func append<Argument: RedisArgument>(_ argument: Argument) {
        argument.append(to: &self)
    }

    /// Appends every value of a collection.
    public mutating func append<Arguments: Sequence>(contentsOf arguments: Arguments)
    where Arguments.Element: RedisArgument {
        for argument in arguments { argument.append(to: &self) }
    }

    /// Appends a string as one bulk string.
    public mutating func append(_ string: String) {
        var string = string
        string.withUTF8 { self.append(bytes: UnsafeRawBufferPointer($0)) }
    }

    /// Appends bytes as one bulk string.
    public mutating func append<Bytes: Collection>(bytes: Bytes) where Bytes.Element == UInt8 {
        let done: Void? = bytes.withContiguousStorageIfAvailable { self.append(bytes: UnsafeRawBufferPointer($0)) }
        if done == nil {
            self.appendBulkHeader(bytes.count)
            self.body.append(contentsOf: bytes)
            self.appendLineEnd()
        }
    }

    mutating func append(bytes: UnsafeRawBufferPointer) {
        self.appendBulkHeader(bytes.count)
        self.body.append(contentsOf: bytes)
        self.appendLineEnd()
    }

    /// Appends the elements of another command, from one on (0 is the name), as they are encoded there.
    ///
    /// All at once: each by itself would be looked for from the beginning, which takes minutes for some ten thousand.
    mutating func append(elementsOf other: RedisCommand, from index: Int) {
        guard index < other.elementCount else { return }
        let start = other.body.withUnsafeBytes { bytes in
            var position = 0
            for _ in 0..<index {
                var length = 0
                position += 1
                while bytes[position] != 0x0D {
                    length = length * 10 + Int(bytes[position] &- 0x30)
                    position += 1
                }
                position += length + 4
            }
            return position
        }
        self.body.append(contentsOf: other.body[start...])
        self.elementCount += other.elementCount - index
    }

    mutating func append<Integer: FixedWidthInteger>(integer: Integer) {
        RESPEncoding.withDigits(of: integer) { self.append(bytes: $0) }
    }

    private mutating func appendBulkHeader(_ count: Int) {
        self.elementCount += 1
        self.body.append(UInt8(ascii: "$"))
        RESPEncoding.withDigits(of: count) { self.body.append(contentsOf: $0) }
        self.appendLineEnd()
    }

    private mutating func appendLineEnd() {
        self.body.append(0x0D)
        self.body.append(0x0A)
    }
}

// MARK: Reading back

extension RedisCommand {
    /// Hands the bytes of element `index` (0 is the name) to `body`; nil if there are fewer elements.
    func withElement<Result>(_ index: Int, _ body: (UnsafeRawBufferPointer) -> Result) -> Result? {
        self.body.withUnsafeBytes { bytes in
            var position = 0
            var left = index
            while position < bytes.count {
                var length = 0
                position += 1
                while bytes[position] != 0x0D {
                    length = length * 10 + Int(bytes[position] &- 0x30)
                    position += 1
                }
                position += 2
                if left == 0 {
                    return body(UnsafeRawBufferPointer(rebasing: bytes[position..<position + length]))
                }
                left -= 1
                position += length + 2
            }
            return nil
        }
    }

    /// The name's length and first letter (as a capital), read without a walk or an allocation.
    var nameSignature: (length: Int, letter: UInt8) {
        self.body.withUnsafeBytes { bytes in
            // Names of ten and more letters take two digits: `$4\r\nMGET` or `$11\r\nSINTERSTORE`.
            if bytes[2] == 0x0D {
                (Int(bytes[1] &- 0x30), bytes[1] == 0x30 ? 0 : bytes[4] & 0xDF)
            } else if bytes[3] == 0x0D {
                (Int(bytes[1] &- 0x30) * 10 + Int(bytes[2] &- 0x30), bytes[5] & 0xDF)
            } else {
                (Int.max, 0)
            }
        }
    }

    /// How many bytes the command takes on the wire.
    var encodedSize: Int {
        self.body.count + 3 + RESPEncoding.digitCount(of: self.elementCount)
    }
}

// MARK: Printing

extension RedisCommand: CustomStringConvertible, CustomReflectable {
    /// The name and the number of arguments, for what is printed may end up in a log.
    public var description: String { "\(self.name) with \(self.argumentCount) arguments" }

    /// Without the arguments, whatever prints a command.
    public var customMirror: Mirror { Mirror(self, children: ["name": self.name]) }
}
