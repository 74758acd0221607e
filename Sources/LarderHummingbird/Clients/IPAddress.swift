/// An address of the Internet Protocol, whichever way it was written.
///
/// An IPv4 address that stands in an IPv6 one, as sockets for both show it (`::ffff:192.0.2.1`, RFC 4291, section 2.5.5.2), is that
/// IPv4 address: a client has one name, whatever the server listens on.
public struct IPAddress: Sendable, Hashable {
    /// Whether it is one of IPv6.
    public let isIPv6: Bool

    /// The bits: 32 or 128 of them.
    let bits: UInt128

    init(isIPv6: Bool, bits: UInt128) {
        let isMapped = isIPv6 && bits >> 32 == 0xFFFF
        self.isIPv6 = isIPv6 && !isMapped
        self.bits = isMapped ? bits & 0xFFFF_FFFF : bits
    }

    /// Reads an address.
    ///
    /// IPv4 is four decimal numbers without leading zeros, which some programs take for octal; IPv6 is what RFC 4291, section
    /// 2.2, says, in whichever case. A zone (`%eth0`) is left out.
    ///
    /// It is `nil` where it is none.
    ///
    /// - Parameter text: The address, without brackets and port.
    public init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        // The longest has 45 characters, and names of zones are short.
        guard bytes.count <= 64 else { return nil }
        let address = bytes.prefix { $0 != UInt8(ascii: "%") }
        if address.contains(UInt8(ascii: ":")) {
            guard let bits = Self.ipv6(address) else { return nil }
            self.init(isIPv6: true, bits: bits)
        } else {
            guard address.count == bytes.count, let bits = Self.ipv4(address) else { return nil }
            self.init(isIPv6: false, bits: UInt128(bits))
        }
    }

    /// How many bits there are.
    var width: Int { self.isIPv6 ? 128 : 32 }

    /// The network of the first so many bits.
    ///
    /// - Parameter length: How many bits; all, if there are not so many.
    /// - Returns: The network.
    public func network(_ length: Int) -> IPNetwork { IPNetwork(self, length: length) }

    // MARK: Reading

    private static func ipv4(_ text: ArraySlice<UInt8>) -> UInt32? {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bits: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.count), part.count == 1 || part.first != UInt8(ascii: "0") else { return nil }
            var number: UInt32 = 0
            for digit in part {
                guard (0x30...0x39).contains(digit) else { return nil }
                number = number * 10 + UInt32(digit - 0x30)
            }
            guard number <= 255 else { return nil }
            bits = bits << 8 | number
        }
        return bits
    }

    private static func ipv6(_ text: ArraySlice<UInt8>) -> UInt128? {
        let colon = UInt8(ascii: ":")
        // Zeros are left out once at most.
        var gap: ArraySlice<UInt8>.Index?
        for index in text.indices.dropLast() where text[index] == colon && text[index + 1] == colon {
            guard gap == nil else { return nil }
            gap = index
        }
        guard let gap else {
            guard let groups = Self.groups(text), groups.count == 8 else { return nil }
            return Self.bits(groups)
        }
        guard let head = Self.groups(text[..<gap]), let tail = Self.groups(text[(gap + 2)...]),
            head.count + tail.count <= 7, !Self.isEmbedded(text[..<gap])
        else { return nil }
        return Self.bits(head + Array(repeating: 0, count: 8 - head.count - tail.count) + tail)
    }

    private static func bits(_ groups: [UInt16]) -> UInt128 { groups.reduce(0) { $0 << 16 | UInt128($1) } }

    /// Whether an IPv4 address stands in it, which it may only at the end.
    private static func isEmbedded(_ text: ArraySlice<UInt8>) -> Bool { text.contains(UInt8(ascii: ".")) }

    private static func groups(_ text: ArraySlice<UInt8>) -> [UInt16]? {
        if text.isEmpty { return [] }
        let parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        var groups: [UInt16] = []
        for (index, part) in parts.enumerated() {
            if Self.isEmbedded(part) {
                guard index == parts.count - 1, let bits = Self.ipv4(part) else { return nil }
                groups += [UInt16(bits >> 16), UInt16(bits & 0xFFFF)]
                continue
            }
            guard (1...4).contains(part.count) else { return nil }
            var group: UInt16 = 0
            for digit in part {
                guard let value = Self.hexadecimal(digit) else { return nil }
                group = group << 4 | value
            }
            groups.append(group)
        }
        return groups.count <= 8 ? groups : nil
    }

    private static func hexadecimal(_ digit: UInt8) -> UInt16? {
        switch digit {
        case 0x30...0x39: UInt16(digit - 0x30)
        case 0x41...0x46: UInt16(digit - 0x41 + 10)
        case 0x61...0x66: UInt16(digit - 0x61 + 10)
        default: nil
        }
    }
}

extension IPAddress: CustomStringConvertible {
    /// The address in the one form that RFC 5952 recommends.
    public var description: String {
        if !self.isIPv6 {
            return stride(from: 24, through: 0, by: -8).map { "\(self.bits >> $0 & 0xFF)" }.joined(separator: ".")
        }
        let groups = stride(from: 112, through: 0, by: -16).map { UInt16(truncatingIfNeeded: self.bits >> $0) }
        let texts = groups.map { String($0, radix: 16) }
        guard let gap = Self.longestZeros(groups) else { return texts.joined(separator: ":") }
        return texts[..<gap.lowerBound].joined(separator: ":") + "::" + texts[gap.upperBound...].joined(separator: ":")
    }

    /// The first of the longest runs of zeros, of two at least.
    private static func longestZeros(_ groups: [UInt16]) -> Range<Int>? {
        var longest = 0..<1
        var start = 0
        for (index, group) in groups.enumerated() {
            if group != 0 {
                start = index + 1
            } else if index + 1 - start > longest.count {
                longest = start..<index + 1
            }
        }
        return longest.count > 1 ? longest : nil
    }
}

/// All addresses that begin with the same bits: `10.0.0.0/8`, `2001:db8::/32` (CIDR, RFC 4632).
public struct IPNetwork: Sendable, Hashable {
    /// The first address.
    public let address: IPAddress

    /// How many bits all of them share.
    public let length: Int

    init(_ address: IPAddress, length: Int) {
        let length = max(0, min(length, address.width))
        let rest = address.width - length
        // A shift by the whole width would leave the number as it is on some machines; Swift's smart shifts give zero.
        let bits = (address.bits >> UInt128(rest)) << UInt128(rest)
        self.address = IPAddress(exactly: address.isIPv6, bits: bits)
        self.length = length
    }

    /// Reads a network, or a single address.
    ///
    /// It is `nil` where it is none, also where bits are set behind those that count: that is mostly a slip.
    ///
    /// - Parameter text: `10.0.0.0/8`, `192.0.2.7` or `2001:db8::/32`.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let address = IPAddress(parts[0]) else { return nil }
        var length = address.width
        if parts.count == 2 {
            guard (1...3).contains(parts[1].utf8.count), parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let number = Int(parts[1])
            else { return nil }
            // A prefix of mapped addresses is one of the addresses that they map.
            let isMapped = !address.isIPv6 && parts[0].contains(":")
            length = isMapped ? number - 96 : number
            guard (0...address.width).contains(length) else { return nil }
        }
        self.init(address, length: length)
        guard self.address == address else { return nil }
    }

    /// Whether an address is one of them.
    ///
    /// - Parameter address: The address.
    /// - Returns: Whether it is.
    public func contains(_ address: IPAddress) -> Bool {
        address.isIPv6 == self.address.isIPv6 && address.network(self.length).address == self.address
    }
}

extension IPNetwork: CustomStringConvertible {
    /// The first address, and how many bits count; a single address by itself.
    public var description: String {
        self.length == self.address.width ? "\(self.address)" : "\(self.address)/\(self.length)"
    }
}

extension IPAddress {
    /// Takes bits as they are.
    fileprivate init(exactly isIPv6: Bool, bits: UInt128) {
        self.isIPv6 = isIPv6
        self.bits = bits
    }
}
