import HTTPTypes

/// Makes values of a request field comparable that mean the same (RFC 9111, section 4.1).
///
/// A form without quotes that is made comparable again stays as it is.
public struct FieldNormalizer: Sendable {
    private enum Kind: Sendable {
        case list
        case exact
        case acceptEncoding([String])
        case acceptLanguage(ignoresOrder: Bool)
        case accept
        case cookies(Set<String>)
        case custom(@Sendable (String?) -> String?)
    }

    private let kind: Kind

    private init(_ kind: Kind) {
        self.kind = kind
    }

    /// Lines are joined with commas, and members stand without white space around them: what any list field allows.
    ///
    /// `Cookie` is no list: its lines are joined with semicolons (RFC 9113, section 8.2.3), and nothing else is done.
    public static let list = FieldNormalizer(.list)

    /// Lines are joined with commas, those of `Cookie` with semicolons, and nothing else is done.
    public static let exact = FieldNormalizer(.exact)

    /// Reduces `Accept-Encoding` to the best coding that there is: a handful of variants instead of dozens.
    ///
    /// - Parameter offered: The codings that the application sends, the best first, such as `br` and `gzip`.
    /// - Returns: The normalizer.
    public static func acceptEncoding(offered: [String]) -> FieldNormalizer {
        FieldNormalizer(.acceptEncoding(offered))
    }

    /// `Accept-Language` in lower case, without spaces and needless weights.
    ///
    /// - Parameter ignoresOrder: Whether `de, en` is the same as `en, de`: right for those who do not break ties by the
    ///   order, as RFC 9110, section 12.5.4, does not ask.
    /// - Returns: The normalizer.
    public static func acceptLanguage(ignoresOrder: Bool) -> FieldNormalizer {
        FieldNormalizer(.acceptLanguage(ignoresOrder: ignoresOrder))
    }

    /// `Accept` in lower case, without spaces and needless weights, in an order of its own, since its order means nothing.
    public static let accept = FieldNormalizer(.accept)

    /// Reduces `Cookie` to those that matter, in the order of their names.
    ///
    /// A semicolon always ends a cookie, inside quotes too, as for whoever reads them by RFC 6265, section 5.4: a cookie
    /// that the cache did not see would be one more page for everybody.
    ///
    /// - Parameter named: The names of the cookies on which pages depend.
    /// - Returns: The normalizer.
    public static func cookies(named: Set<String>) -> FieldNormalizer {
        FieldNormalizer(.cookies(named))
    }

    /// Does what a function says, such as telling phones from desks.
    ///
    /// - Parameter normalize: Gets the value, lines joined as ``exact`` does and what is no UTF-8 replaced, `nil` where the
    ///   field is absent; returns the comparable form.
    /// - Returns: The normalizer.
    public static func custom(_ normalize: @escaping @Sendable (String?) -> String?) -> FieldNormalizer {
        FieldNormalizer(.custom(normalize))
    }

    /// Whether a request's field has this form, if that can be told without making its own.
    ///
    /// Most requests say exactly what the first one said, and then nothing has to be made of it: a form stays as it is when
    /// made again. A function of the user's promises no such thing, and quotes can pair up differently.
    func quickMatch(_ name: String, in request: HTTPFields, value: [UInt8]?) -> Bool? {
        if self.isCustom { return nil }
        var line: HTTPField?
        for field in request where field.name.canonicalName == name {
            // Several lines have to be joined, which is done once for all that they are compared with.
            if line != nil { return nil }
            line = field
        }
        guard let line, let value else { return line == nil && value == nil && self.isPlain ? true : nil }
        let isList = self.isList(name)
        let isSame = line.withUnsafeBytesOfValue { bytes in
            value.withUnsafeBufferPointer { value in
                if isList { return bytes.count < Self.longest && bytes.isList(value) }
                return bytes.isEqual(to: value) && !bytes.contains(UInt8(ascii: "\""))
            }
        }
        return isSame || isList ? isSame : nil
    }

    /// Whether the field's value is a list to this normalizer.
    private func isList(_ name: String) -> Bool {
        if case .list = self.kind { name != "cookie" } else { false }
    }

    /// Whether an absent field has no form.
    private var isPlain: Bool {
        switch self.kind {
        case .list, .exact: true
        default: false
        }
    }

    /// Whether the field's members are looked at one by one.
    var hasWeights: Bool {
        switch self.kind {
        case .accept, .acceptEncoding, .acceptLanguage: true
        default: false
        }
    }

    private var isCustom: Bool {
        if case .custom = self.kind { true } else { false }
    }

    /// The comparable form of a request's field; `nil` where it is absent and its absence means nothing of its own.
    func value(of name: String, in request: HTTPFields) -> [UInt8]? {
        switch self.kind {
        case .exact: return Self.joined(name, in: request)
        case .list: return self.isList(name) ? Self.list(name, in: request) : Self.joined(name, in: request)
        case .accept:
            guard let members = WeightedMember.all(name, in: request) else { return nil }
            return Self.joined(members.map(\.text).sorted())
        case .acceptLanguage(let ignoresOrder):
            guard let members = WeightedMember.all(name, in: request) else { return nil }
            return Self.joined(ignoresOrder ? members.map(\.text).sorted() : members.map(\.text))
        case .acceptEncoding(let offered):
            return Array(AcceptEncoding.best(of: offered, for: WeightedMember.all(name, in: request)).utf8)
        case .cookies(let names): return Self.cookies(names, in: request)
        case .custom(let normalize):
            let value = Self.joined(name, in: request).map { String(decoding: $0, as: UTF8.self) }
            return normalize(value).map { Array($0.utf8) }
        }
    }

    private static func joined(_ texts: [String]) -> [UInt8] { Array(texts.joined(separator: ",").utf8) }

    private static func joined(_ name: String, in request: HTTPFields) -> [UInt8]? {
        // RFC 9113, section 8.2.3: the lines of `Cookie` are parts of one, which no comma may join.
        let separator = name == "cookie" ? Array("; ".utf8) : [UInt8(ascii: ",")]
        var bytes: [UInt8]?
        for field in request where field.name.canonicalName == name {
            if bytes == nil { bytes = [] } else { bytes?.append(contentsOf: separator) }
            field.withUnsafeBytesOfValue { bytes?.append(contentsOf: $0) }
        }
        return bytes
    }

    private static func list(_ name: String, in request: HTTPFields) -> [UInt8]? {
        var joined: [UInt8] = []
        var isAbsent = true
        for field in request where field.name.canonicalName == name {
            isAbsent = false
            field.withUnsafeBytesOfValue { value in
                _ = value.forEachMember { member in
                    if !joined.isEmpty { joined.append(UInt8(ascii: ",")) }
                    joined += member
                    return true
                }
            }
        }
        return isAbsent ? nil : joined
    }

    private static func cookies(_ names: Set<String>, in request: HTTPFields) -> [UInt8]? {
        // Bytes, since two values that are no text must not become the same text.
        var found: [(name: String, pair: [UInt8])] = []
        for field in request where field.name == .cookie {
            field.withUnsafeBytesOfValue { value in
                _ = value.forEachMember(separator: UInt8(ascii: ";"), quotes: false) { pair in
                    let bytes = pair.part(0..<(pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.count)).trimmed
                    let name = String(decoding: bytes, as: UTF8.self)
                    if names.contains(name) { found.append((name, Array(pair))) }
                    return true
                }
            }
        }
        // Nobody who depends on some cookies sees a difference between no cookies and no such cookies.
        guard !found.isEmpty else { return nil }
        // Of two cookies with one name, which comes first matters.
        let order = found.indices.sorted { left, right in
            found[left].name == found[right].name ? left < right : found[left].name < found[right].name
        }
        return Array(order.map { found[$0].pair }.joined(separator: Array("; ".utf8)))
    }
}
