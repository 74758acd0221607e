public import HTTPTypes
import RawStructuredFieldValues

/// Where a response's directives were read.
public enum DirectiveSource: Sendable, Hashable, Codable {
    /// `Cache-Control`, with `Expires` beside it.
    case cacheControl
    /// A targeted field (RFC 9213), by its name in lower case; `Cache-Control` and `Expires` do not count then.
    case targeted(String)
}

extension ResponseDirectives {
    /// More bytes than this are not parsed: the parser looks through all earlier keys for each new one.
    static let longestTargetedField = 2_048

    /// The directives that a cache goes by: those of the first targeted field that is there and means something, or else
    /// those of `Cache-Control` (RFC 9213, section 2.2).
    ///
    /// - Parameters:
    ///   - fields: The response's fields.
    ///   - targets: The targeted fields that are meant for this cache, the most specific first.
    /// - Returns: The directives and the field they come from.
    public static func effective(
        in fields: HTTPFields,
        targets: [HTTPField.Name]
    ) -> (directives: ResponseDirectives, source: DirectiveSource) {
        for target in targets where fields.contains(target) {
            if let directives = Self(targeted: target, in: fields) {
                return (directives, .targeted(target.canonicalName))
            }
        }
        return (Self(cacheControl: fields), .cacheControl)
    }

    /// Reads a targeted field, which is a Dictionary of structured fields (RFC 9213, section 2.1).
    ///
    /// The result is `nil` where the field is absent, empty or malformed, and so to be ignored as a whole: a key in upper
    /// case or a value of the wrong type makes it malformed.
    ///
    /// - Parameters:
    ///   - name: The field's name.
    ///   - fields: The response's fields.
    public init?(targeted name: HTTPField.Name, in fields: HTTPFields) {
        var bytes: [UInt8] = []
        for field in fields where field.name == name {
            if !bytes.isEmpty { bytes += [UInt8(ascii: ","), UInt8(ascii: " ")] }
            field.withUnsafeBytesOfValue { bytes += $0 }
            guard bytes.count <= Self.longestTargetedField else {
                // Nobody says so much to a cache; and it may say `no-store` at the end.
                self.init()
                self.flags = .noStore
                return
            }
        }
        var parser = StructuredFieldValueParser(bytes)
        // RFC 9213, section 2.1: what is no dictionary is as if it were not there, whatever is wrong with it.
        guard let members = try? parser.parseDictionaryFieldValue(), !members.isEmpty else { return nil }
        self.init()
        for (key, member) in members {
            guard self.read(key: key, member: member) else { return nil }
        }
    }

    /// Takes one member.
    ///
    /// - Returns: Whether its value is of the directive's type.
    private mutating func read(key: String, member: ItemOrInnerList) -> Bool {
        switch key {
        case "max-age": self.read(member, into: \.maxAge)
        case "s-maxage": self.read(member, into: \.sharedMaxAge)
        case "stale-while-revalidate": self.read(member, into: \.staleWhileRevalidate)
        case "stale-if-error": self.read(member, into: \.staleIfError)
        case "no-store": self.read(member, .noStore)
        case "no-cache": self.read(member, .noCache, or: \.noCacheFields)
        case "private": self.read(member, .isPrivate, or: \.privateFields)
        case "public": self.read(member, .isPublic)
        case "must-revalidate": self.read(member, .mustRevalidate)
        case "proxy-revalidate": self.read(member, .proxyRevalidate)
        case "must-understand": self.read(member, .mustUnderstand)
        case "no-transform": self.read(member, .noTransform)
        case "immutable": self.read(member, .immutable)
        // Unknown directives are ignored, as in `Cache-Control`.
        default: true
        }
    }

    private mutating func read(_ member: ItemOrInnerList, into path: WritableKeyPath<Self, Int64?>) -> Bool {
        guard case .item(let item) = member, case .integer(let seconds) = item.rfc9651BareItem else { return false }
        self[keyPath: path] = max(0, min(seconds, DeltaSeconds.greatest))
        return true
    }

    private mutating func read(
        _ member: ItemOrInnerList,
        _ flag: Flags,
        or names: WritableKeyPath<Self, [String]>? = nil
    ) -> Bool {
        guard case .item(let item) = member else { return false }
        switch item.rfc9651BareItem {
        case .bool(let isSet):
            if isSet { self.flags.insert(flag) }
            return true
        case .string(var text), .token(var text):
            guard let names else { return false }
            text.withUTF8 { self.read(names: $0, into: names, or: flag) }
            return true
        default:
            return false
        }
    }
}
