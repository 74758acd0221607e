import HTTPTypes
public import Hummingbird
public import Larder
import LarderHTTP
public import Logging
import NIOCore
public import ServiceLifecycle

/// An HTTP cache in front of handlers or of an origin (RFC 9111), on any Larder ``Cache``.
///
/// It is the one that ``ResponseCacheMiddleware`` puts before routes, and a proxy before its client. What HTTP says of caching is
/// decided by `LarderHTTP`; this class keeps the answers, lets one request ask for all who want the same, and sees to it that what was
/// asked for before an invalidation is not stored after it.
///
/// Pages lie in the cache that it is given, under a prefix of their own. Whatever a handler fetches from that same cache while it
/// makes a page gives the page its tags: invalidating `book:42` drops the pages that show it.
public final class ResponseCache: Sendable {
    /// Where the pages lie.
    public let cache: Cache
    /// What is stored, and how.
    public let options: ResponseCacheOptions

    let flights = PageFlights()
    let work = BackgroundWork()
    let tallies = ResponseCacheTallies()
    let logger: Logger
    /// The rules as this cache applies them.
    let policy: CachePolicy

    /// Makes a cache of answers.
    ///
    /// - Parameters:
    ///   - cache: Where the pages lie. Take the one that handlers fetch from, so that pages know what they are made of.
    ///   - options: What is stored, and how.
    ///   - logger: Where it is said that an invalidation or a refresh has failed.
    public init(
        _ cache: Cache,
        options: ResponseCacheOptions = .application(),
        logger: Logger = Logger(label: "larder.http")
    ) {
        self.cache = cache
        self.options = options
        self.logger = logger
        var policy = options.policy
        // A store takes no more and no longer ones.
        policy.mostTags = min(policy.mostTags, 90)
        policy.longestTag = min(policy.longestTag, 250)
        if options.browserTTL != nil { policy.targetedFields.insert(OwnField.cacheControl, at: 0) }
        self.policy = policy
    }

    /// What has been counted since it was made.
    public var counters: ResponseCacheCounters { self.tallies.snapshot }

    /// Ends all refreshes under way.
    public func shutdown() async {
        await self.work.end()
    }

    /// Answers a request: from what is stored, or by asking and storing.
    ///
    /// - Parameters:
    ///   - request: The client's request.
    ///   - refresh: Asks the handler behind the client, after it has got what is stale (RFC 5861). Without it, the first who finds an
    ///     answer stale waits for a new one, and others get the stale one meanwhile.
    ///   - next: Asks the handler.
    /// - Returns: The answer.
    /// - Throws: What the handler throws, unless something stored may stand in for it.
    public func respond(
        to request: Request,
        refresh: (@Sendable (Request) async throws -> Response)? = nil,
        next: (Request) async throws -> Response
    ) async throws -> Response {
        // A refresh on its way to its handler passes by here once more.
        if let flight = RefreshInFlight.current, flight === self { return try await next(request) }
        var incoming = Incoming(request, self.policy)
        let treatment = incoming.summary.treatment(self.policy)
        guard case .lookUp = treatment else { return try await self.pass(incoming, treatment, next) }
        guard let key = self.key(of: incoming) else { return try await self.pass(incoming, nil, next) }
        if self.options.cookies == .removed {
            incoming.keepCookies(self.options.variations.compactMap(\.cookieName))
        }
        // A handler that sees what the key does not have would make a page of it for everybody.
        if self.policy.key.query.hidesArguments, let path = incoming.head.path {
            incoming.show(path: self.policy.key.query.visible(path))
        }
        let call = PageCall(
            incoming: incoming,
            key: key,
            cacheKey: PageKey.key(of: key, prefix: self.options.keyPrefix),
            refresh: refresh
        )
        // What lies in memory is answered without ever suspending.
        guard let found = self.findAtOnce(call.cacheKey) else { return try await self.lookUp(call, next) }
        if let response = self.hit(call, found) { return response }
        return try await self.decide(call, .found(found), next)
    }

    /// The key of a request; nothing where its host is none of this cache's.
    func key(of incoming: Incoming) -> ResponseKey? {
        let variations = self.options.variations
        let parts = variations.isEmpty ? [] : variations.compactMap { $0.part(incoming.request) }
        return ResponseKey(incoming.head, policy: self.policy.key, parts: parts)
    }

    // MARK: Time

    var now: CacheInstant { self.options.clock.now }

    var wallTime: HTTPTime { HTTPTime(millisecondsSince1970: self.options.clock.sharedMilliseconds) }
}

extension ResponseCache: Service {
    /// Waits for the service group to shut down, then ends all refreshes under way.
    public func run() async throws {
        // It throws when the task is cancelled, which means the same here: the end of the service.
        try? await gracefulShutdown()
        await self.shutdown()
    }
}

/// The refresh that the current task carries out.
enum RefreshInFlight {
    @TaskLocal static var current: ResponseCache?
}

/// The pages that the current task is making.
///
/// A cache of answers on a router and another on a group, on the same entries, are one for each page: the outer.
enum PagesBeingMade {
    struct Page: Sendable, Hashable {
        var cache: ObjectIdentifier
        var key: CacheKey<StoredPage>
    }

    @TaskLocal static var current: Set<Page> = []

    static func has(_ cache: Cache, _ key: CacheKey<StoredPage>) -> Bool {
        let current = self.current
        return !current.isEmpty && current.contains(Page(cache: ObjectIdentifier(cache), key: key))
    }

    static func making<Result>(
        _ cache: Cache,
        _ key: CacheKey<StoredPage>,
        _ body: () async throws -> Result
    ) async rethrows -> Result {
        let pages = self.current.union([Page(cache: ObjectIdentifier(cache), key: key)])
        return try await self.$current.withValue(pages) { try await body() }
    }
}

/// Fields that this cache and the helpers of ``Response`` speak in, which no client sees.
enum OwnField {
    /// Directives for this cache alone (RFC 9213).
    static let cacheControl = Self.name("Larder-Cache-Control")

    private static func name(_ text: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(text) else { preconditionFailure("\(text) is no name of a field") }
        return name
    }
}

/// A request as it came.
struct Incoming: Sendable {
    var request: Request
    /// The request's head without what `Connection` names.
    var head: HTTPRequest
    var summary: RequestSummary

    init(_ request: Request, _ policy: CachePolicy) {
        var head = request.head
        self.summary = RequestSummary(&head, hasBody: false, policy: policy)
        self.head = head
        // Nothing but whole fields is taken out; comparing two heads would cost every hit more than reading this one.
        let isWhole = head.headerFields.count == request.headers.count
        self.request = isWhole ? request : Request(head: head, body: request.body)
    }

    /// Puts another path into the request.
    mutating func show(path: String) {
        guard path != self.head.path else { return }
        self.head.path = path
        self.request = Request(head: self.head, body: self.request.body)
    }

    /// Removes all cookies but some.
    mutating func keepCookies(_ names: [String]) {
        guard self.head.headerFields.contains(.cookie) else { return }
        let cookies = self.request.cookies
        let kept = names.compactMap { name in cookies[name].map { "\(name)=\($0.value)" } }
        self.head.headerFields[.cookie] = kept.isEmpty ? nil : kept.joined(separator: "; ")
        self.request = Request(head: self.head, body: self.request.body)
    }

    /// The request with another head.
    func request(_ head: HTTPRequest) -> Request {
        head == self.head ? self.request : Request(head: head, body: self.request.body)
    }
}

/// A request on its way through the cache.
struct PageCall: Sendable {
    var incoming: Incoming
    var key: ResponseKey
    var cacheKey: CacheKey<StoredPage>
    /// Asks the handler behind the client.
    var refresh: (@Sendable (Request) async throws -> Response)?
    /// How often it has begun anew.
    var attempts = 0
    /// Whether it has waited for somebody else's answer.
    var hasWaited = false

    var summary: RequestSummary { self.incoming.summary }
    var fields: HTTPFields { self.incoming.head.headerFields }
}
