public import Larder
public import LarderRedisClient

/// Counts of rate limiters in Redis, shared by all processes that use the same server, namespace and limits.
///
/// ```swift
/// let limiter = try RateLimiter(.redis(client), namespace: "bookshop", limits: [.tokenBucket(10, per: .seconds(1))])
/// ```
///
/// A call is one script on one key, one round trip, by the server's clock. A subject's state is a string named
/// `@namespace:limit:limits:subject`, such as `@bookshop:limit:b10/1s:user:42`, and expires when it says nothing any more. A call
/// that is refused writes nothing. Limits are part of the name: a process that has others, during a deployment for instance,
/// counts apart from the old ones.
///
/// Give the keys a server that does not evict them, or a policy that evicts others first: whose state is evicted begins anew.
public struct RedisRateLimitStore: RateLimitStore {
    private let client: any RedisCommandSender
    private let time: (@Sendable () -> Int64)?

    /// Makes a store on a client, which stays its maker's to run and to shut down.
    ///
    /// - Parameter client: The client, or a connection of one.
    public init(_ client: any RedisCommandSender) {
        self.client = Self.askingPrimaries(client)
        self.time = nil
    }

    /// Makes a store whose scripts take the time as an argument instead of the server's.
    ///
    /// What expires still does so by the server's clock.
    ///
    /// - Parameters:
    ///   - client: The client.
    ///   - time: The time in microseconds.
    @_spi(Testing)
    public init(_ client: any RedisCommandSender, time: @escaping @Sendable () -> Int64) {
        self.client = Self.askingPrimaries(client)
        self.time = time
    }

    /// What a peek reads must not come from a replica that is behind, and has a clock of its own.
    private static func askingPrimaries(_ client: any RedisCommandSender) -> any RedisCommandSender {
        switch client {
        case let client as RedisClient: client.reading(from: .primary)
        case let view as RedisClientView: view.reading(from: .primary)
        default: client
        }
    }

    /// `redis`.
    public var kind: String { "redis" }

    /// The counts of one limiter.
    ///
    /// - Parameters:
    ///   - namespace: What the subjects' names belong to.
    ///   - limits: What is held.
    /// - Returns: The counts.
    public func open(_ namespace: CacheNamespace, _ limits: RateLimitSet) -> any RateLimitLedger {
        RedisRateLimitLedger(namespace, limits, client: self.client, time: self.time)
    }
}

extension RateLimitStore where Self == RedisRateLimitStore {
    /// Counts in Redis.
    ///
    /// - Parameter client: The client, which stays its maker's to run and to shut down.
    /// - Returns: The store.
    public static func redis(_ client: any RedisCommandSender) -> RedisRateLimitStore {
        RedisRateLimitStore(client)
    }
}

/// The counts of one limiter in Redis.
struct RedisRateLimitLedger: RateLimitLedger {
    private let client: any RedisCommandSender
    private let time: (@Sendable () -> Int64)?
    private let limits: RateLimitSet
    /// What all keys begin with.
    private let prefix: String
    private let charging: RedisScript
    private let peeking: RedisScript
    private let answersWithSpan: Bool
    /// The arguments of a call that costs 1, as nearly all do.
    private let usual: [UInt8]

    init(
        _ namespace: CacheNamespace,
        _ limits: RateLimitSet,
        client: any RedisCommandSender,
        time: (@Sendable () -> Int64)?
    ) {
        self.client = client
        self.time = time
        self.limits = limits
        self.prefix = "@\(namespace.name):limit:\(limits.name):"
        let source = time == nil ? RateLimitScript.Time.server : .argument
        self.charging = RateLimitScript(limits.terms, .charge, time: source).script
        self.peeking = RateLimitScript(limits.terms, .peek, time: source).script
        self.answersWithSpan = RateLimitScript.answersWithSpan(limits.terms)
        self.usual = RateLimitArguments.bytes(limits.terms, cost: 1)
    }

    func charge(_ subject: String, cost: Int) async throws -> RateLimitDecision {
        try await self.run(self.charging, subject, cost, charges: true)
    }

    func peek(_ subject: String, cost: Int) async throws -> RateLimitDecision {
        try await self.run(self.peeking, subject, cost, charges: false)
    }

    func reset(_ subject: String) async throws {
        do {
            _ = try await self.client.send(RedisCommand("DEL", self.prefix + subject))
        } catch let error as RedisError {
            throw Self.unavailable(error, subject)
        }
    }

    private func run(
        _ script: RedisScript,
        _ subject: String,
        _ cost: Int,
        charges: Bool
    ) async throws -> RateLimitDecision {
        let cost = RateLimitTerms.cost(cost)
        var arguments = [cost == 1 ? self.usual : RateLimitArguments.bytes(self.limits.terms, cost: cost)]
        if let time = self.time { arguments.append(Array("\(time())".utf8)) }
        let reply: RESPValue
        do {
            reply = try await script.run(
                keys: [self.prefix + subject],
                arguments: arguments,
                on: self.client,
                as: RESPValue.self
            )
        } catch let error as RedisError {
            throw Self.unavailable(error, subject)
        }
        guard let decision = self.decision(reply, cost, charges: charges) else {
            let message = "Redis answered the script of a rate limit with something that it never should"
            throw CacheError(.unavailable, message, key: subject)
        }
        return decision
    }

    /// What a script's reply means; `nil` if it is none.
    private func decision(_ reply: RESPValue, _ cost: Int64, charges: Bool) -> RateLimitDecision? {
        if self.answersWithSpan {
            guard case .integer(let number) = reply else { return nil }
            // Below zero, the call was refused; `~` is -1 less the number, too.
            let level = RateLimitLevel(span: number < 0 ? ~number : number, amount: 0)
            let isCharged = charges && number >= 0
            let (limit, terms) = (self.limits.limits[0], self.limits.terms[0])
            guard terms.isPossible(level) else { return nil }
            return RateLimitDecision(terms.status(of: limit, at: level, cost: cost, isCharged: isCharged))
        }
        guard case .array(let parts) = reply, case .integer(let verdict) = parts.first else { return nil }
        let isCharged = charges && verdict == 1
        var place = 1
        if let terms = self.limits.terms.first, self.limits.terms.count == 1 {
            guard let level = Self.level(terms, parts, &place), place == parts.count else { return nil }
            let limit = self.limits.limits[0]
            return RateLimitDecision(terms.status(of: limit, at: level, cost: cost, isCharged: isCharged))
        }
        var statuses: [RateLimitStatus] = []
        for (limit, terms) in zip(self.limits.limits, self.limits.terms) {
            guard let level = Self.level(terms, parts, &place) else { return nil }
            statuses.append(terms.status(of: limit, at: level, cost: cost, isCharged: isCharged))
        }
        return place == parts.count ? RateLimitDecision(statuses) : nil
    }

    /// The level of a limit in a reply; `nil` if there is none that it can have.
    private static func level(_ terms: RateLimitTerms, _ parts: [RESPValue], _ place: inout Int) -> RateLimitLevel? {
        let count =
            switch terms {
            case .tokenBucket(let bucket): bucket.isWhole ? 1 : 2
            case .fixedWindow: 2
            case .slidingWindow: 3
            }
        guard place + count <= parts.count, case .integer(let span) = parts[place] else { return nil }
        var level = RateLimitLevel(span: span, amount: 0)
        if count > 1 {
            guard case .integer(let amount) = parts[place + 1] else { return nil }
            level.amount = amount
        }
        if count > 2 {
            guard case .integer(let wait) = parts[place + 2] else { return nil }
            level.wait = wait
        }
        place += count
        return terms.isPossible(level) ? level : nil
    }

    private static func unavailable(_ error: RedisError, _ subject: String) -> CacheError {
        CacheError(.unavailable, "Redis could not be used", key: subject, underlying: error)
    }
}
