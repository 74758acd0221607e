import LarderHTTP

/// The decisions together, as a cache makes them: after the cases that http-tests/cache-tests asks.
enum Stories {
    private static let fresh = ["Cache-Control: max-age=3600", "DATE"]
    private static let short = ["Cache-Control: max-age=2", "DATE"]

    private static let keyed: CachePolicy = {
        var policy = CachePolicy.proxy
        policy.key.fields = KeyPolicy.unkeyedInputs
        return policy
    }()

    private static let unheeding: CachePolicy = {
        var policy = CachePolicy.proxy
        policy.heedsRequestDirectives = false
        return policy
    }()

    private static let untold: CachePolicy = {
        var policy = CachePolicy.proxy
        policy.forwardsTargetedFields = false
        return policy
    }()

    static let freshness: [Story] = [
        Story("RFC 9111, 4.2: fresh", .init(response: fresh), .init(after: 3, from: .cached, has: ["Age: 3"])),
        Story("RFC 9111, 4.2: stale", .init(response: short), .init(after: 3, response: fresh)),
        Story("RFC 9111, 4.2.1: nothing is no default", .init(response: ["DATE"]), .init(response: ["DATE"])),
        Story(
            "RFC 9111, 4.2.3: an age from elsewhere",
            .init(response: fresh + ["Age: 30"]),
            .init(after: 3, from: .cached, has: ["Age: 33"])
        ),
        Story("RFC 9111, 4.2.3: too old on arrival", .init(response: fresh + ["Age: 7200"]), .init(response: fresh)),
        Story(
            "RFC 9111, 4.2.2: a guess",
            .init(response: ["DATE", "Last-Modified: " + date(-86_400)]),
            .init(after: 3, from: .cached)
        ),
        Story(
            "RFC 9213: the targeted field alone counts",
            .init(response: ["CDN-Cache-Control: max-age=3600", "Cache-Control: no-store", "DATE"]),
            .init(after: 3, from: .cached, has: ["CDN-Cache-Control: max-age=3600"])
        ),
    ]

    static let directives: [Story] = [
        Story(
            "RFC 9111, 5.2.2.4: no-cache is stored and asked for",
            .init(response: ["Cache-Control: no-cache", "ETag: \"a\""]),
            .init(
                response: ["Cache-Control: no-cache", "ETag: \"a\""],
                from: .validated,
                gets: 200,
                reads: "01234567890"
            )
        ),
        Story(
            "RFC 9111, 5.2.2.5: an older entry goes when a newer answer says no-store",
            .init(response: fresh + ["A: 1"]),
            .init(request: ["Cache-Control: no-cache"], response: ["Cache-Control: no-store", "A: 2"]),
            .init(response: fresh + ["A: 3"], has: ["A: 3"])
        ),
        Story(
            "RFC 9111, 5.2.1.4: a client's no-cache validates",
            .init(response: fresh + ["ETag: \"a\""]),
            .init(request: ["Cache-Control: no-cache"], response: fresh + ["ETag: \"a\""], from: .validated, gets: 200)
        ),
        Story(
            "RFC 9111, 5.2.1.5: a client's no-store",
            .init(response: fresh),
            .init(request: ["Cache-Control: no-store"], response: fresh),
            .init(from: .cached)
        ),
        Story(
            "RFC 9111, 5.2.1.7: only-if-cached",
            .init(request: ["Cache-Control: only-if-cached"], from: .cached, gets: 504)
        ),
        Story(
            "Rules, 7: only-if-cached of clients that are not heeded",
            policy: unheeding,
            .init(request: ["Cache-Control: only-if-cached"], response: fresh, gets: 200),
            .init(from: .cached)
        ),
        Story(
            "Rules, 3: one client's error takes the page from nobody",
            .init(response: fresh),
            .init(request: ["Cache-Control: no-cache"], status: 429, gets: 429),
            .init(from: .cached, gets: 200),
            .init(request: ["Cache-Control: no-cache"], status: 404, gets: 404),
            .init(response: fresh)
        ),
        Story(
            "RFC 9111, 3.5: credentials",
            .init(request: ["Authorization: x"], response: fresh),
            .init(response: ["Cache-Control: public, max-age=60"]),
            .init(request: ["Authorization: y"], from: .cached)
        ),
        Story(
            "Rules, 12: credentials go past an application's cache",
            policy: .application,
            .init(response: ["Cache-Control: public, max-age=60"]),
            .init(request: ["Authorization: y"]),
            .init(from: .cached)
        ),
        Story(
            "RFC 9111, 3.5: credentials flush nothing",
            .init(response: fresh + ["ETag: \"a\""]),
            .init(
                request: ["Authorization: x", "Cache-Control: no-cache"],
                response: fresh + ["ETag: \"a\""],
                from: .validated
            ),
            .init(from: .cached)
        ),
        Story(
            "Rules, 12: a visitor's page is not for the next",
            policy: .application,
            .init(request: ["Cookie: user=alice"], response: ["ETag: \"a\"", "DATE"], body: "Alice"),
            .init(request: ["Cookie: user=bob"], status: 0, gets: 504)
        ),
        Story(
            "Rules, 12: cookies past an application's",
            policy: .application,
            .init(response: fresh + ["Set-Cookie: a=b"], has: ["Set-Cookie: a=b"]),
            .init(response: fresh),
            .init(request: ["Cookie: a=b"], from: .cached, lacks: ["Set-Cookie"])
        ),
    ]

    static let validation: [Story] = [
        Story(
            "RFC 9111, 4.3.3: a 304 refreshes",
            .init(response: short + ["ETag: \"a\"", "X: 1"]),
            .init(
                after: 3,
                response: fresh + ["ETag: \"a\"", "Y: 2"],
                from: .validated,
                has: ["X: 1", "Y: 2", "Age: 0"]
            ),
            .init(after: 100, from: .cached, has: ["X: 1", "Y: 2", "Age: 100"])
        ),
        Story(
            "RFC 9111, 4.3.2: a client's condition, after validation",
            .init(response: short + ["Last-Modified: " + date(-3_000)]),
            .init(
                after: 3,
                request: ["If-Modified-Since: " + date(-3_000)],
                response: fresh + ["Last-Modified: " + date(-3_000)],
                from: .validated,
                gets: 304,
                reads: ""
            )
        ),
        Story(
            "RFC 9111, 4.3.3: a 200 replaces",
            .init(response: short + ["ETag: \"a\""]),
            .init(after: 3, response: fresh + ["ETag: \"b\""], body: "new", reads: "new"),
            .init(from: .cached, reads: "new", has: ["ETag: \"b\"", "Content-Length: 3"])
        ),
        Story(
            "RFC 9111, 4.3.3: what a 304 forbids to store goes",
            .init(response: short + ["ETag: \"a\""]),
            .init(
                after: 3,
                response: ["Cache-Control: no-store", "ETag: \"a\""],
                from: .validated,
                reads: "01234567890"
            ),
            .init(response: fresh)
        ),
        Story(
            "RFC 9111, 4.3.5: HEAD refreshes",
            .init(response: short + ["A: 1", "B: 1"]),
            .init(after: 3, line: "HEAD /", response: fresh + ["A: 2"]),
            .init(after: 5, from: .cached, has: ["A: 2", "B: 1"])
        ),
        Story(
            "RFC 9111, 4.3.5: HEAD that disagrees",
            .init(response: short + ["ETag: \"a\""]),
            .init(after: 3, line: "HEAD /", response: fresh + ["ETag: \"b\""]),
            .init(response: fresh + ["ETag: \"b\""])
        ),
        Story(
            "RFC 9111, 4: HEAD of what is fresh",
            .init(response: fresh),
            .init(line: "HEAD /", from: .cached, reads: "")
        ),
    ]

    static let stale: [Story] =
        [
            Story(
                "RFC 5861, 3: while it is refreshed",
                .init(response: ["Cache-Control: max-age=1, stale-while-revalidate=4", "ETag: \"a\""]),
                .init(after: 3, from: .cached),
                .init(after: 3, response: fresh + ["ETag: \"b\""])
            ),
            Story(
                "RFC 5861, 4: for an error",
                .init(response: ["Cache-Control: max-age=2, stale-if-error=60"]),
                .init(after: 3, status: 503, from: .cached, gets: 200),
                .init(status: 0, from: .cached, gets: 200),
                .init(after: 60, status: 503, gets: 503)
            ),
            Story("RFC 9111, 4.2.4: for no answer", .init(response: short), .init(after: 3, status: 0, from: .cached)),
            Story(
                "RFC 9111, 4.2.4: not for a 503 unasked",
                .init(response: short),
                .init(after: 3, status: 503, gets: 503)
            ),
        ]
        + ["must-revalidate", "proxy-revalidate", "no-cache", "s-maxage=2"].map { directive in
            Story(
                "RFC 9111, 4.2.4: forbidden by " + directive,
                .init(response: ["Cache-Control: max-age=2, " + directive, "ETag: \"a\""]),
                .init(after: 3, status: 0, gets: 504)
            )
        }

    static let others: [Story] =
        [
            Story(
                "RFC 9111, 4.1: variants",
                .init(request: ["Foo: 1"], response: fresh + ["Vary: Foo"], body: "one"),
                .init(request: ["Foo: 2"], response: fresh + ["Vary: Foo"], body: "two"),
                .init(request: ["Foo: 1"], from: .cached, reads: "one"),
                .init(request: ["Foo: 2"], from: .cached, reads: "two"),
                .init(response: fresh)
            ),
            Story(
                "RFC 9110, 14: a part of the whole",
                .init(response: fresh),
                .init(
                    request: ["Range: bytes=0-1"],
                    from: .cached,
                    gets: 206,
                    reads: "01",
                    has: ["Content-Range: bytes 0-1/11"]
                ),
                .init(request: ["Range: bytes=1-"], from: .cached, gets: 206, reads: "1234567890"),
                .init(request: ["Range: bytes=-1"], from: .cached, gets: 206, reads: "0"),
                .init(request: ["Range: bytes=20-"], from: .cached, gets: 416, reads: "")
            ),
            Story(
                "RFC 9110, 7.6.1: what Connection names selects nothing",
                .init(response: fresh + ["Vary: X-Country"], body: "none"),
                .init(
                    request: ["Connection: X-Country", "X-Country: de"],
                    from: .cached,
                    reads: "none"
                ),
                .init(request: ["X-Country: de"], response: fresh + ["Vary: X-Country"], body: "de", reads: "de")
            ),
            Story(
                "Rules, 6: an endless field takes the page from nobody",
                .init(response: fresh + ["Vary: Foo"]),
                .init(request: ["Foo: " + String(repeating: "a", count: 9_000)], response: fresh + ["Vary: Foo"]),
                .init(from: .cached)
            ),
            Story(
                "RFC 9111, 4.4: all keys of a URI",
                policy: keyed,
                .init(request: ["X-Host: a"], response: fresh),
                .init(request: ["X-Host: a"], from: .cached),
                .init(line: "POST /", request: ["X-Host: b"]),
                .init(request: ["X-Host: a"], response: fresh)
            ),
            Story(
                "RFC 9213, 2.2: a field that is not sent is not forgotten",
                policy: untold,
                .init(response: ["CDN-Cache-Control: max-age=2", "ETag: \"a\""], lacks: ["CDN-Cache-Control"]),
                .init(after: 3, response: ["ETag: \"a\""], from: .validated, lacks: ["CDN-Cache-Control"]),
                .init(after: 1, from: .cached, lacks: ["CDN-Cache-Control"])
            ),
            Story(
                "RFC 9110, 15.5.17: one client's 416 is not for all",
                .init(request: ["Range: bytes=99-"], status: 416, response: fresh, gets: 416),
                .init(response: fresh, gets: 200)
            ),
            Story(
                "RFC 9111, 3.3: a part is not stored",
                .init(
                    request: ["Range: bytes=0-1"],
                    status: 206,
                    response: fresh + ["Content-Range: bytes 0-1/11"],
                    body: "01"
                ),
                .init(response: fresh)
            ),
            Story(
                "RFC 9110, 9.3.3: a POST's answer for later GETs",
                .init(line: "POST /form", response: fresh + ["Content-Location: /form"]),
                .init(line: "GET /form", from: .cached)
            ),
            Story(
                "RFC 9111, 4.4: an error invalidates nothing",
                .init(response: fresh),
                .init(line: "POST /", status: 500),
                .init(from: .cached)
            ),
            Story(
                "RFC 9111, 4.4: Location and Content-Location",
                .init(line: "GET /a", response: fresh),
                .init(line: "GET /b", response: fresh),
                .init(line: "GET /c", response: fresh),
                .init(line: "PUT /x", status: 201, response: ["Location: /a", "Content-Location: b"]),
                .init(line: "GET /a", response: fresh),
                .init(line: "GET /b", response: fresh),
                .init(line: "GET /c", from: .cached)
            ),
            Story(
                "RFC 9111, 2: a query is part of the key",
                .init(line: "GET /?a", response: fresh),
                .init(line: "GET /?b", response: fresh)
            ),
        ]
        + ["POST", "PUT", "DELETE", "M-SEARCH"].map { method in
            Story(
                "RFC 9111, 4.4: " + method,
                .init(response: fresh),
                .init(line: method + " /"),
                .init(response: fresh)
            )
        }

    /// With explicit freshness each of these statuses is reused, and none of them when it is stale.
    static let statuses: [Story] =
        [200, 203, 204, 299, 301, 302, 303, 307, 308, 400, 404, 410, 499, 500, 502, 503, 504, 599].flatMap { status in
            let body = status == 204 ? "" : "body"
            let stale = ["Expires: " + date(-5_000), "Last-Modified: " + date(-100_000), "DATE"]
            return [
                Story(
                    "RFC 9111, 3: a fresh \(status)",
                    .init(status: status, response: fresh, body: body),
                    .init(after: 3, from: .cached, gets: status, reads: body)
                ),
                Story(
                    "RFC 9111, 4.2: a stale \(status)",
                    .init(status: status, response: stale, body: body),
                    .init(after: 3, status: status, response: fresh, body: body, gets: status)
                ),
            ]
        }

    static var all: [Story] {
        self.freshness + self.directives + self.validation + self.stale + self.others + self.statuses
    }
}
