import HTTPTypes
import LarderHTTP
import Testing

/// RFC 9111, sections 3.2, 4.3.3, 4.3.4 and 4.3.5; Rules, section 6.
@Suite struct FresheningTests {
    private static let later = noon.advanced(by: .seconds(1_000))

    private static func all(_ lines: [String]) -> HTTPFields {
        lines.map { fields($0) }.reduce(into: HTTPFields()) { $0 += $1 }
    }

    private static func freshen(
        _ stored: StoredResponse,
        _ lines: [String],
        request: HTTPRequest = request(),
        policy: CachePolicy = .proxy,
        delay: Duration = .zero
    ) -> Freshening {
        let exchange = exchange(304, all(lines), request: request, at: Self.later, delay: delay)
        return Freshening(stored, notModified: exchange, policy: policy)
    }

    private static func updated(_ freshening: Freshening) throws -> StoredResponse {
        guard case .updated(let stored) = freshening else { throw NotStored() }
        return stored
    }

    private static func old(_ lines: String...) throws -> StoredResponse {
        try stored(200, all(["Cache-Control: max-age=2", "ETag: \"a\"", "Date: " + date(0)] + lines))
    }

    /// Fields of the 304 replace those of their names; those that it omits stay.
    @Test(
        arguments: [
            ("Test-Header", "a", "b"), ("X-Test-Header", "a", "b"), ("Content-Foo", "a", "b"),
            ("X-Content-Foo", "a", "b"),
            ("Content-Location", "/foo", "/bar"), ("Content-MD5", "a", "b"),
            ("Content-Security-Policy", "default-src 'self'", "default-src 'self' cdn.example"),
            ("Content-Type", "text/plain", "text/plain;charset=utf-8"), ("Clear-Site-Data", "cache", "cookies"),
            ("Expires", "Fri, 01 Jan 2038 01:01:01 GMT", "Mon, 11 Jan 2038 11:11:11 GMT"),
            ("Set-Cookie", "a=b", "a=c"), ("X-Frame-Options", "deny", "sameorigin"),
            ("X-XSS-Protection", "1", "1; mode=block"), ("Last-Modified", date(-90), date(-80)),
        ]
    )
    func replaces(_ name: String, _ before: String, _ after: String) throws {
        let stored = try Self.old(name + ": " + before)
        let replaced = try Self.updated(Self.freshen(stored, ["ETag: \"a\"", name + ": " + after]))
        #expect(replaced.fields.lines(name) == [after])
        let kept = try Self.updated(Self.freshen(stored, ["ETag: \"a\""]))
        #expect(kept.fields.lines(name) == [before])
    }

    /// What describes the stored bytes, or the connection, is not taken from a 304.
    @Test(
        arguments: [
            ("Content-Length", "11", "7"), ("Content-Encoding", "gzip", "br"), ("Content-Range", "x", "y"),
        ]
    )
    func leavesAlone(_ name: String, _ before: String, _ after: String) throws {
        let stored = try Self.old(name + ": " + before)
        let updated = try Self.updated(Self.freshen(stored, [name + ": " + after]))
        #expect(updated.fields.lines(name) == [before])
        #expect(updated.metadata.bodyLength == 11)
    }

    @Test(arguments: ["Connection", "Keep-Alive", "Transfer-Encoding", "TE", "Upgrade", "Proxy-Authenticate", "Age"])
    func doesNotTakeHopByHopFields(_ name: String) throws {
        let updated = try Self.updated(Self.freshen(try Self.old(), [name + ": 5"]))
        #expect(updated.fields.lines(name).isEmpty)
    }

    @Test func whatConnectionNamesIsNotTaken() throws {
        let updated = try Self.updated(Self.freshen(try Self.old("A: 1"), ["Connection: a", "A: 2"]))
        #expect(updated.fields.lines("A") == ["1"])
    }

    @Test func linesOfANameStandWhereItsFirstWas() throws {
        let stored = try Self.old("Link: <1>", "X: 1", "Link: <2>")
        let updated = try Self.updated(Self.freshen(stored, ["Link: <3>", "Y: 1", "Link: <4>", "Link: <5>"]))
        #expect(updated.fields.lines("Link") == ["<3>", "<4>", "<5>"])
        let names = updated.fields.map(\.name.canonicalName)
        #expect(
            names == [
                "cache-control", "etag", "date", "link", "link", "link", "x", "content-length", "y",
            ]
        )
    }

    /// Lifetime, age and times begin anew.
    @Test func timesBeginAnew() throws {
        let stored = try Self.old("Age: 50")
        let lines = ["Cache-Control: max-age=3600", "Date: " + date(1_000), "Age: 7"]
        let updated = try Self.updated(Self.freshen(stored, lines, delay: .seconds(2)))
        #expect(updated.metadata.lifetime == FreshnessLifetime(.maxAge, seconds: 3_600))
        #expect(updated.metadata.initialAge.seconds == 9)
        #expect(updated.metadata.responseTime == Self.later)
        #expect(updated.metadata.date.time == Self.later)
        #expect(updated.fields.lines("Date") == [date(1_000)])
        #expect(updated.fields.lines("Age").isEmpty)
        #expect(updated.metadata.reuse(for: summary(), after: .seconds(3_590), policy: .proxy).action == .serve)
    }

    @Test func a304WithoutADateCameNow() throws {
        let updated = try Self.updated(Self.freshen(try Self.old(), []))
        #expect(updated.fields.lines("Date") == [date(1_000)])
        #expect(updated.metadata.initialAge.seconds == 0)
        #expect(updated.metadata.reuse(for: summary(), after: .seconds(1), policy: .proxy).action == .serve)
    }

    @Test func whatDirectivesNameIsNotStoredAgain() throws {
        let stored = try stored(200, fields("Cache-Control: max-age=2, private=\"a\"", "ETag: \"x\"", "A: 1"))
        let updated = try Self.updated(Self.freshen(stored, ["A: 2", "B: 3"]))
        #expect(updated.fields.lines("A").isEmpty)
        #expect(updated.fields.lines("B") == ["3"])
    }

    /// Section 4.3.4: another strong tag is another representation; a bare 304 is about the one that was asked for.
    @Test(
        arguments: [
            ("\"a\"", "\"a\"", true), ("\"a\"", "\"b\"", false), ("\"a\"", nil, true), (nil, "\"b\"", true),
            (nil, nil, true),
            ("W/\"a\"", "W/\"a\"", true), ("W/\"a\"", "\"a\"", true), ("W/\"a\"", "W/\"b\"", false),
            ("\"a\"", "W/\"a\"", true), ("W/\"a\"", "\"b\"", false),
        ] as [(String?, String?, Bool)]
    )
    func tags(_ stored: String?, _ received: String?, _ isUpdated: Bool) throws {
        let headers = ["Cache-Control: max-age=2"] + (stored.map { ["ETag: " + $0] } ?? [])
        let response = try LarderHTTPTests.stored(200, Self.all(headers))
        let freshening = Self.freshen(response, received.map { ["ETag: " + $0] } ?? [])
        if case .mismatch = freshening { #expect(!isUpdated) } else { #expect(isUpdated) }
        guard isUpdated else { return }
        // The bytes are those of before, and so is what they are called.
        let updated = try Self.updated(freshening)
        #expect(updated.metadata.entityTag == response.metadata.entityTag)
        #expect(updated.fields.lines("ETag") == (stored.map { [$0] } ?? []))
    }

    /// RFC 9111, section 3.5: what is for one client neither changes nor removes what all get.
    @Test func credentialsDoNotRemoveWhatIsForAll() throws {
        let asked = request(.get, "/", fields("Authorization: x", "Cache-Control: no-cache"))
        guard case .updatedForOne(let answer, .authorization) = Self.freshen(try Self.old(), ["X: 2"], request: asked)
        else { throw NotStored() }
        #expect(answer.fields.lines("X") == ["2"])
        let permitted = Self.freshen(try Self.old(), ["Cache-Control: public, max-age=9"], request: asked)
        #expect(try Self.updated(permitted).metadata.lifetime.seconds == 9)
        let head = exchange(
            200,
            fields("ETag: \"other\""),
            request: request(.head, "/", asked.headerFields),
            at: Self.later
        )
        guard case .updatedForOne = Freshening(try Self.old(), head: head, policy: .proxy) else { throw NotStored() }
    }

    @Test func endlessFieldsDoNotEither() throws {
        let asked = request(.get, "/", fields([("Foo", String(repeating: "a", count: 9_000))]))
        guard case .updatedForOne(_, .requestSpecific) = Self.freshen(try Self.old(), ["Vary: Foo"], request: asked)
        else { throw NotStored() }
    }

    @Test func visitorsCookiesDoNotEither() throws {
        let asked = request(.get, "/", fields("Cookie: user=alice"))
        let stored = try stored(200, fields("Last-Modified: " + date(-60)), policy: .application)
        let freshening = Self.freshen(stored, [], request: asked, policy: .application)
        guard case .updatedForOne(_, .cookie) = freshening else { throw NotStored() }
    }

    /// Rules, section 12: never on a guess, nor for less than now.
    @Test(arguments: [("Cache-Control: max-age=9", true), ("Cache-Control: max-age=0", false), ("X: y", false)])
    func cookiesNeedALifetime(_ line: String, _ isUpdated: Bool) throws {
        let stored = try stored(200, fields("Last-Modified: " + date(-86_400)))
        switch Self.freshen(stored, [line, "Set-Cookie: a=b"]) {
        case .updated: #expect(isUpdated)
        case .updatedAndRefused(_, .setCookie): #expect(!isUpdated)
        default: Issue.record("neither")
        }
    }

    /// Nobody has compared the bytes with a validator that is new.
    @Test(arguments: ["ETag: \"a\"", "ETag: W/\"a\"", "Last-Modified: " + date(-60)])
    func headPutsNoValidatorOnOldBytes(_ line: String) throws {
        let stored = try stored(200, fields("Cache-Control: max-age=2"))
        let exchange = exchange(200, fields(line), request: request(.head), at: Self.later)
        guard case .mismatch = Freshening(stored, head: exchange, policy: .proxy) else { throw NotStored() }
    }

    /// What may not be stored any more is sent, and then goes.
    @Test(
        arguments: [
            ("Cache-Control: no-store", .noStore), ("Cache-Control: private", .isPrivate), ("Vary: *", .varyAny),
            ("CDN-Cache-Control: no-store", .noStore),
            ("Cache-Tag: " + String(repeating: "x", count: 300), .tooManyTags),
        ] as [(String, StorageRefusal)]
    )
    func refused(_ line: String, _ refusal: StorageRefusal) throws {
        guard case .updatedAndRefused(let stored, let reason) = Self.freshen(try Self.old("X: 1"), [line]) else {
            throw NotStored()
        }
        #expect(reason == refusal)
        #expect(stored.fields.lines("X") == ["1"])
    }

    @Test func aCookieOnA304IsNotForAnApplicationsCache() throws {
        let freshening = Self.freshen(try Self.old(), ["Set-Cookie: a=b"], policy: .application)
        guard case .updatedAndRefused(_, .setCookie) = freshening else { throw NotStored() }
    }

    @Test func tagsAndVariantsAreReadAnew() throws {
        let stored = try Self.old("Surrogate-Key: a", "Vary: Foo")
        let asked = request(.get, "/", fields("Bar: 2"))
        #expect(try Self.updated(Self.freshen(stored, [], request: asked)).metadata.tags == ["a"])
        let updated = try Self.updated(Self.freshen(stored, ["Surrogate-Key: b", "Vary: Bar"], request: asked))
        #expect(updated.metadata.tags == ["b"])
        #expect(updated.metadata.vary.selectors.map(\.name) == ["bar"])
    }

    /// A 304 that another request brought: what was stored stays for those that it was for, and a copy is for the other.
    @Test func otherVariantsStayTheirs() throws {
        let stored = try stored(
            200,
            fields("Cache-Control: max-age=2", "ETag: \"a\"", "Vary: Foo"),
            request: request(.get, "/", fields("Foo: 1"))
        )
        let asked = request(.get, "/", fields("Foo: 2", "Bar: 3"))
        let updated = try Self.updated(Self.freshen(stored, ["Cache-Control: max-age=9"], request: asked))
        #expect(updated.metadata.vary == stored.metadata.vary)
        let copy = try #require(updated.variant(for: asked.headerFields, policy: .proxy))
        #expect(copy.metadata.vary.matches(asked.headerFields, policy: .proxy))
        #expect(copy.metadata.lifetime.seconds == 9)
        var list = VariantList<Int>()
        _ = list.insert(.init(metadata: updated.metadata, payload: 1), most: 9)
        _ = list.insert(.init(metadata: copy.metadata, payload: 2), most: 9)
        #expect(list.select(for: fields("Foo: 1"), now: noon, policy: .proxy).map { list[$0].payload } == 1)
        #expect(list.select(for: fields("Foo: 2"), now: noon, policy: .proxy).map { list[$0].payload } == 2)
        // By what it varies now is known of the request that asks, and not of those before.
        guard case .updatedAndRefused(_, .varyAny) = Self.freshen(stored, ["Vary: Foo, Bar"], request: asked) else {
            throw NotStored()
        }
    }

    /// Section 4.3.4: all with the same strong tag; the newest with the same weak one; the one that was asked for.
    @Test(
        arguments: [
            ("\"a\"", [0], [0, 3]), ("\"z\"", [0], []), ("W/\"b\"", [0, 1], [2]), ("\"b\"", [0, 1], [2]),
            (nil, [1], [1]),
            (nil, [0, 1], []), (nil, [], []), (nil, [9], []), ("W/\"a\"", [0], [3]),
        ] as [(String?, [Int], [Int])]
    )
    func selection(_ tag: String?, _ offered: [Int], _ expected: [Int]) throws {
        let variants = try [("\"a\"", -9), ("W/\"b\"", -8), ("W/\"b\"", -7), ("\"a\"", -6)].map { tag, time in
            try stored(200, fields("Cache-Control: max-age=2", "ETag: " + tag, "Date: " + date(time))).metadata
        }
        let received = tag.map { fields("ETag: " + $0) } ?? [:]
        #expect(Freshening.selected(among: variants, offered: offered, by: received) == expected)
    }

    /// Section 4.3.5: a 200 to HEAD that agrees refreshes what is stored, and one that does not makes it stale.
    @Test(
        arguments: [
            (200, ["X: 2", "Cache-Control: max-age=1000"], true), (200, ["ETag: \"a\"", "Content-Length: 11"], true),
            (200, ["ETag: \"b\""], false), (200, ["Content-Length: 12"], false),
            (200, ["Last-Modified: " + date(-1)], false),
            (200, ["Last-Modified: " + date(-60)], true), (410, [], false), (404, ["ETag: \"a\""], false),
            (200, ["Content-Length: x"], false),
        ]
    )
    func head(_ status: Int, _ lines: [String], _ isUpdated: Bool) throws {
        let stored = try Self.old("X: 1", "Last-Modified: " + date(-60))
        let exchange = exchange(status, Self.all(lines), request: request(.head), at: Self.later)
        switch Freshening(stored, head: exchange, policy: .proxy) {
        case .updated(let updated):
            #expect(isUpdated)
            #expect(updated.metadata.responseTime == Self.later)
            #expect(updated.fields.lines("X") == [lines.contains("X: 2") ? "2" : "1"])
            #expect(updated.fields.lines("Content-Length") == ["11"])
        default:
            #expect(!isUpdated)
        }
    }
}
