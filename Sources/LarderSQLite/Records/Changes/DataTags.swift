/// The names of the tags that stand for the data of one database.
///
/// | tag | stands for | carried by |
/// |---|---|---|
/// | `shop` | everything, the schema included | all that is cached of the database |
/// | `shop*` | any write | reads of which nobody can say what they read |
/// | `shop/book` | any change of the table | reads of more than a few of its columns |
/// | `shop/book+` | rows that came or went | reads of a few columns |
/// | `shop/book.price` | updates of the column | reads of a few columns, this one among them |
/// | `shop/book#` | so many rows that nobody counts them | records |
/// | `shop/book#42` | one row | records |
struct DataTags: Sendable {
    /// All that is cached of the database.
    let everything: String

    /// - Parameter database: The name of the database among those that share the cache.
    init(database: String) {
        self.everything = Self.part(database)
    }

    /// Any write at all.
    var anyWrite: String { "\(self.everything)*" }

    /// Any change of a table.
    func table(_ table: String) -> String { "\(self.everything)/\(Self.part(table))" }

    /// Rows that came to a table, or went.
    func members(of table: String) -> String { "\(self.table(table))+" }

    /// Updates of a column.
    func column(_ column: String, of table: String) -> String { "\(self.table(table)).\(Self.part(column))" }

    /// All rows of a table, where each is cached by itself.
    func rows(of table: String) -> String { "\(self.table(table))#" }

    /// One row.
    func row(_ id: Int64, of table: String) -> String { "\(self.rows(of: table))\(id)" }

    /// A name as part of a tag: SQLite tells names apart without regard to case, and allows any character in them.
    static func part(_ name: String) -> String {
        let plain = name.lowercased()
        let isPlain = plain.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"): true
            default: false
            }
        }
        if isPlain, !plain.isEmpty, plain.utf8.count <= 64 { return plain }
        // A tilde begins no plain name.
        return "~\(SHA256.hexadecimalDigest(of: plain.utf8).prefix(32))"
    }
}

/// The place of a tag in a ``MarkTable``: the same in every process, since entries carry it.
typealias MarkSlot = UInt16

extension MarkSlot {
    /// - Parameter tag: The tag.
    init(tag: String) {
        // FNV-1a, folded.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in tag.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        hash ^= hash >> 32
        hash ^= hash >> 16
        self = MarkSlot(truncatingIfNeeded: hash) % MarkSlot(MarkTable.slotCount)
    }
}

extension [String] {
    /// The places of these tags, in the same order.
    var slots: [MarkSlot] { self.map(MarkSlot.init(tag:)) }
}
