/// An entry as a store that keeps bytes writes it: encoded before anything is locked.
package struct PreparedWrite: Sendable {
    /// Its name.
    package let key: StoreKey
    /// What stands before the value; generation and tags are put in when it is written.
    package var header: EntryHeader
    /// The value's bytes.
    package var value: [UInt8]
    /// Its tags.
    package let tags: [String]
    /// Whether it is heavier than the store takes.
    let isTooLarge: Bool

    /// Encodes an entry.
    ///
    /// - Parameters:
    ///   - write: The entry.
    ///   - heaviest: How many bytes key, header and value may have together.
    /// - Throws: ``CacheError`` with ``CacheError/Code/invalidTag`` where the tags have no place in a header; what encoding
    ///   the value throws.
    package init(_ write: EntryWrite, heaviest: Int) throws {
        self.key = write.key
        self.tags = write.tags
        (self.header, self.value) = try EntryHeader.writing(write)
        try Self.check(write.tags)
        self.isTooLarge = write.key.name.utf8.count + EntryHeader.length + self.value.count > heaviest
    }

    /// Checks that tags have a place in records.
    ///
    /// - Throws: ``CacheError`` with ``CacheError/Code/invalidTag``.
    package static func check(_ tags: [String]) throws {
        var length = EntryHeader.length
        for tag in tags {
            let count = tag.utf8.count
            guard (1...TagMark.longestEncodedName).contains(count) else {
                throw CacheError(
                    .invalidTag,
                    "a tag has \(count) bytes; 1 to \(TagMark.longestEncodedName) are possible"
                )
            }
            length += 17 + count
        }
        guard length <= EntryHeader.longestLength else {
            throw CacheError(.invalidTag, "\(tags.count) tags do not fit the header of an entry")
        }
    }

    /// What is thrown of an entry that is too large.
    func tooLarge(_ heaviest: Int) -> CacheError {
        .init(
            .valueTooLarge,
            "the entry has \(self.value.count) bytes, and the store takes \(heaviest) with key and header",
            key: self.key.name
        )
    }
}

extension Int64 {
    /// The integer as it stands in an entry: eight bytes, the most significant one first.
    var bigEndianBytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendBigEndian(self)
        return bytes
    }
}
