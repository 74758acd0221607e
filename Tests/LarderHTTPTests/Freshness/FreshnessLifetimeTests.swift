import HTTPTypes
import LarderHTTP
import Testing

/// RFC 9111, section 4.2.1 and 4.2.2; Rules, section 4: the first ground that is there wins, even if it yields zero.
@Suite struct FreshnessLifetimeTests {
    static func lifetime(
        _ lines: [String],
        status: Int = 200,
        policy: CachePolicy = .proxy,
        at time: HTTPTime = noon
    ) -> FreshnessLifetime {
        let headers = lines.map { fields($0) }.reduce(into: HTTPFields()) { $0 += $1 }
        let (directives, source) = ResponseDirectives.effective(in: headers, targets: policy.targetedFields)
        return FreshnessLifetime(
            status: status,
            fields: headers,
            directives: directives,
            source: source,
            date: headers[.date].flatMap { HTTPDate($0, now: time) },
            responseTime: time,
            policy: policy
        )
    }

    private static let past = "Expires: " + date(-7_200)
    private static let future = "Expires: " + date(7_200)
    private static let now = "Date: " + date(0)

    @Test(
        arguments: [
            (["CDN-Cache-Control: max-age=10", "Cache-Control: s-maxage=5", future, now], .targeted, 10),
            (["CDN-Cache-Control: s-maxage=7, max-age=10", now], .targeted, 7),
            (["CDN-Cache-Control: max-age=0", future, now], .targeted, 0),
            (["CDN-Cache-Control: foo", "Cache-Control: max-age=5", future, now], .none, 0),
            (["CDN-Cache-Control: max-age=x", "Cache-Control: max-age=5"], .maxAge, 5),
            (["CDN-Cache-Control: max-age=3600", past, now], .targeted, 3_600),
            (["CDN-Cache-Control: max-age=3600", "Expires: 0", now], .targeted, 3_600),
            (["Cache-Control: s-maxage=5, max-age=10"], .sharedMaxAge, 5),
            (["Cache-Control: max-age=3600", "Cache-Control: s-maxage=1"], .sharedMaxAge, 1),
            (["Cache-Control: max-age=0, s-maxage=3600", past], .sharedMaxAge, 3_600),
            (["Cache-Control: max-age=10", past, now], .maxAge, 10),
            (["Cache-Control: max-age=10", "Expires: 0", now], .maxAge, 10),
            (["Cache-Control: max-age=0", future, now], .maxAge, 0),
            (["Cache-Control: max-age=-1", future, now], .maxAge, 0),
            ([future, now], .expires, 7_200),
            ([past, now], .expires, 0),
            (["Expires: " + date(0), now], .expires, 0),
            // Before `Date`, though both lie ahead.
            (["Expires: " + date(7_200), "Date: " + date(10_000)], .expires, 0),
            // Without a date, or with one that is none, from the time of receipt.
            ([future], .expires, 7_200), ([future, "Date: yesterday"], .expires, 7_200),
            // Invalid means expired, and that is explicit.
            (["Expires: 0", now, "Last-Modified: " + date(-1_000)], .expires, 0),
            (["Expires: -1"], .expires, 0), (["Expires: "], .expires, 0),
            (["Expires: Thu, 18 Aug 2050 02:01:18 UTC", now], .expires, 0),
            ([future, future, now], .expires, 0),
            // Years past 2038 and 2286.
            (["Expires: Sun, 21 Nov 2286 04:46:39 GMT", now], .expires, 8_210_039_599),
            ([], .none, 0), (["Cache-Control: public"], .none, 0), (["Pragma: no-cache"], .none, 0),
        ] as [([String], FreshnessLifetime.Ground, Int64)]
    )
    func grounds(_ lines: [String], _ ground: FreshnessLifetime.Ground, _ seconds: Int64) {
        let lifetime = Self.lifetime(lines)
        #expect(lifetime.ground == ground)
        #expect(lifetime.seconds == seconds)
        #expect(lifetime.isExplicit == (ground != .none))
    }

    /// Section 4.2.2: a tenth of the time since the last change, at most a day.
    @Test(
        arguments: [
            (5, 500), (10, 1_000), (60, 6_000), (3_600, 360_000), (86_400, 8_640_000), (864_000, 86_400_000),
            (8_640_000, 86_400_000), (0, 0), (-100, 0),
        ]
    )
    func heuristic(_ secondsAgo: Int64, _ milliseconds: Int64) {
        let lifetime = Self.lifetime(["Last-Modified: " + date(-secondsAgo), Self.now])
        #expect(lifetime.ground == .heuristic)
        #expect(lifetime.milliseconds == milliseconds)
        #expect(!lifetime.isExplicit)
    }

    @Test func heuristicWithoutDateCountsFromReceipt() {
        #expect(Self.lifetime(["Last-Modified: " + date(-100)]).seconds == 10)
    }

    /// RFC 9110, section 15.1.
    @Test(arguments: 200..<600)
    func heuristicStatuses(_ status: Int) {
        let known = [200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501]
        let lines = ["Last-Modified: " + date(-86_400), Self.now]
        #expect((Self.lifetime(lines, status: status).ground == .heuristic) == known.contains(status))
        // RFC 9111, section 4.2.2: or any that is marked public.
        let ground = Self.lifetime(lines + ["Cache-Control: public"], status: status).ground
        #expect(ground == .heuristic)
    }

    @Test func heuristicsCanBeBoundedAndTurnedOff() {
        let lines = ["Last-Modified: " + date(-86_400), Self.now]
        var policy = CachePolicy.proxy
        policy.longestHeuristicLifetime = .seconds(60)
        #expect(Self.lifetime(lines, policy: policy).seconds == 60)
        policy.usesHeuristics = false
        #expect(Self.lifetime(lines, policy: policy).ground == .none)
    }

    @Test func aPolicyBoundsEveryLifetime() {
        var policy = CachePolicy.proxy
        policy.longestLifetime = .seconds(60)
        #expect(Self.lifetime(["Cache-Control: max-age=3600"], policy: policy).seconds == 60)
        #expect(Self.lifetime(["Cache-Control: max-age=30"], policy: policy).seconds == 30)
    }

    /// Rules, section 12: 404 and 410 only, at most a minute.
    @Test(arguments: [
        (404, 30), (410, 30), (200, nil), (400, nil), (403, nil), (413, nil), (414, nil), (431, nil), (500, nil),
    ])
    func negativeLifetime(_ status: Int, _ seconds: Int64?) {
        var policy = CachePolicy.application
        policy.negativeLifetime = .seconds(30)
        let lifetime = Self.lifetime([], status: status, policy: policy)
        #expect(lifetime.ground == (seconds == nil ? .none : .negative))
        #expect(lifetime.seconds == seconds ?? 0)
        policy.negativeLifetime = .seconds(3_600)
        #expect(Self.lifetime([], status: 404, policy: policy).seconds == 60)
        #expect(Self.lifetime(["Cache-Control: max-age=5"], status: 404, policy: policy).seconds == 5)
    }

    /// Fresh while the lifetime is greater than the age.
    @Test func coversAgesBelowIt() {
        let lifetime = FreshnessLifetime(.maxAge, seconds: 10)
        #expect(lifetime.covers(Age(milliseconds: 9_999)))
        #expect(!lifetime.covers(Age(milliseconds: 10_000)))
        #expect(!FreshnessLifetime(.none, seconds: 0).covers(Age(milliseconds: 0)))
    }

    @Test func extremesDoNotTrap() {
        for time in [Int64.min, .max] {
            let time = HTTPTime(millisecondsSince1970: time)
            _ = Self.lifetime(["Expires: Fri, 31 Dec 9999 23:59:59 GMT"], at: time)
            _ = Self.lifetime(["Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT"], at: time)
        }
    }
}
