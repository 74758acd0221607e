import GRDB

/// A value as it is cached, with what has to be asked before it may be served.
struct WatchedValue<Value: Codable & Sendable>: Codable, Sendable {
    let value: Value

    /// The places of its tags in a ``MarkTable``; none where nobody knows what it depends on.
    let slots: [MarkSlot]

    /// The call that has read it; nobody's, once it went through a store that keeps bytes.
    let reader: UInt64

    private enum CodingKeys: String, CodingKey {
        case value = "v"
        case slots = "s"
    }

    init(_ value: Value, slots: [MarkSlot], reader: UInt64) {
        self.value = value
        self.slots = slots
        self.reader = reader
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.value = try container.decode(Value.self, forKey: .value)
        self.slots = try container.decode([MarkSlot].self, forKey: .slots)
        self.reader = 0
    }
}

/// What reading the database has brought.
struct Reading<Value: Sendable>: Sendable {
    var value: Value
    /// Whether the value says that there is nothing.
    var isAbsence = false
    /// The tags that became known with it; `nil` where it cannot be watched.
    var tags: [String]? = []
}

/// How it is known what a value depends on.
enum Watch: Sendable {
    /// It was known under a schema, which has a number.
    case tags([String], schema: UInt64)
    /// The database is asked before the value is read; `nil` where it cannot be watched.
    case region(@Sendable (Database) throws -> [String]?)
    /// It becomes known while the value is read.
    case recorded
    /// It cannot be.
    case impossible
}
