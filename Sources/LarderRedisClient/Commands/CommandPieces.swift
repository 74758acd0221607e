// Pieces that the typed commands are put together from.

/// A word that says what a command shall do, such as `NX`.
struct RedisWord: RedisArgument, Hashable {
    let word: String

    init(_ word: String) { self.word = word }

    init?(_ word: String, if isSet: Bool) {
        guard isSet else { return nil }
        self.word = word
    }

    func append(to command: inout RedisCommand) { command.append(self.word) }

    var sizeHint: Int { self.word.utf8.count }
}

/// A word with its value, such as `COUNT 10`; nothing without the value.
struct RedisOption<Value: RedisArgument>: RedisArgument {
    let word: String
    let value: Value?

    init(_ word: String, _ value: Value?) {
        self.word = word
        self.value = value
    }

    func append(to command: inout RedisCommand) {
        guard let value = self.value else { return }
        command.append(self.word)
        value.append(to: &command)
    }

    var sizeHint: Int { self.value.map { self.word.utf8.count + 8 + $0.sizeHint } ?? 0 }
}

/// Several arguments in a row, after their number if need be.
struct RedisArguments<Element: RedisArgument>: RedisArgument {
    let elements: [Element]
    let isCounted: Bool

    init(_ elements: [Element]) {
        self.elements = elements
        self.isCounted = false
    }

    init(counted elements: [Element]) {
        self.elements = elements
        self.isCounted = true
    }

    func append(to command: inout RedisCommand) {
        if self.isCounted { command.append(self.elements.count) }
        command.append(contentsOf: self.elements)
    }

    var sizeHint: Int { self.elements.reduce(8) { $0 + $1.sizeHint + 8 } }
}

/// Keys with their values, one after the other.
struct RedisPairs<Key: RedisArgument & Hashable, Value: RedisArgument>: RedisArgument {
    let pairs: [Key: Value]

    init(_ pairs: [Key: Value]) { self.pairs = pairs }

    func append(to command: inout RedisCommand) {
        for (key, value) in self.pairs {
            key.append(to: &command)
            value.append(to: &command)
        }
    }

    var sizeHint: Int { self.pairs.reduce(0) { $0 + $1.key.sizeHint + $1.value.sizeHint + 16 } }
}

extension Duration {
    /// The whole milliseconds that Redis counts in, rounded up: a short time to live must not become none.
    var redisMilliseconds: Int64 {
        let (seconds, attoseconds) = self.components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000)
        let rest = attoseconds / 1_000_000_000_000_000
        let roundedUp = attoseconds % 1_000_000_000_000_000 > 0 ? rest + 1 : rest
        let (sum, overflowed) = scaled.addingReportingOverflow(roundedUp)
        return overflow || overflowed ? (seconds < 0 ? .min : .max) : sum
    }
}

extension RESPValue {
    /// The elements of a list, whichever of its kinds it is.
    func elements() throws(RedisError) -> [RESPValue] {
        switch self {
        case .array(let elements), .set(let elements), .push(let elements): return elements
        case .map(let entries):
            var elements: [RESPValue] = []
            elements.reserveCapacity(entries.count * 2)
            for entry in entries { elements += [entry.key, entry.value] }
            return elements
        default: throw .unexpectedReply(self, expected: "an array")
        }
    }

    /// The pairs of a list in the server's order: RESP3 nests them, RESP2 puts one after the other.
    func pairs() throws(RedisError) -> [(RESPValue, RESPValue)] {
        let elements = try self.elements()
        var pairs: [(RESPValue, RESPValue)] = []
        if case .array? = elements.first {
            for element in elements {
                let pair = try element.elements()
                guard pair.count == 2 else { throw .unexpectedReply(element, expected: "a pair") }
                pairs.append((pair[0], pair[1]))
            }
            return pairs
        }
        guard elements.count.isMultiple(of: 2) else {
            throw RedisError(.unexpectedReply, message: "expected pairs, the array's length is odd")
        }
        for index in stride(from: 0, to: elements.count, by: 2) { pairs.append((elements[index], elements[index + 1])) }
        return pairs
    }

    /// Whether a command with a condition was executed: `OK` if it was, null if not.
    func isOK() throws(RedisError) -> Bool {
        switch self {
        case .null: return false
        case .simpleString, .bulkString: return true
        default: throw .unexpectedReply(self, expected: "OK or null")
        }
    }
}
