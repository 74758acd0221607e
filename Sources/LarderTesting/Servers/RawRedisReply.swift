/// A reply in RESP2, as far as deployments of servers are steered by it.
indirect enum RawRedisReply: Equatable, Sendable {
    case status(String)
    case error(String)
    case integer(Int)
    case bulk([UInt8])
    case null
    case array([RawRedisReply])

    /// How deep arrays may be nested: what the servers send has three levels at most.
    private static let deepest = 16

    /// Reads one reply.
    ///
    /// - Parameters:
    ///   - bytes: What has come so far.
    ///   - position: Where the reply begins; moved behind it when it is complete.
    /// - Returns: The reply; `nil` while it is incomplete.
    /// - Throws: `TestServerError` for bytes that no server sends.
    static func read(_ bytes: [UInt8], at position: inout Int) throws -> RawRedisReply? {
        var end = position
        guard let reply = try Self.read(bytes, at: &end, depth: 0) else { return nil }
        position = end
        return reply
    }

    private static func read(_ bytes: [UInt8], at position: inout Int, depth: Int) throws -> RawRedisReply? {
        guard depth < Self.deepest else { throw Self.malformed }
        guard let line = Self.line(bytes, at: &position) else { return nil }
        guard let mark = line.first else { throw Self.malformed }
        let text = String(decoding: line.dropFirst(), as: UTF8.self)
        switch mark {
        case UInt8(ascii: "+"): return .status(text)
        case UInt8(ascii: "-"): return .error(text)
        case UInt8(ascii: ":"):
            guard let number = Int(text) else { throw Self.malformed }
            return .integer(number)
        case UInt8(ascii: "$"):
            guard let count = Int(text), count <= 1 << 30 else { throw Self.malformed }
            if count < 0 { return .null }
            guard bytes.count - position >= count + 2 else { return nil }
            defer { position += count + 2 }
            return .bulk(Array(bytes[position..<position + count]))
        case UInt8(ascii: "*"):
            guard let count = Int(text) else { throw Self.malformed }
            if count < 0 { return .null }
            var elements: [RawRedisReply] = []
            while elements.count < count {
                guard let element = try Self.read(bytes, at: &position, depth: depth + 1) else { return nil }
                elements.append(element)
            }
            return .array(elements)
        default: throw Self.malformed
        }
    }

    /// The bytes up to the next end of a line, which is skipped.
    private static func line(_ bytes: [UInt8], at position: inout Int) -> ArraySlice<UInt8>? {
        let rest = bytes[position...]
        guard let end = rest.firstIndex(of: UInt8(ascii: "\r")), end + 1 < bytes.count else { return nil }
        defer { position = end + 2 }
        return rest[..<end]
    }

    private static var malformed: TestServerError {
        TestServerError(.noAnswer, "The server sent what is no reply of Redis.")
    }

    /// The text of a status or of a bulk string.
    var text: String? {
        switch self {
        case .status(let text): text
        case .bulk(let bytes): String(decoding: bytes, as: UTF8.self)
        case .error, .integer, .null, .array: nil
        }
    }

    /// The elements of an array; none for any other reply.
    var elements: [RawRedisReply] {
        if case .array(let elements) = self { elements } else { [] }
    }

    /// An array of names and values in turn, as Sentinel describes what it watches.
    var fields: [String: String] {
        var fields: [String: String] = [:]
        let elements = self.elements
        for index in stride(from: 0, to: elements.count - 1, by: 2) {
            if let name = elements[index].text, let value = elements[index + 1].text { fields[name] = value }
        }
        return fields
    }

    /// Lines of a name, a colon and a value each, as INFO has them.
    var lines: [String: String] {
        var lines: [String: String] = [:]
        for line in (self.text ?? "").split(separator: "\r\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            lines[String(line[..<colon])] = String(line[line.index(after: colon)...])
        }
        return lines
    }
}
