public import HTTPTypes

/// Everything in which one cache differs from the next: where the RFCs leave a choice, and where an application wants less
/// than they permit.
///
/// Begin with ``application`` or ``proxy`` and change what you need.
public struct CachePolicy: Sendable {
    /// What is done about responses that set cookies.
    public enum SetCookie: Sendable, Hashable {
        /// They are stored and sent to everybody, as RFC 9111 permits (section 7.3).
        case store
        /// They are stored only if they say `public`.
        case storeIfPublic
        /// They are not stored.
        case bypass
        /// They are stored without `Set-Cookie`; only the client that caused them gets the cookie.
        case strip
    }

    /// What is done about requests that carry `Authorization`.
    public enum Authorization: Sendable, Hashable {
        /// They go to the origin, and their answers are not stored.
        case bypass
        /// Their answers are stored if they permit it (RFC 9111, section 3.5).
        case whenPermitted
        /// Their answers are stored, under a key with `authorization` among its ``KeyPolicy/fields``, or with the part
        /// ``KeyPolicy/credentials`` that says whom they stand for. Without either this is ``bypass``.
        case keyed
    }

    /// ``authorization``, unless it needs a key that there is not.
    var effectiveAuthorization: Authorization {
        self.authorization == .keyed && !self.key.tellsCredentials ? .bypass : self.authorization
    }

    // MARK: Freshness

    /// The targeted fields that are meant for this cache, the most specific first (RFC 9213).
    public var targetedFields: [HTTPField.Name] = [FieldName.cdnCacheControl]
    /// Whether targeted fields are passed on to clients and caches beyond, as RFC 9213 has it by default.
    public var forwardsTargetedFields = true
    /// Whether a response without a lifetime is fresh for a tenth of the time since `Last-Modified` (RFC 9111,
    /// section 4.2.2).
    public var usesHeuristics = true
    /// How long such a response is fresh at most.
    public var longestHeuristicLifetime: Duration = .seconds(86_400)
    /// How long any response is fresh at most, whatever it says; `nil` for no bound.
    public var longestLifetime: Duration?
    /// How long a 404 or 410 is fresh that does not say so itself, at most a minute; `nil` for not at all.
    ///
    /// No other error has a time by default: an attacker who gets one stored has taken the page from everybody.
    public var negativeLifetime: Duration?
    /// The longest ``negativeLifetime``.
    public static let longestNegativeLifetime: Duration = .seconds(60)
    /// How far `Date` may lie in the past without making a response older.
    public var dateSkew: Duration = .seconds(1)

    // MARK: Storing

    /// What is done about responses that set cookies.
    public var setCookie: SetCookie
    /// What is done about requests with credentials.
    public var authorization: Authorization
    /// Whether an answer to a request with `Cookie` is stored that neither says how long it may be reused nor varies by
    /// `Cookie`.
    ///
    /// The RFCs permit it. A handler that says nothing may have written the page for that visitor alone.
    public var guessesWithCookies: Bool
    /// Whether the answer to a POST may be stored to answer later GETs (RFC 9110, section 9.3.3).
    public var storesPOST = true
    /// Whether responses are stored that are stale on arrival and carry nothing to ask again with: they can only stand in
    /// for a failing origin.
    public var storesStaleOnArrival: Bool
    /// Whether an older entry survives an answer that says `no-store`.
    public var keepsOlderOnNoStore = false
    /// How many fields a response may have to be stored.
    public var mostFields = 1_000
    /// How many variants of one key are kept.
    public var mostVariants = 32

    // MARK: Requests and stale answers

    /// Whether what clients say in `Cache-Control` is heeded: `no-cache` from everybody bypasses a cache.
    public var heedsRequestDirectives = true
    /// How long a stale answer may be sent while it is refreshed behind it, where the response does not say (RFC 5861).
    public var staleWhileRevalidate: Duration?
    /// How long a stale answer may stand in for an error of the origin, where neither response nor request says.
    public var staleIfError: Duration?
    /// How long a stale answer may stand in for an origin that does not answer at all, where the response says nothing of
    /// stale answers (RFC 9111, section 4.2.4).
    ///
    /// In front of an application there is no way on which an answer gets lost: a handler that fails is an error, see
    /// ``staleIfError``.
    public var staleWhenUnreachable: Duration?
    /// How long past its freshness a response is worth keeping because it can be asked for again with its validator.
    public var validatorRetention: Duration = .seconds(86_400)

    /// The protocols, in lower case, to which a request may ask to switch; such a request is not looked up.
    ///
    /// A request that names another in `Upgrade`, such as `h2c`, is one like any other, and the field ends here.
    public var upgradeProtocols: Set<String> = ["websocket"]

    // MARK: Keys and variants

    /// What makes the primary key.
    public var key = KeyPolicy()
    /// How values of fields that `Vary` names are made comparable, by the field's name in lower case.
    public var normalizers: [String: FieldNormalizer]
    /// Whether a response with one `Content-Language` also answers requests that prefer that language, although they did
    /// not send the same `Accept-Language`.
    public var matchesContentLanguage: Bool

    // MARK: Ranges

    /// How long a body may be for a request for a part of it to be sent on as one for the whole.
    public var longestRangeFill: Int64 = 1 << 20

    // MARK: Purging

    /// The response fields that carry tags; they are not sent to clients.
    public var tagFields: [TagField] = [.surrogateKey, .cacheTag]
    /// How many tags a response may have to be stored: one that was left out would keep the entry from being purged.
    public var mostTags = 128
    /// How many bytes a tag may have.
    public var longestTag = 256

    // MARK: Telling

    /// What the cache calls itself in `Cache-Status`; `nil` sends no such field (RFC 9211).
    public var statusName: String?
    /// Whether `Cache-Status` tells the key, which is for debugging only.
    public var tellsKey = false

    /// For a cache in front of an application's own handlers: nothing is stored that could be somebody's.
    public static let application = CachePolicy(
        setCookie: .bypass,
        authorization: .bypass,
        guessesWithCookies: false,
        staleWhenUnreachable: nil,
        storesStaleOnArrival: false,
        normalizers: ["accept-language": .acceptLanguage(ignoresOrder: false)],
        matchesContentLanguage: false
    )

    /// For a shared cache between clients and an origin: what the RFCs permit.
    public static let proxy = CachePolicy(
        setCookie: .store,
        authorization: .whenPermitted,
        guessesWithCookies: true,
        staleWhenUnreachable: .seconds(86_400),
        storesStaleOnArrival: true,
        normalizers: ["accept-language": .acceptLanguage(ignoresOrder: true)],
        matchesContentLanguage: true
    )

    private init(
        setCookie: SetCookie,
        authorization: Authorization,
        guessesWithCookies: Bool,
        staleWhenUnreachable: Duration?,
        storesStaleOnArrival: Bool,
        normalizers: [String: FieldNormalizer],
        matchesContentLanguage: Bool
    ) {
        self.setCookie = setCookie
        self.authorization = authorization
        self.guessesWithCookies = guessesWithCookies
        self.staleWhenUnreachable = staleWhenUnreachable
        self.storesStaleOnArrival = storesStaleOnArrival
        self.normalizers = normalizers
        self.matchesContentLanguage = matchesContentLanguage
    }
}
