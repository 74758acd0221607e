import HTTPTypes
import LarderHTTP
import Testing

/// RFC 9111, sections 4.2.4 and 5.2.1, and RFC 5861; Rules, section 7.
@Suite struct ReuseTests {
    /// A stored response and when it is asked for.
    private static func reuse(
        _ directives: String,
        after seconds: Int64,
        request: String = "",
        status: Int = 200,
        policy: CachePolicy = .proxy,
        _ more: String...
    ) throws -> Reuse {
        let headers = (["Cache-Control: " + directives, "ETag: \"a\""] + more).map { fields($0) }
            .reduce(into: HTTPFields()) { $0 += $1 }
        let metadata = try stored(status, headers, policy: policy).metadata
        let asked = request.isEmpty ? summary() : summary(.get, fields("Cache-Control: " + request))
        return metadata.reuse(for: asked, after: .seconds(seconds), policy: policy)
    }

    @Test(
        arguments: [
            ("max-age=10", 0, .serve, .fresh), ("max-age=10", 9, .serve, .fresh), ("max-age=10", 10, .validate, .stale),
            ("max-age=10", 11, .validate, .stale), ("max-age=0", 0, .validate, .stale),
            ("max-age=10, must-revalidate", 9, .serve, .fresh), ("max-age=10, must-revalidate", 10, .validate, .stale),
            // Section 5.2.2.4: each time, however fresh.
            ("max-age=10, no-cache", 0, .validate, .noCache), ("no-cache", 0, .validate, .noCache),
            ("max-age=10, no-cache=\"x\"", 5, .serve, .fresh),
            // RFC 8246 asks nothing of a shared cache.
            ("max-age=10, immutable", 10, .validate, .stale),
            // RFC 5861, section 3.
            ("max-age=10, stale-while-revalidate=5", 9, .serve, .fresh),
            ("max-age=10, stale-while-revalidate=5", 10, .serveAndRefresh, .staleWhileRevalidate),
            ("max-age=10, stale-while-revalidate=5", 14, .serveAndRefresh, .staleWhileRevalidate),
            ("max-age=10, stale-while-revalidate=5", 15, .validate, .stale),
            ("max-age=10, stale-while-revalidate=0", 10, .validate, .stale),
            // The four prohibitions (RFC 9111, section 4.2.4).
            ("max-age=10, stale-while-revalidate=5, no-cache", 12, .validate, .noCache),
            ("max-age=10, stale-while-revalidate=5, must-revalidate", 12, .validate, .stale),
            ("max-age=10, stale-while-revalidate=5, proxy-revalidate", 12, .validate, .stale),
            ("s-maxage=10, stale-while-revalidate=5", 12, .validate, .stale),
        ] as [(String, Int64, Reuse.Action, Reuse.Reason)]
    )
    func withoutRequestDirectives(_ value: String, _ seconds: Int64, _ action: Reuse.Action, _ reason: Reuse.Reason)
        throws
    {
        let reuse = try Self.reuse(value, after: seconds)
        #expect(reuse.action == action)
        #expect(reuse.reason == reason)
        #expect(reuse.age.seconds == seconds)
    }

    /// Section 5.2.1, on a response that is fresh for 100 seconds.
    @Test(
        arguments: [
            ("no-cache", 5, .validate, .requestNoCache), ("max-age=0", 0, .validate, .requestMaxAge),
            ("max-age=4", 5, .validate, .requestMaxAge), ("max-age=5", 5, .serve, .fresh),
            ("max-age=x", 5, .validate, .requestMaxAge),
            ("min-fresh=95", 5, .serve, .fresh), ("min-fresh=96", 5, .validate, .requestMinFresh),
            ("min-fresh=5", 120, .validate, .stale), ("max-stale=20", 120, .serve, .requestMaxStale),
            ("max-stale=19", 120, .validate, .stale), ("max-stale", 9_999, .serve, .requestMaxStale),
            ("max-stale=20, max-age=50", 120, .validate, .requestMaxAge),
            ("max-stale=20, no-cache", 120, .validate, .requestNoCache),
            ("only-if-cached", 5, .serve, .fresh), ("only-if-cached", 120, .gatewayTimeout, .stale),
            ("only-if-cached, max-stale", 120, .serve, .requestMaxStale),
            ("only-if-cached, no-cache", 5, .gatewayTimeout, .requestNoCache),
        ] as [(String, Int64, Reuse.Action, Reuse.Reason)]
    )
    func requestDirectives(_ request: String, _ seconds: Int64, _ action: Reuse.Action, _ reason: Reuse.Reason) throws {
        let reuse = try Self.reuse("max-age=100", after: seconds, request: request)
        #expect(reuse.action == action)
        #expect(reuse.reason == reason)
    }

    @Test(arguments: ["no-cache", "must-revalidate", "proxy-revalidate", "s-maxage=100"])
    func aClientCannotLiftProhibitions(_ directive: String) throws {
        #expect(try Self.reuse("max-age=100, " + directive, after: 120, request: "max-stale").action == .validate)
    }

    /// What a client says of staleness is more than what a response permits to all.
    @Test(arguments: ["max-stale=5", "max-age=500", "min-fresh=1"])
    func aClientThatSaysWhatItTakesGetsNoMore(_ request: String) throws {
        let reuse = try Self.reuse("max-age=100, stale-while-revalidate=50", after: 120, request: request)
        #expect(reuse.action == .validate)
    }

    @Test func requestDirectivesCanBeIgnored() throws {
        var policy = CachePolicy.proxy
        policy.heedsRequestDirectives = false
        #expect(try Self.reuse("max-age=100", after: 5, request: "no-cache", policy: policy).action == .serve)
        #expect(try Self.reuse("max-age=100", after: 120, request: "max-stale", policy: policy).action == .validate)
        #expect(
            try Self.reuse("max-age=100", after: 120, request: "only-if-cached", policy: policy).action == .validate
        )
    }

    /// Section 4.2.3: `Age` on arrival counts.
    @Test func ageOnArrivalCounts() throws {
        #expect(try Self.reuse("max-age=100", after: 0, "Age: 100").action == .validate)
        let reuse = try Self.reuse("max-age=100", after: 2, "Age: 30")
        #expect(reuse.age.seconds == 32)
        #expect(reuse.timeToLive == 68)
        #expect(try Self.reuse("max-age=100", after: 105, "Age: 30").timeToLive == -35)
    }

    /// RFC 5861, section 4, for 500, 502, 503 and 504; the window counts from the end of freshness.
    @Test(
        arguments: [
            ("max-age=10, stale-if-error=20", 200, 30, true, true),
            ("max-age=10, stale-if-error=20", 200, 31, false, false),
            ("max-age=10, stale-if-error=20", 200, 10, true, true),
            // An error is no better for being old.
            ("max-age=10, stale-if-error=20", 500, 15, false, false),
            ("max-age=10, stale-if-error=20", 503, 15, false, false),
            ("max-age=10, stale-if-error=20", 404, 15, true, true),
            // Neither directive: an origin that does not answer may be stood in for, for a day (section 4.2.4).
            ("max-age=10", 200, 11, false, true), ("max-age=10", 200, 86_410, false, true),
            ("max-age=10", 200, 86_411, false, false),
            ("max-age=10, stale-while-revalidate=1", 200, 15, false, false),
            // The prohibitions.
            ("max-age=10, stale-if-error=20, no-cache", 200, 15, false, false),
            ("max-age=10, stale-if-error=20, must-revalidate", 200, 15, false, false),
            ("max-age=10, stale-if-error=20, proxy-revalidate", 200, 15, false, false),
            ("s-maxage=10, stale-if-error=20", 200, 15, false, false),
            ("max-age=10, must-revalidate", 200, 15, false, false),
        ] as [(String, Int, Int64, Bool, Bool)]
    )
    func errors(_ value: String, _ status: Int, _ seconds: Int64, _ onError: Bool, _ onSilence: Bool) throws {
        let reuse = try Self.reuse(value, after: seconds, status: status)
        for error in [500, 502, 503, 504] { #expect(reuse.mayServeStale(after: .status(error)) == onError) }
        #expect(reuse.mayServeStale(after: .unreachable) == onSilence)
        for status in [200, 304, 400, 404, 429, 501, 505] { #expect(!reuse.mayServeStale(after: .status(status))) }
    }

    @Test func aRequestMayPermitStaleOnError() throws {
        let reuse = try Self.reuse("max-age=10", after: 15, request: "stale-if-error=20")
        #expect(reuse.mayServeStale(after: .status(503)))
        let less = try Self.reuse("max-age=10, stale-if-error=1", after: 15, request: "stale-if-error=20")
        #expect(!less.mayServeStale(after: .status(503)))
    }

    /// Defaults of a policy, which lose to what a response says.
    @Test func defaults() throws {
        var policy = CachePolicy.proxy
        policy.staleWhileRevalidate = .seconds(5)
        policy.staleIfError = .seconds(20)
        policy.staleWhenUnreachable = nil
        #expect(try Self.reuse("max-age=10", after: 14, policy: policy).action == .serveAndRefresh)
        #expect(try Self.reuse("max-age=10, must-revalidate", after: 14, policy: policy).action == .validate)
        #expect(try Self.reuse("max-age=10, stale-while-revalidate=1", after: 14, policy: policy).action == .validate)
        let reuse = try Self.reuse("max-age=10", after: 30, policy: policy)
        #expect(reuse.mayServeStale(after: .status(500)))
        #expect(reuse.mayServeStale(after: .unreachable))
        #expect(try !Self.reuse("max-age=10", after: 31, policy: policy).mayServeStale(after: .unreachable))
        #expect(try !Self.reuse("s-maxage=10", after: 30, policy: policy).mayServeStale(after: .status(500)))
        #expect(
            try !Self.reuse("max-age=10, stale-if-error=1", after: 15, policy: policy).mayServeStale(
                after: .status(500)
            )
        )
    }

    /// Rules, section 11: as long as the response can be of use.
    @Test(
        arguments: [
            ("max-age=10", 10 + 86_400), ("max-age=10, must-revalidate", 10 + 86_400),
            ("max-age=10, stale-if-error=200000", 10 + 200_000),
            ("max-age=10, must-revalidate, stale-if-error=200000", 10 + 86_400), ("no-cache", 86_400),
        ] as [(String, Int64)]
    )
    func retention(_ value: String, _ seconds: Int64) throws {
        let metadata = try stored(200, fields("Cache-Control: " + value, "ETag: \"a\"")).metadata
        #expect(metadata.retention(.proxy) == .seconds(seconds))
    }

    @Test func retentionWithoutValidator() throws {
        var policy = CachePolicy.proxy
        policy.staleWhenUnreachable = nil
        let metadata = try stored(200, fields("Cache-Control: max-age=10", "Age: 4"), policy: policy).metadata
        #expect(metadata.retention(policy) == .seconds(6))
    }

    @Test func clockStepsDoNoHarm() throws {
        #expect(try Self.reuse("max-age=10", after: -1_000).action == .serve)
        #expect(try Self.reuse("max-age=10", after: .max).action == .validate)
        #expect(try Self.reuse("max-age=10", after: .min).action == .serve)
        #expect(
            try Self.reuse("max-age=2147483648, stale-while-revalidate=2147483648", after: .max).action == .validate
        )
    }
}
