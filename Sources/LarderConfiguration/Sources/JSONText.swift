/// Reads JSON (RFC 8259) and keeps what Foundation's readers do not tell: on which line things stand, and that a name is there
/// twice.
struct JSONText {
    private static let deepest = 32

    private let bytes: [UInt8]
    private var position = 0
    private var line = 1
    private var entries: [SourceEntry] = []

    /// All members of the object that a text is, however deep.
    ///
    /// - Parameter text: The text.
    /// - Returns: The members that are no objects themselves, and objects without members.
    /// - Throws: An error that says on which line the text is no JSON.
    static func entries(of text: String) throws(SourceSyntaxError) -> [SourceEntry] {
        var reader = JSONText(bytes: Array(text.utf8))
        try reader.readAll()
        return reader.entries
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    private mutating func readAll() throws(SourceSyntaxError) {
        self.skipSpace()
        guard self.peek == UInt8(ascii: "{") else { throw self.error("an object, such as {\"caches\": {}}") }
        try self.readObject([])
        self.skipSpace()
        guard self.peek == nil else { throw self.error("nothing behind the object") }
    }

    // MARK: Values

    private mutating func readObject(_ path: [String]) throws(SourceSyntaxError) {
        let line = self.line
        self.position += 1
        self.skipSpace()
        if self.take("}") {
            if !path.isEmpty { self.entries.append(SourceEntry(path: path, value: .nothing, line: line)) }
            return
        }
        var names: Set<String> = []
        repeat {
            self.skipSpace()
            guard self.peek == UInt8(ascii: "\"") else { throw self.error("a name in quotation marks") }
            let name = try self.readString()
            guard names.insert(name).inserted else {
                throw self.error("each name once", found: "the name \(name.debugDescription) twice")
            }
            self.skipSpace()
            guard self.take(":") else { throw self.error("a colon behind a name") }
            self.skipSpace()
            try self.readValue(path + [name])
            self.skipSpace()
        } while self.take(",")
        guard self.take("}") else { throw self.error("a comma or the end of the object") }
    }

    private mutating func readValue(_ path: [String]) throws(SourceSyntaxError) {
        guard path.count <= Self.deepest else { throw self.error("at most \(Self.deepest) objects within each other") }
        let line = self.line
        if self.peek == UInt8(ascii: "{") {
            try self.readObject(path)
            return
        }
        let value = self.peek == UInt8(ascii: "[") ? try self.readList(depth: path.count) : try self.readScalar()
        self.entries.append(SourceEntry(path: path, value: value, line: line))
    }

    private mutating func readList(depth: Int) throws(SourceSyntaxError) -> SourceValue {
        guard depth <= Self.deepest else { throw self.error("at most \(Self.deepest) lists within each other") }
        self.position += 1
        var elements: [String] = []
        var isPlain = true
        self.skipSpace()
        if self.take("]") { return .list([]) }
        repeat {
            self.skipSpace()
            switch self.peek {
            case UInt8(ascii: "{"):
                let kept = self.entries
                try self.readObject(["element"])
                self.entries = kept
                isPlain = false
            case UInt8(ascii: "["):
                _ = try self.readList(depth: depth + 1)
                isPlain = false
            default:
                if case .text(let text) = try self.readScalar() { elements.append(text) } else { isPlain = false }
            }
            self.skipSpace()
        } while self.take(",")
        guard self.take("]") else { throw self.error("a comma or the end of the list") }
        return isPlain ? .list(elements) : .other("a list of other things than texts and numbers")
    }

    private mutating func readScalar() throws(SourceSyntaxError) -> SourceValue {
        if self.peek == UInt8(ascii: "\"") { return .text(try self.readString()) }
        let start = self.position
        while let byte = self.peek, !" \t\r\n,:[]{}\"".utf8.contains(byte) { self.position += 1 }
        let word = String(decoding: self.bytes[start..<self.position], as: UTF8.self)
        if word == "null" { return .nothing }
        if word == "true" || word == "false" || Self.isNumber(word) { return .text(word) }
        throw self.error("a text in quotation marks, a number, true, false or null")
    }

    private static func isNumber(_ word: String) -> Bool {
        guard let first = word.utf8.first, first == UInt8(ascii: "-") || (0x30...0x39).contains(first) else {
            return false
        }
        return word.utf8.allSatisfy { (0x30...0x39).contains($0) || "+-.eE".utf8.contains($0) } && Double(word) != nil
    }

    private mutating func readString() throws(SourceSyntaxError) -> String {
        self.position += 1
        var content: [UInt8] = []
        while let byte = self.peek {
            self.position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: content, as: UTF8.self) else { throw self.error("UTF-8") }
                return text
            case UInt8(ascii: "\\"): content += try self.readEscape()
            case 0..<0x20: throw self.error("no control characters in a text", found: "one")
            default: content.append(byte)
            }
        }
        throw self.error("a quotation mark at the end of a text")
    }

    private mutating func readEscape() throws(SourceSyntaxError) -> [UInt8] {
        let escape = self.peek
        self.position += 1
        switch escape {
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "u"):
            var units = [try self.readUnit()]
            if UTF16.isLeadSurrogate(units[0]), self.take("\\"), self.take("u") { units.append(try self.readUnit()) }
            guard let text = String(validating: units, as: UTF16.self) else {
                throw self.error("a character behind \\u")
            }
            return Array(text.utf8)
        case .some(let byte) where "\"\\/".utf8.contains(byte): return [byte]
        default: throw self.error("one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u")
        }
    }

    private mutating func readUnit() throws(SourceSyntaxError) -> UInt16 {
        let end = self.position + 4
        guard end <= self.bytes.count,
            let unit = UInt16(String(decoding: self.bytes[self.position..<end], as: UTF8.self), radix: 16)
        else { throw self.error("four hexadecimal digits behind \\u") }
        self.position = end
        return unit
    }

    // MARK: Bytes

    private var peek: UInt8? { self.position < self.bytes.count ? self.bytes[self.position] : nil }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard self.peek == UInt8(ascii: character) else { return false }
        self.position += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = self.peek, " \t\r\n".utf8.contains(byte) {
            if byte == 0x0A { self.line += 1 }
            self.position += 1
        }
    }

    private func error(_ accepted: String, found: String? = nil) -> SourceSyntaxError {
        // Nothing of the text is shown: it may be part of a password.
        let found = found ?? (self.peek == nil ? "the end of the file" : "something else")
        return SourceSyntaxError(line: self.line, message: "found \(found); accepted is \(accepted)")
    }
}
