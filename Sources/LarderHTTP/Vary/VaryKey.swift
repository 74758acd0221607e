public import HTTPTypes

/// What selects a stored response among those of one key: the request fields that its `Vary` names, and their values
/// (RFC 9111, section 4.1).
///
/// Each stored response has its own, since responses of one URI need not vary by the same fields.
public struct VaryKey: Sendable, Hashable, Codable {
    /// A field of a request, by which a response varies.
    public struct Selector: Sendable, Hashable, Codable {
        /// The field's name, in lower case.
        public let name: String
        /// Its value in a comparable form; `nil` where the request did not have the field, which is not the same as an
        /// empty one.
        public let value: [UInt8]?
    }

    /// The fields, in the order of their names.
    public let selectors: [Selector]

    /// More names than this count as `*`.
    private static let mostNames = 64

    /// Makes the key of a response that does not vary.
    public init() {
        self.selectors = []
    }

    /// Reads a response's `Vary`, and what its request said; `nil` where no other request can be like it.
    ///
    /// - Parameters:
    ///   - response: The response's fields.
    ///   - request: The request's fields.
    ///   - policy: How values are made comparable.
    public init?(response: HTTPFields, request: HTTPFields, policy: CachePolicy) {
        guard let names = Self.names(in: response) else { return nil }
        var selectors: [Selector] = []
        for name in names.sorted() {
            switch Self.form(of: name, in: request, policy: policy) {
            case .absent: selectors.append(Selector(name: name, value: nil))
            case .value(let value): selectors.append(Selector(name: name, value: value))
            case .unreadable: return nil
            }
        }
        self.selectors = selectors
    }

    init(_ selectors: [Selector]) {
        self.selectors = selectors
    }

    /// Why there is no key: `Vary` says so, or the request has more in a field than is compared, which says nothing of the
    /// response.
    static func refusal(_ response: HTTPFields) -> StorageRefusal {
        self.names(in: response) == nil ? .varyAny : .requestSpecific
    }

    /// The names in `Vary`, in lower case; `nil` where no other request can be like the one that was made.
    private static func names(in response: HTTPFields) -> Set<String>? {
        var names: Set<String> = []
        let canMatch = response.forEachMember(of: .vary) { member in
            // `*` anywhere, or what is no field's name, matches nothing.
            guard let name = member.lowercasedToken, name != "*", names.count < Self.mostNames else { return false }
            names.insert(name)
            return true
        }
        return canMatch ? names : nil
    }

    /// The same requests, as a new `Vary` of the response tells them apart; `nil` where it names a field of which it is not
    /// known what they said.
    func narrowed(to response: HTTPFields) -> VaryKey? {
        guard let names = Self.names(in: response) else { return nil }
        let kept = self.selectors.filter { names.contains($0.name) }
        return kept.count == names.count ? VaryKey(kept) : nil
    }

    /// Whether the response does not vary.
    public var isEmpty: Bool { self.selectors.isEmpty }

    /// Whether a request says the same as the one that caused the response.
    ///
    /// - Parameters:
    ///   - request: The request's fields.
    ///   - policy: How values are made comparable; the one that the key was made with.
    /// - Returns: Whether all fields match.
    public func matches(_ request: HTTPFields, policy: CachePolicy) -> Bool {
        var forms = RequestForms()
        return self.matches(request, &forms, policy: policy)
    }

    func matches(_ request: HTTPFields, _ forms: inout RequestForms, policy: CachePolicy) -> Bool {
        for selector in self.selectors where !forms.matches(selector, in: request, policy: policy) { return false }
        return true
    }

    /// Whether a request that does not match still prefers the one language that the response is in.
    ///
    /// - Parameters:
    ///   - request: The request's fields.
    ///   - forms: What was made of them before.
    ///   - preferred: The language that the request asks for, in lower case.
    ///   - language: The response's `Content-Language`, if it has one, in lower case.
    ///   - policy: How the other values are made comparable.
    /// - Returns: Whether all fields but `Accept-Language` match, and that one asks for the language.
    func matches(
        _ request: HTTPFields,
        _ forms: inout RequestForms,
        preferred: String,
        language: String?,
        policy: CachePolicy
    ) -> Bool {
        guard language == preferred else { return false }
        for selector in self.selectors where selector.name != "accept-language" {
            if !forms.matches(selector, in: request, policy: policy) { return false }
        }
        return true
    }

    /// What makes such a response useless to nearly all others, worth telling its author.
    public var warning: Warning? {
        if self.selectors.contains(where: { $0.name == "cookie" }) { return .cookie }
        if self.selectors.contains(where: { $0.name == "user-agent" }) { return .userAgent }
        return nil
    }

    /// A `Vary` that all but disables caching.
    public enum Warning: String, Sendable, Hashable {
        /// By `Cookie`: each visitor has another. ``FieldNormalizer/cookies(named:)`` compares those that matter.
        case cookie
        /// By `User-Agent`, of which there are thousands. ``FieldNormalizer/custom(_:)`` can reduce them to a few classes.
        case userAgent
    }

    /// The comparable form of a field of a request.
    static func form(of name: String, in request: HTTPFields, policy: CachePolicy) -> FieldForm {
        (policy.normalizers[name] ?? .list).form(of: name, in: request)
    }
}
