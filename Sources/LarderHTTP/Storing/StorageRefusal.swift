/// Why a response is not stored: one of a small set, fit for a metric's label.
///
/// More reasons can come in later versions, so a `switch` over it needs a `default`.
public struct StorageRefusal: Sendable, Hashable, CustomStringConvertible {
    private enum Kind: String {
        case method
        case requestNoStore
        case authorization
        case cookie
        case status
        case partialContent
        case notModified
        case requestSpecific
        case noStore
        case isPrivate
        case notUnderstood
        case varyAny
        case setCookie
        case noFreshness
        case staleOnArrival
        case incomplete
        case tooManyFields
        case tooManyTags
        case eventStream
        case uncacheable
        case tooLarge
        case invalidated
    }

    private let kind: Kind

    private init(_ kind: Kind) {
        self.kind = kind
    }

    /// The method's answers are not stored, or this POST's are not.
    public static let method = StorageRefusal(.method)
    /// The request said `no-store`.
    public static let requestNoStore = StorageRefusal(.requestNoStore)
    /// The request carried credentials, and nothing permits to store its answer (RFC 9111, section 3.5).
    public static let authorization = StorageRefusal(.authorization)
    /// The request carried cookies, and the response does not say for how long it may be reused.
    public static let cookie = StorageRefusal(.cookie)
    /// The status is not a final one.
    public static let status = StorageRefusal(.status)
    /// A part of a representation.
    public static let partialContent = StorageRefusal(.partialContent)
    /// A 304, which describes an entry and is none.
    public static let notModified = StorageRefusal(.notModified)
    /// What became of the request's own range or conditions, or of a varied field longer than any that is compared: no other
    /// request has asked for that.
    public static let requestSpecific = StorageRefusal(.requestSpecific)
    /// The response says `no-store`.
    public static let noStore = StorageRefusal(.noStore)
    /// The response says `private`.
    public static let isPrivate = StorageRefusal(.isPrivate)
    /// The response says `must-understand`, and its status is not understood.
    public static let notUnderstood = StorageRefusal(.notUnderstood)
    /// `Vary` says that no request is like another, or what nobody can read.
    public static let varyAny = StorageRefusal(.varyAny)
    /// The response sets cookies, and the policy does not store such.
    public static let setCookie = StorageRefusal(.setCookie)
    /// Neither a lifetime nor a validator with a status that may be stored without.
    public static let noFreshness = StorageRefusal(.noFreshness)
    /// Stale on arrival, and of no further use.
    public static let staleOnArrival = StorageRefusal(.staleOnArrival)
    /// The body did not come to its end, or is not as long as was said.
    public static let incomplete = StorageRefusal(.incomplete)
    /// More fields than the policy stores.
    public static let tooManyFields = StorageRefusal(.tooManyFields)
    /// More or longer tags than the policy stores.
    public static let tooManyTags = StorageRefusal(.tooManyTags)

    /// A stream of events, which has no end to wait for.
    public static let eventStream = StorageRefusal(.eventStream)
    /// The application said that this response is not to be stored.
    ///
    /// For callers, which know: no rule here refuses for it, nor for ``tooLarge`` and ``invalidated``.
    public static let uncacheable = StorageRefusal(.uncacheable)
    /// The body is longer than the caller keeps.
    public static let tooLarge = StorageRefusal(.tooLarge)
    /// The target was invalidated while it was fetched.
    public static let invalidated = StorageRefusal(.invalidated)

    /// The reason's name.
    public var description: String { self.kind.rawValue }

    /// Whether it is the request for which the answer is not stored, and not the answer.
    package var liesInRequest: Bool { self == .authorization || self == .cookie || self == .requestSpecific }

    /// Whether an entry that was stored before has to go, since the origin has changed its mind.
    ///
    /// What lies in the request, in the body's fate or in an error of the origin says nothing of the entry. Nor does an error
    /// that is one client's, such as 400 or 429: anybody could take the page from everybody with a bad request. Those that
    /// tell of the resource do: it is gone, or not for everybody any more.
    ///
    /// - Parameters:
    ///   - status: The response's status.
    ///   - policy: The cache's policy.
    /// - Returns: Whether the older entry has to go.
    public func dropsOlder(status: Int, policy: CachePolicy) -> Bool {
        switch self.kind {
        case .method, .requestNoStore, .authorization, .cookie, .status, .partialContent, .notModified,
            .requestSpecific,
            .incomplete, .invalidated:
            false
        case .noStore: !policy.keepsOlderOnNoStore && StatusRules.describesResource(status)
        case .isPrivate, .notUnderstood, .varyAny, .setCookie, .noFreshness, .staleOnArrival, .tooManyFields,
            .tooManyTags, .eventStream, .uncacheable, .tooLarge:
            StatusRules.describesResource(status)
        }
    }
}
