/// The parts of a URI reference (RFC 3986, section 4.1), without its fragment.
struct Reference {
    private(set) var scheme: String?
    private(set) var authority: String?
    private(set) var path = ""
    private(set) var query: String?

    /// More bytes than this are no reference that anybody sends.
    private static let longest = 8_192

    /// Splits a reference; `nil` where it is too long or holds spaces or control characters.
    init?(_ bytes: [UInt8]) {
        guard bytes.count <= Self.longest, bytes.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else { return nil }
        var rest = bytes[...]
        if let hash = rest.firstIndex(of: UInt8(ascii: "#")) { rest = rest[..<hash] }
        if let mark = rest.firstIndex(of: UInt8(ascii: "?")) {
            self.query = String(decoding: rest[(mark + 1)...], as: UTF8.self)
            rest = rest[..<mark]
        }
        if let colon = rest.firstIndex(of: UInt8(ascii: ":")), Self.isScheme(rest[..<colon]) {
            self.scheme = String(decoding: rest[..<colon], as: UTF8.self)
            rest = rest[(colon + 1)...]
        }
        if rest.starts(with: [UInt8(ascii: "/"), UInt8(ascii: "/")]) {
            rest = rest.dropFirst(2)
            let slash = rest.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
            self.authority = String(decoding: rest[..<slash], as: UTF8.self)
            rest = rest[slash...]
        }
        self.path = String(decoding: rest, as: UTF8.self)
    }

    private static func isScheme(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard let first = bytes.first, first.lowercased >= 0x61, first.lowercased <= 0x7A else { return false }
        return bytes.allSatisfy { byte in
            byte.digit != nil || (byte.lowercased >= 0x61 && byte.lowercased <= 0x7A)
                || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
        }
    }

    /// An absolute path without its `.` and `..` (RFC 3986, section 5.2.4).
    static func withoutDots(_ path: some StringProtocol) -> String {
        var kept: [Substring.UTF8View.SubSequence] = []
        let path = Substring(path)
        let segments = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        for (index, segment) in segments.enumerated() {
            let isLast = index == segments.count - 1
            if segment.elementsEqual(".".utf8) {
                if isLast { kept.append(path.utf8.prefix(0)) }
            } else if segment.elementsEqual("..".utf8) {
                // The first segment is what stands before the first slash, which stays.
                if kept.count > 1 { kept.removeLast() }
                if isLast { kept.append(path.utf8.prefix(0)) }
            } else {
                kept.append(segment)
            }
        }
        return kept.map { String(Substring($0)) }.joined(separator: "/")
    }
}
