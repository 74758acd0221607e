import HTTPTypes

/// A member of `Accept`, `Accept-Encoding` or `Accept-Language` with its weight (RFC 9110, section 12.4.2).
struct WeightedMember: Equatable {
    /// The member in lower case and without spaces, but for quoted strings; its parameters included and its weight not.
    var name: String
    /// Its weight in thousandths.
    var weight: Int

    /// The member with its weight, which is left out where it is one.
    var text: String {
        if self.weight == 1_000 { return self.name }
        if self.weight == 0 { return self.name + ";q=0" }
        var digits = String(self.weight + 1_000).dropFirst()
        while digits.utf8.last == UInt8(ascii: "0") { digits.removeLast() }
        return "\(self.name);q=0.\(digits)"
    }

    /// More members than this are not looked at.
    static let most = 256

    /// All members of a field, on whichever line; `nil` where it is absent.
    ///
    /// Only `Accept` has quoted strings. In the others a quote that hid a comma would hide from the cache what a handler
    /// sees.
    static func all(_ name: String, in request: HTTPFields) -> [WeightedMember]? {
        let quotes = name == "accept"
        var found: [WeightedMember] = []
        var isAbsent = true
        for field in request where field.name.canonicalName == name && found.count < Self.most {
            isAbsent = false
            field.withUnsafeBytesOfValue { value in
                _ = value.forEachMember(quotes: quotes) { member in
                    let member = WeightedMember(member, quotes: quotes)
                    // A weight of nothing says nothing.
                    if !member.name.isEmpty { found.append(member) }
                    return found.count < Self.most
                }
            }
        }
        return isAbsent ? nil : found
    }

    private init(_ member: FieldBytes, quotes: Bool) {
        var name: [UInt8] = []
        var weight = 1_000
        member.forEachMember(separator: UInt8(ascii: ";"), quotes: quotes) { part in
            if part.count >= 2, part[0].lowercased == UInt8(ascii: "q"), let read = Self.weight(part) {
                weight = read
            } else {
                if !name.isEmpty { name.append(UInt8(ascii: ";")) }
                // Inside quotes case and white space have a meaning.
                if quotes, part.contains(0x22) {
                    name += part
                } else {
                    name += part.lazy.filter { !$0.isWhitespace }.map(\.lowercased)
                }
            }
            return true
        }
        self.name = String(decoding: name, as: UTF8.self)
        self.weight = weight
    }

    /// Reads `q=0.5`; `nil` where it is another parameter that begins so, and zero where the number is none.
    private static func weight(_ part: FieldBytes) -> Int? {
        let rest = part.part(1..<part.count).trimmed
        guard rest.first == UInt8(ascii: "=") else { return nil }
        let number = rest.part(1..<rest.count).trimmed
        guard let first = number.first?.digit, first <= 1, number.count <= 5 else { return 0 }
        var weight = Int(first) * 1_000
        var place = 100
        for (index, byte) in number.enumerated().dropFirst() {
            if index == 1 {
                guard byte == UInt8(ascii: ".") else { return 0 }
            } else {
                guard let digit = byte.digit else { return 0 }
                weight += Int(digit) * place
                place /= 10
            }
        }
        return min(weight, 1_000)
    }
}

/// `Accept-Encoding` (RFC 9110, section 12.5.3).
enum AcceptEncoding {
    /// The first of the codings that a request takes, by its weights and then by the order in which they are offered;
    /// `identity` where it takes none, or does not say.
    static func best(of offered: [String], for members: [WeightedMember]?) -> String {
        guard let members else { return "identity" }
        var best: (coding: String, weight: Int) = ("identity", 0)
        for coding in offered {
            let weight = self.weight(of: coding, in: members)
            if weight > best.weight { best = (coding, weight) }
        }
        return best.coding
    }

    private static func weight(of coding: String, in members: [WeightedMember]) -> Int {
        if let member = members.first(where: { $0.name == coding || $0.name == "x-" + coding }) { return member.weight }
        return members.first { $0.name == "*" }?.weight ?? 0
    }
}

/// `Accept-Language` (RFC 9110, section 12.5.4).
enum AcceptLanguage {
    /// The one language that a request likes best, in lower case; `nil` where it likes several as much, or any.
    static func preferred(in request: HTTPFields) -> String? {
        guard let members = WeightedMember.all("accept-language", in: request),
            let best = members.max(by: { $0.weight < $1.weight }), best.weight > 0, best.name != "*"
        else { return nil }
        return members.contains { $0.weight == best.weight && $0.name != best.name } ? nil : best.name
    }

    /// The one language of a response, in lower case.
    static func content(_ fields: HTTPFields) -> String? {
        var language: String?
        let isOne = fields.forEachMember(of: .contentLanguage) { member in
            guard language == nil, let name = member.lowercasedToken else { return false }
            language = name
            return true
        }
        return isOne ? language : nil
    }
}
