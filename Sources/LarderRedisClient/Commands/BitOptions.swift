/// A part of a string, for commands on bits.
public struct RedisBitRange: Sendable, Hashable, RedisArgument {
    private let start: Int
    private let stop: Int
    private let unit: RedisWord?

    /// A range of bytes.
    ///
    /// - Parameters:
    ///   - start: The first byte; negative ones count from the end.
    ///   - stop: The last byte, included; negative ones count from the end.
    /// - Returns: The range.
    public static func bytes(from start: Int, through stop: Int = -1) -> RedisBitRange {
        .init(start: start, stop: stop, unit: nil)
    }

    /// A range of bits; since Redis 7.0.
    ///
    /// - Parameters:
    ///   - start: The first bit; negative ones count from the end.
    ///   - stop: The last bit, included; negative ones count from the end.
    /// - Returns: The range.
    public static func bits(from start: Int, through stop: Int = -1) -> RedisBitRange {
        .init(start: start, stop: stop, unit: RedisWord("BIT"))
    }

    /// Appends the range to a command.
    public func append(to command: inout RedisCommand) {
        command.append(self.start)
        command.append(self.stop)
        command.append(self.unit)
    }
}

/// How strings are combined bit by bit.
public struct RedisBitOperation: Sendable, Hashable, RedisArgument {
    private let word: RedisWord

    /// Bits that are set in all.
    public static let and = RedisBitOperation(word: .init("AND"))
    /// Bits that are set in any.
    public static let or = RedisBitOperation(word: .init("OR"))
    /// Bits that are set in an odd number of them.
    public static let xor = RedisBitOperation(word: .init("XOR"))
    /// Bits that are not set, in one string.
    public static let not = RedisBitOperation(word: .init("NOT"))

    /// Appends the operation to a command.
    public func append(to command: inout RedisCommand) { self.word.append(to: &command) }
}

/// One step of `bitField`.
public struct RedisBitFieldOperation: Sendable, Hashable, RedisArgument {
    /// The width of a number.
    public struct Width: Sendable, Hashable {
        let word: String

        /// A number with a sign.
        ///
        /// - Parameter bits: Its width, at most 64.
        /// - Returns: The width.
        public static func signed(_ bits: Int) -> Width { .init(word: "i\(bits)") }

        /// A number without a sign.
        ///
        /// - Parameter bits: Its width, at most 63.
        /// - Returns: The width.
        public static func unsigned(_ bits: Int) -> Width { .init(word: "u\(bits)") }
    }

    /// Where a number lies.
    public struct Offset: Sendable, Hashable {
        let word: String

        /// At a bit.
        ///
        /// - Parameter index: The bit's index.
        /// - Returns: The offset.
        public static func bit(_ index: Int) -> Offset { .init(word: "\(index)") }

        /// At a multiple of the number's width, as in an array.
        ///
        /// - Parameter index: The index in the array.
        /// - Returns: The offset.
        public static func element(_ index: Int) -> Offset { .init(word: "#\(index)") }
    }

    /// What becomes of a number that does not fit its width.
    public struct Overflow: Sendable, Hashable {
        let word: String

        /// It starts again at the other end.
        public static let wrap = Overflow(word: "WRAP")
        /// It stays at the end that it reached.
        public static let saturate = Overflow(word: "SAT")
        /// It is not written.
        public static let fail = Overflow(word: "FAIL")
    }

    private let words: [String]

    /// Reads a number.
    ///
    /// - Parameters:
    ///   - width: Its width.
    ///   - offset: Where it lies.
    /// - Returns: The operation.
    public static func get(_ width: Width, at offset: Offset) -> RedisBitFieldOperation {
        .init(words: ["GET", width.word, offset.word])
    }

    /// Writes a number.
    ///
    /// - Parameters:
    ///   - width: Its width.
    ///   - offset: Where it lies.
    ///   - value: The number.
    /// - Returns: The operation.
    public static func set(_ width: Width, at offset: Offset, to value: Int) -> RedisBitFieldOperation {
        .init(words: ["SET", width.word, offset.word, "\(value)"])
    }

    /// Adds to a number.
    ///
    /// - Parameters:
    ///   - width: Its width.
    ///   - offset: Where it lies.
    ///   - amount: What to add.
    /// - Returns: The operation.
    public static func incrBy(_ width: Width, at offset: Offset, _ amount: Int) -> RedisBitFieldOperation {
        .init(words: ["INCRBY", width.word, offset.word, "\(amount)"])
    }

    /// Says what becomes of numbers that do not fit, in the operations that follow.
    ///
    /// Returns nothing.
    ///
    /// - Parameter overflow: What becomes of them.
    /// - Returns: The operation.
    public static func overflow(_ overflow: Overflow) -> RedisBitFieldOperation {
        .init(words: ["OVERFLOW", overflow.word])
    }

    /// Appends the operation to a command.
    public func append(to command: inout RedisCommand) { command.append(contentsOf: self.words) }
}
