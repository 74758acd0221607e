import HTTPTypes

/// The bytes of a field's value, where it lies; valid only as long as the call that handed them out.
///
/// Values are bytes and not text: a tag may hold any from 0x80 on. Everything reads them once, from the front to the back,
/// whatever they are.
typealias FieldBytes = UnsafeBufferPointer<UInt8>

extension UInt8 {
    /// The letter in lower case, if it is one of ASCII's.
    var lowercased: UInt8 { self >= 0x41 && self <= 0x5A ? self | 0x20 : self }

    /// The value of a decimal digit.
    var digit: Int64? { self >= 0x30 && self <= 0x39 ? Int64(self - 0x30) : nil }

    /// Whether it is optional white space: space or tab.
    var isWhitespace: Bool { self == 0x20 || self == 0x09 }

    /// Whether it can be part of a token (RFC 9110, section 5.6.2).
    var isTokenByte: Bool {
        switch self {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        case 0x21, 0x23, 0x24, 0x25, 0x26, 0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x5E, 0x5F, 0x60, 0x7C, 0x7E: true
        default: false
        }
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// A part of the bytes.
    func part(_ range: Range<Int>) -> FieldBytes { FieldBytes(rebasing: self[range]) }

    /// The bytes without white space around them.
    var trimmed: FieldBytes {
        var start = 0
        var end = self.count
        while start < end, self[start].isWhitespace { start += 1 }
        while end > start, self[end - 1].isWhitespace { end -= 1 }
        return self.part(start..<end)
    }

    /// Whether the bytes are this text, which is in lower case, in any case.
    func isToken(_ text: StaticString) -> Bool {
        guard self.count == text.utf8CodeUnitCount else { return false }
        let start = text.utf8Start
        for index in 0..<self.count where self[index].lowercased != start[index] { return false }
        return true
    }

    /// Whether both have the same bytes.
    func isEqual(to other: FieldBytes) -> Bool {
        guard self.count == other.count else { return false }
        for index in 0..<self.count where self[index] != other[index] { return false }
        return true
    }

    /// The text in lower case, if it is a token.
    var lowercasedToken: String? {
        guard !self.isEmpty, self.allSatisfy(\.isTokenByte) else { return nil }
        return String(decoding: self.lazy.map(\.lowercased), as: UTF8.self)
    }

    /// What lies between double quotes, if the first and the last byte are such.
    var unquoted: FieldBytes? {
        guard self.count >= 2, self[0] == 0x22, self[self.count - 1] == 0x22 else { return nil }
        return self.part(1..<(self.count - 1))
    }

    /// Calls with each member of a list (RFC 9110, section 5.6.1) that is not empty, without white space around it.
    ///
    /// Commas inside quoted strings do not separate. A quote that nothing closes is an ordinary byte, and so are all
    /// behind it: it must not hide a `no-store`.
    ///
    /// - Parameters:
    ///   - separator: What stands between members.
    ///   - quotes: Whether the field has quoted strings at all; in one that has none, a quote must hide no separator.
    ///   - escapes: Whether a backslash takes the meaning from a quote, as in quoted strings and not in entity tags.
    ///   - body: Takes a member and says whether to go on.
    /// - Returns: Whether all members were taken.
    @discardableResult
    func forEachMember(
        separator: UInt8 = 0x2C,
        quotes: Bool = true,
        escapes: Bool = true,
        _ body: (FieldBytes) -> Bool
    ) -> Bool {
        var start = 0
        var index = 0
        var quotes = quotes
        while index <= self.count {
            if index == self.count || self[index] == separator {
                let member = self.part(start..<index).trimmed
                if !member.isEmpty, !body(member) { return false }
                start = index + 1
            } else if self[index] == 0x22, quotes {
                if let end = self.endOfQuoted(from: index, escapes: escapes) {
                    index = end
                } else {
                    // Looking for its end again from each later quote would be quadratic.
                    quotes = false
                }
            }
            index += 1
        }
        return true
    }

    /// Whether the members of this list, one behind the other with a comma between them, are these bytes.
    func isList(_ joined: FieldBytes) -> Bool {
        var end = 0
        let isPrefix = self.forEachMember { member in
            let start = end == 0 ? 0 : end + 1
            guard start + member.count <= joined.count, end == 0 || joined[end] == UInt8(ascii: ",") else {
                return false
            }
            end = start + member.count
            return joined.part(start..<end).isEqual(to: member)
        }
        return isPrefix && end == joined.count
    }

    /// Where the quote is that closes the one at an index.
    private func endOfQuoted(from start: Int, escapes: Bool) -> Int? {
        var index = start + 1
        while index < self.count {
            if self[index] == 0x22 { return index }
            index += escapes && self[index] == 0x5C ? 2 : 1
        }
        return nil
    }
}

extension String {
    /// Calls with the bytes where they lie; going over them in a string takes several times as long.
    func withBytes<Result>(_ body: (FieldBytes) -> Result) -> Result {
        var text = self
        return text.withUTF8(body)
    }
}

extension HTTPFields {
    /// Calls with each member of a list field, on whichever line it stands.
    ///
    /// - Returns: Whether all members were taken.
    @discardableResult
    func forEachMember(of name: HTTPField.Name, escapes: Bool = true, _ body: (FieldBytes) -> Bool) -> Bool {
        for field in self where field.name == name {
            guard field.withUnsafeBytesOfValue({ $0.forEachMember(escapes: escapes, body) }) else { return false }
        }
        return true
    }

    /// The first line of a field.
    func first(_ name: HTTPField.Name) -> HTTPField? {
        self.first { $0.name == name }
    }

    /// How many lines can be added before the type traps, leaving some for whoever comes after.
    private static let mostFields = 60_000

    /// Adds a line, unless there are so many that the type would trap.
    mutating func add(_ field: HTTPField) {
        guard self.count < Self.mostFields else { return }
        self.append(field)
    }

    /// Puts a line in the place of all of its name.
    mutating func set(_ field: HTTPField) {
        guard let index = self.firstIndex(where: { $0.name == field.name }) else {
            self.add(field)
            return
        }
        self[index] = field
        let later = self[(index + 1)...].firstIndex { $0.name == field.name }
        if later != nil {
            var isFirst = true
            self.removeAll { other in
                guard other.name == field.name else { return false }
                defer { isFirst = false }
                return !isFirst
            }
        }
    }

    /// Removes all lines of a name.
    mutating func remove(_ name: HTTPField.Name) {
        if self.contains(name) { self.removeAll { $0.name == name } }
    }
}
