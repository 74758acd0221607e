import HTTPTypes
public import Hummingbird
public import Larder
import LarderHTTP
public import Logging
import NIOCore
public import ServiceLifecycle
import Synchronization

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
    /// Which of this process' caches of answers it is; none is 0.
    let number = ResponseCache.numbers.add(1, ordering: .relaxed).newValue

    let recentKeys = RecentKeys()
    /// Whether the key is made of nothing but the URI and fields that most requests do not have.
    let keysAreRemembered: Bool

    private static let numbers = Atomic<Int>(0)

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
        // Cookies that are removed have no say in what is selected.
        self.keysAreRemembered =
            options.variations.isEmpty && policy.key.credentials == nil && options.cookies != .removed
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
        try await self.go(on: self.begin(request), refresh: refresh, next: next)
    }

    /// Reads a request, and answers it where that takes no waiting.
    ///
    /// - Parameter request: The client's request.
    /// - Returns: The answer, or what ``go(on:refresh:next:)`` takes.
    func begin(_ request: Request) -> Beginning {
        // A refresh on its way to its handler passes by here once more.
        if let flight = RefreshInFlight.current, flight === self { return .refresh(request) }
        let quick = self.keysAreRemembered ? self.hitAtOnce(request.head) : .unknown
        if case .hit(let answer) = quick { return .answer(answer.response) }
        let incoming = Incoming(request, self.policy)
        let treatment = incoming.summary.treatment(self.policy)
        guard case .lookUp = treatment else { return .past(incoming, treatment) }
        guard let call = self.call(of: incoming) else { return .past(incoming, nil) }
        if case .found(let found) = quick { return .page(call, found) }
        guard let found = self.findAtOnce(call.cacheKey) else { return .page(call, nil) }
        guard let answer = self.hit(found, call.summary, call.fields, call.key) else { return .page(call, found) }
        return .answer(answer.response)
    }

    /// Answers a request that has been read; the parameters are those of ``respond(to:refresh:next:)``.
    func go(
        on beginning: Beginning,
        refresh: (@Sendable (Request) async throws -> Response)?,
        next: (Request) async throws -> Response
    ) async throws -> Response {
        switch beginning {
        case .answer(let response): return response
        case .refresh(let request): return try await next(request)
        case .past(let incoming, let treatment): return try await self.pass(incoming, treatment, next)
        case .page(var call, let found):
            call.refresh = refresh
            guard let found else { return try await self.lookUp(call, next) }
            return try await self.decide(call, .found(found), next)
        }
    }

    /// A request for a page.
    ///
    /// - Parameter incoming: A request that is to be looked up.
    /// - Returns: It with its key; nothing where its host is none of this cache's.
    func call(of incoming: consuming Incoming) -> PageCall? {
        guard let key = self.key(of: incoming) else { return nil }
        let cacheKey = PageKey.key(of: key, prefix: self.options.keyPrefix)
        if self.keysAreRemembered, !self.policy.key.hasParts(incoming.head.headerFields) {
            self.recentKeys.remember(incoming.head, key, cacheKey)
        }
        if self.options.cookies == .removed {
            incoming.keepCookies(self.options.variations.compactMap(\.cookieName))
        }
        // A handler that sees what the key does not have would make a page of it for everybody.
        if self.policy.key.query.hidesArguments, let path = incoming.head.path {
            incoming.show(path: self.policy.key.query.visible(path))
        }
        return PageCall(incoming: incoming, key: key, cacheKey: cacheKey)
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

    /// What an answer says that is not for all who get it from the store: to this cache, or to one client of its limits.
    static let unstored = [Self.cacheControl, Self.name("RateLimit"), Self.name("RateLimit-Policy")]

    private static func name(_ text: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(text) else { preconditionFailure("\(text) is no name of a field") }
        return name
    }
}
