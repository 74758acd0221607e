public import HTTPTypes

/// What a response says to caches (RFC 9111, section 5.2.2; RFC 5861; RFC 8246).
///
/// Read once, when the response is stored. Where a field is malformed, reading errs towards storing less and asking again:
/// a number that is none is zero, a prohibition with a needless argument is a prohibition, a permission with one is none.
public struct ResponseDirectives: Sendable, Hashable, Codable {
    /// The directives without arguments.
    public struct Flags: OptionSet, Sendable, Hashable, Codable {
        /// The bits.
        public let rawValue: UInt16

        /// Makes a set from its bits.
        public init(rawValue: UInt16) {
            self.rawValue = rawValue
        }

        /// `no-store` (RFC 9111, section 5.2.2.5).
        public static let noStore = Flags(rawValue: 1 << 0)
        /// `no-cache` without field names (RFC 9111, section 5.2.2.4).
        public static let noCache = Flags(rawValue: 1 << 1)
        /// `private` without field names (RFC 9111, section 5.2.2.7).
        public static let isPrivate = Flags(rawValue: 1 << 2)
        /// `public` (RFC 9111, section 5.2.2.9).
        public static let isPublic = Flags(rawValue: 1 << 3)
        /// `must-revalidate` (RFC 9111, section 5.2.2.2).
        public static let mustRevalidate = Flags(rawValue: 1 << 4)
        /// `proxy-revalidate` (RFC 9111, section 5.2.2.8).
        public static let proxyRevalidate = Flags(rawValue: 1 << 5)
        /// `must-understand` (RFC 9111, section 5.2.2.3).
        public static let mustUnderstand = Flags(rawValue: 1 << 6)
        /// `no-transform` (RFC 9111, section 5.2.2.6).
        public static let noTransform = Flags(rawValue: 1 << 7)
        /// `immutable` (RFC 8246), which asks nothing of a shared cache but to be passed on.
        public static let immutable = Flags(rawValue: 1 << 8)
    }

    /// The directives without arguments.
    public var flags: Flags = []
    /// `max-age` (RFC 9111, section 5.2.2.1), in seconds.
    public var maxAge: Int64?
    /// `s-maxage` (RFC 9111, section 5.2.2.10), in seconds.
    public var sharedMaxAge: Int64?
    /// `stale-while-revalidate` (RFC 5861, section 3), in seconds.
    public var staleWhileRevalidate: Int64?
    /// `stale-if-error` (RFC 5861, section 4), in seconds.
    public var staleIfError: Int64?
    /// The fields that `private` names, in lower case: they are not stored.
    public var privateFields: [String] = []
    /// The fields that `no-cache` names, in lower case: they are not stored, since they could not be sent unasked.
    public var noCacheFields: [String] = []

    /// More names than this in one directive count as the directive without names, which is the stricter one.
    static let mostFieldNames = 64

    /// Makes directives that say nothing.
    public init() {}

    /// Reads `Cache-Control`, on as many lines as it has.
    ///
    /// - Parameter fields: The response's fields.
    public init(cacheControl fields: HTTPFields) {
        for field in fields where field.name == .cacheControl {
            field.withUnsafeBytesOfValue { self.read($0) }
        }
    }

    /// Whether the response must not be used without asking the origin once it is stale (RFC 9111, section 4.2.4).
    ///
    /// `s-maxage` implies it for shared caches (section 5.2.2.10).
    public var forbidsStale: Bool {
        self.sharedMaxAge != nil || !self.flags.isDisjoint(with: [.noCache, .mustRevalidate, .proxyRevalidate])
    }

    /// Whether the response may be stored although its request carried `Authorization` (RFC 9111, section 3.5).
    public var permitsAuthorization: Bool {
        self.sharedMaxAge != nil || !self.flags.isDisjoint(with: [.isPublic, .mustRevalidate])
    }

    mutating func read(_ value: FieldBytes) {
        value.forEachMember { member in
            self.read(directive: member)
            return true
        }
    }

    private mutating func read(directive member: FieldBytes) {
        let equals = member.firstIndex(of: UInt8(ascii: "="))
        // A space before the equals sign is not in the grammar, and one behind it is part of the argument: such a number is
        // none.
        let name = member.part(0..<(equals ?? member.count)).trimmed
        let argument = equals.map { member.part(($0 + 1)..<member.count) }
        let isSpaced = equals.map { $0 > 0 && member[$0 - 1].isWhitespace } ?? false
        switch name.count {
        case 6 where name.isToken("public"):
            if argument == nil { self.flags.insert(.isPublic) }
        case 7:
            if name.isToken("max-age") {
                self.maxAge = Self.shorter(self.maxAge, argument, isSpaced)
            } else if name.isToken("private") {
                self.read(names: argument, into: \.privateFields, or: .isPrivate)
            }
        case 8:
            if name.isToken("s-maxage") {
                self.sharedMaxAge = Self.shorter(self.sharedMaxAge, argument, isSpaced)
            } else if name.isToken("no-store") {
                self.flags.insert(.noStore)
            } else if name.isToken("no-cache") {
                self.read(names: argument, into: \.noCacheFields, or: .noCache)
            }
        case 9 where name.isToken("immutable"):
            self.flags.insert(.immutable)
        case 12 where name.isToken("no-transform"):
            self.flags.insert(.noTransform)
        case 14 where name.isToken("stale-if-error"):
            self.staleIfError = Self.shorter(self.staleIfError, argument, isSpaced)
        case 15:
            if name.isToken("must-revalidate") {
                self.flags.insert(.mustRevalidate)
            } else if name.isToken("must-understand"), argument == nil {
                self.flags.insert(.mustUnderstand)
            }
        case 16 where name.isToken("proxy-revalidate"):
            self.flags.insert(.proxyRevalidate)
        case 22 where name.isToken("stale-while-revalidate"):
            self.staleWhileRevalidate = Self.shorter(self.staleWhileRevalidate, argument, isSpaced)
        default:
            break
        }
    }

    /// The smaller of what was said before and what is said now; what is no number is zero, so the response is stale.
    private static func shorter(_ before: Int64?, _ argument: FieldBytes?, _ isSpaced: Bool) -> Int64 {
        let seconds = isSpaced ? 0 : DeltaSeconds.argument(argument) ?? 0
        return before.map { min($0, seconds) } ?? seconds
    }

    /// Reads the names that `private` and `no-cache` may carry.
    mutating func read(names argument: FieldBytes?, into path: WritableKeyPath<Self, [String]>, or flag: Flags) {
        guard let argument else {
            self.flags.insert(flag)
            return
        }
        var names = self[keyPath: path]
        let before = names.count
        let isWhole = (argument.unquoted ?? argument).forEachMember { member in
            guard names.count < Self.mostFieldNames, let name = member.lowercasedToken else { return false }
            names.append(name)
            return true
        }
        if isWhole, names.count > before {
            self[keyPath: path] = names
        } else {
            self.flags.insert(flag)
        }
    }
}
