import HTTPTypes
public import Hummingbird
public import Larder
public import LarderHTTP

/// What a ``ResponseCache`` does where HTTP leaves a choice, and how much of anything it takes.
///
/// Begin with ``application`` or ``proxy`` and change what you need.
public struct ResponseCacheOptions: Sendable {
    /// The rules of HTTP: what may be stored, under which key, and for how long.
    public var policy: CachePolicy

    /// How long an answer is fresh whose handler says nothing of it; `nil` stores only what says so itself.
    ///
    /// It is written into the answer as `Cache-Control: max-age`, so browsers keep it as long, unless ``browserTTL`` says
    /// otherwise.
    public var ttl: Duration?

    /// How long browsers and other caches beyond this one may keep what ``ttl`` applies to; `nil` takes ``ttl``, zero lets them
    /// keep it but ask each time.
    ///
    /// A page that a tag invalidates here cannot be taken back from a browser.
    public var browserTTL: Duration?

    /// What else selects the answer, beside the URI.
    public var variations: [Variation] = []

    /// Tags of every answer, known before the handler runs, so that an invalidation while it runs is not missed.
    public var tags: @Sendable (Request) -> [String] = { _ in [] }

    /// How long a body may be to be stored, in bytes.
    public var longestBody = 1 << 20

    /// Up to how many bytes a body of known length is gathered before the head leaves, so that it has an `ETag` and its client's
    /// conditions and ranges can be answered; zero for never.
    ///
    /// A handler's text is in memory already, so nobody waits for it. A proxy passes on what comes.
    public var gathersUpTo = 1 << 20

    /// Whether gathered bodies without an `ETag` get one, made of their bytes.
    public var makesEntityTags = true

    /// How long callers wait for somebody else's answer to the same request before they ask for themselves.
    public var longestWait: Duration = .seconds(10)

    /// How long a fill may hold the right to store its answer.
    public var fillTimeout: Duration = .seconds(30)

    /// How long a page whose answer could not be stored is asked for by everybody at once, instead of one after another.
    public var uncacheableMemory: Duration = .seconds(10)

    /// How many pages are refreshed behind their readers at a time.
    public var mostRefreshes = 32

    /// What stands before the URI in the keys of the cache.
    public var keyPrefix = "page:"

    /// The clock; tests drive one by hand.
    public var clock: CacheClock = .system

    /// In front of an application's own handlers: nothing is stored that could be somebody's, and nothing at all that does not say
    /// for how long, unless `ttl` does.
    ///
    /// - Parameter ttl: How long an answer is fresh whose handler says nothing of it.
    /// - Returns: The options.
    public static func application(ttl: Duration? = nil) -> Self {
        var options = Self(policy: .application)
        options.ttl = ttl
        // An address or host that a client makes up selects another page, and poisons nobody's.
        options.policy.key.fields = KeyPolicy.unkeyedInputs
        options.policy.statusName = "Larder"
        return options
    }

    /// Between clients and an origin that is somebody else's: everything that the RFCs permit.
    ///
    /// - Returns: The options.
    public static func proxy() -> Self {
        var options = Self(policy: .proxy)
        options.policy.statusName = "Larder"
        options.gathersUpTo = 0
        options.makesEntityTags = false
        return options
    }

    /// Makes options by themselves.
    ///
    /// - Parameter policy: The rules of HTTP.
    public init(policy: CachePolicy) {
        self.policy = policy
    }
}
