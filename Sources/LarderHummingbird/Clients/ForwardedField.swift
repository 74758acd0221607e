/// Who was passed on, as header fields of proxies say it.
enum ForwardedField {
    /// The most members that are looked at: no chain of proxies is as long.
    private static let mostMembers = 64

    /// The addresses of `X-Forwarded-For`, the last first; `nil` for a member that is no address.
    ///
    /// - Parameter lines: The field's lines, in order.
    /// - Returns: What its members say.
    static func forwardedFor(_ lines: [String]) -> [IPAddress?] {
        Self.members(lines).map { Self.address(of: $0) }
    }

    /// The addresses of `Forwarded` (RFC 7239), the last first; `nil` for a member that says no address.
    ///
    /// - Parameter lines: The field's lines, in order.
    /// - Returns: What its members say.
    static func forwarded(_ lines: [String]) -> [IPAddress?] {
        // No node has a comma in it. A quote that a client leaves open must not swallow the comma that a proxy writes behind it, and
        // with that what the proxy says.
        Self.members(lines).map { member in
            guard member.count(where: { $0 == UInt8(ascii: "\"") }).isMultiple(of: 2) else { return nil }
            var found: IPAddress?
            var isFound = false
            for pair in Self.split(member, at: UInt8(ascii: ";")) {
                guard let equals = pair.firstIndex(of: UInt8(ascii: "=")) else { continue }
                let name = String(decoding: Self.trimmed(pair[..<equals]), as: UTF8.self).lowercased()
                guard name == "for" else { continue }
                // A parameter must stand once; who says two things says nothing.
                if isFound { return nil }
                isFound = true
                guard let value = Self.unquoted(Self.trimmed(pair[(equals + 1)...])) else { return nil }
                found = Self.node(value[...])
            }
            return found
        }
    }

    // MARK: Lists

    /// The members of a list, the last first.
    private static func members(_ lines: [String]) -> [ArraySlice<UInt8>] {
        var members: [ArraySlice<UInt8>] = []
        for line in lines.reversed() {
            let parts = Array(line.utf8).split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
            for part in parts.reversed() {
                let member = Self.trimmed(part)
                // Empty members of a list say nothing (RFC 9110, section 5.6.1).
                if !member.isEmpty { members.append(member) }
                if members.count == Self.mostMembers { return members }
            }
        }
        return members
    }

    /// Parts between separators that do not stand in quoted text.
    private static func split(_ text: ArraySlice<UInt8>, at separator: UInt8) -> [ArraySlice<UInt8>] {
        var parts: [ArraySlice<UInt8>] = []
        var start = text.startIndex
        var (isQuoted, isEscaped) = (false, false)
        for index in text.indices {
            let byte = text[index]
            if isEscaped {
                isEscaped = false
            } else if isQuoted, byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isQuoted.toggle()
            } else if byte == separator, !isQuoted {
                parts.append(text[start..<index])
                start = index + 1
            }
        }
        parts.append(text[start...])
        return parts
    }

    private static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 }
        return text.drop(while: isSpace).dropLast(text.reversed().prefix(while: isSpace).count)
    }

    /// What quoted text says, or a token as it is; `nil` where it is neither.
    private static func unquoted(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        guard text.first == UInt8(ascii: "\"") else { return Array(text) }
        guard text.count >= 2, text.last == UInt8(ascii: "\"") else { return nil }
        var value: [UInt8] = []
        var isEscaped = false
        for byte in text.dropFirst().dropLast() {
            if !isEscaped, byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if !isEscaped, byte == UInt8(ascii: "\"") {
                return nil
            } else {
                value.append(byte)
                isEscaped = false
            }
        }
        return isEscaped ? nil : value
    }

    // MARK: Addresses

    /// An address with or without a port, and an IPv6 one with or without brackets, as proxies write them.
    private static func address(of text: ArraySlice<UInt8>) -> IPAddress? {
        if text.first == UInt8(ascii: "[") { return Self.node(text) }
        let colons = text.count { $0 == UInt8(ascii: ":") }
        return colons > 1 ? IPAddress(String(decoding: text, as: UTF8.self)) : Self.node(text)
    }

    /// A node (RFC 7239, section 6): an IPv4 address, or an IPv6 one in brackets, and perhaps a port.
    ///
    /// - Returns: `nil` for another one: `unknown`, or a name that a proxy has made up.
    private static func node(_ text: ArraySlice<UInt8>) -> IPAddress? {
        if text.first == UInt8(ascii: "[") {
            guard let end = text.firstIndex(of: UInt8(ascii: "]")), Self.isPort(text[(end + 1)...]) else { return nil }
            let address = IPAddress(String(decoding: text[(text.startIndex + 1)..<end], as: UTF8.self))
            // What stands in brackets is written as one of IPv6, if it maps one of IPv4, too.
            return text[..<end].contains(UInt8(ascii: ":")) ? address : nil
        }
        let end = text.firstIndex(of: UInt8(ascii: ":")) ?? text.endIndex
        guard Self.isPort(text[end...]) else { return nil }
        return IPAddress(String(decoding: text[..<end], as: UTF8.self))
    }

    /// Nothing, or a port behind a colon: a number, or a name that a proxy has made up.
    private static func isPort(_ text: ArraySlice<UInt8>) -> Bool {
        guard let first = text.first else { return true }
        let port = text.dropFirst()
        guard first == UInt8(ascii: ":"), let lead = port.first, port.count <= 64 else { return false }
        if lead == UInt8(ascii: "_") {
            return port.dropFirst().allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
                default: false
                }
            }
        }
        return port.count <= 5 && port.allSatisfy { (0x30...0x39).contains($0) }
    }
}
