public import HTTPTypes

/// What a request asks of caches (RFC 9111, section 5.2.1).
public struct RequestDirectives: Sendable, Hashable {
    /// `no-cache` (section 5.2.1.4), or `Pragma: no-cache` in a request without `Cache-Control` (section 5.4).
    public var noCache = false
    /// `no-store` (section 5.2.1.5).
    public var noStore = false
    /// `only-if-cached` (section 5.2.1.7).
    public var onlyIfCached = false
    /// `no-transform` (section 5.2.1.6).
    public var noTransform = false
    /// `max-age` (section 5.2.1.1), in seconds; what is no number is zero, which asks the origin.
    public var maxAge: Int64?
    /// `min-fresh` (section 5.2.1.3), in seconds; what is no number is ignored.
    public var minFresh: Int64?
    /// `max-stale` (section 5.2.1.2), in seconds, without a number as long as can be; what is no number permits nothing.
    public var maxStale: Int64?
    /// `stale-if-error` (RFC 5861, section 4), in seconds.
    public var staleIfError: Int64?

    /// Makes directives that ask nothing.
    public init() {}

    /// Reads `Cache-Control`, and `Pragma` where there is none.
    ///
    /// - Parameter fields: The request's fields.
    public init(_ fields: HTTPFields) {
        var hasCacheControl = false
        for field in fields where field.name == .cacheControl {
            hasCacheControl = true
            field.withUnsafeBytesOfValue { self.read($0) }
        }
        guard !hasCacheControl else { return }
        for field in fields where field.name == FieldName.pragma {
            field.withUnsafeBytesOfValue { value in
                _ = value.forEachMember { member in
                    if member.isToken("no-cache") { self.noCache = true }
                    return true
                }
            }
        }
    }

    /// Whether nothing is asked.
    public var isEmpty: Bool { self == RequestDirectives() }

    private mutating func read(_ value: FieldBytes) {
        value.forEachMember { member in
            let equals = member.firstIndex(of: UInt8(ascii: "="))
            let name = member.part(0..<(equals ?? member.count))
            let argument = equals.map { member.part(($0 + 1)..<member.count) }
            if name.isToken("max-age") {
                let seconds = DeltaSeconds.argument(argument) ?? 0
                self.maxAge = min(self.maxAge ?? seconds, seconds)
            } else if name.isToken("no-cache") {
                self.noCache = true
            } else if name.isToken("no-store") {
                self.noStore = true
            } else if name.isToken("only-if-cached") {
                self.onlyIfCached = true
            } else if name.isToken("no-transform") {
                self.noTransform = true
            } else if name.isToken("min-fresh") {
                guard let seconds = DeltaSeconds.argument(argument) else { return true }
                self.minFresh = max(self.minFresh ?? seconds, seconds)
            } else if name.isToken("max-stale") {
                guard let seconds = argument == nil ? .max : DeltaSeconds.argument(argument) else { return true }
                self.maxStale = min(self.maxStale ?? seconds, seconds)
            } else if name.isToken("stale-if-error") {
                guard let seconds = DeltaSeconds.argument(argument) else { return true }
                self.staleIfError = min(self.staleIfError ?? seconds, seconds)
            }
            return true
        }
    }
}
