import HTTPTypes
import LarderHTTP
import Testing

/// RFC 9111, section 4.3.1; Rules, section 6.
@Suite struct ConditionalRequestTests {
    private static let asked = request(
        .get,
        "/a?b",
        fields(
            "Foo: 1",
            "If-None-Match: \"client\"",
            "If-Modified-Since: " + date(-1),
            "If-Range: \"x\"",
            "Range: bytes=0-1",
            "If-Match: \"x\"",
            "If-Unmodified-Since: " + date(-1),
            "Cache-Control: no-cache",
            "Connection: close, X-Hop",
            "X-Hop: 1",
            "TE: trailers",
            "Authorization: secret",
            "Accept: a",
            "Accept: b"
        )
    )

    @Test(
        arguments: [
            (["ETag: \"abc\""], ["\"abc\""], []), (["ETag: W/\"abc\""], ["W/\"abc\""], []),
            // Exactly as stored: unquoted stays unquoted.
            (["ETag: abc"], ["abc"], []), (["ETag: \"ü\""], ["\"ü\""], []),
            (["Last-Modified: " + date(-60)], [], [date(-60)]),
            (["ETag: \"abc\"", "Last-Modified: " + date(-60)], ["\"abc\""], [date(-60)]),
            (["Last-Modified: Sunday, 06-Nov-94 08:49:37 GMT"], [], ["Sunday, 06-Nov-94 08:49:37 GMT"]),
            (["Last-Modified: yesterday"], [], []), ([], [], []),
        ] as [([String], [String], [String])]
    )
    func validators(_ response: [String], _ tags: [String], _ dates: [String]) throws {
        let headers = (["Cache-Control: max-age=1"] + response).map { fields($0) }.reduce(into: HTTPFields()) {
            $0 += $1
        }
        let outgoing = ConditionalRequest.validating(try stored(200, headers), for: Self.asked)
        #expect(outgoing.headerFields.lines("If-None-Match") == tags)
        #expect(outgoing.headerFields.lines("If-Modified-Since") == dates)
    }

    /// The client's conditions give way, hop-by-hop fields end here, and everything else goes along.
    @Test func theRestIsTheClients() throws {
        let stored = try stored(200, fields("Cache-Control: max-age=1", "ETag: \"a\"", "Vary: Foo"))
        let outgoing = ConditionalRequest.validating(stored, for: Self.asked)
        let lines = outgoing.headerFields.map { "\($0.name): \($0.value)" }
        #expect(
            lines == [
                "Foo: 1", "Cache-Control: no-cache", "Authorization: secret", "Accept: a", "Accept: b",
                "If-None-Match: \"a\"",
            ]
        )
        #expect(outgoing.method == .get)
        #expect(outgoing.path == "/a?b")
        #expect(outgoing.authority == "shop.example")
    }

    /// RFC 5861, section 3: the refresh behind is nobody's.
    @Test func refreshesCarryNoCredentials() throws {
        let stored = try stored(200, fields("Cache-Control: max-age=1", "ETag: \"a\""))
        let outgoing = ConditionalRequest.refreshing(stored, for: Self.asked, policy: .proxy)
        #expect(outgoing.headerFields.lines("Authorization").isEmpty)
        #expect(outgoing.headerFields.lines("Range").isEmpty)
        #expect(outgoing.headerFields.lines("If-None-Match") == ["\"a\""])
        var keyed = CachePolicy.application
        keyed.authorization = .keyed
        keyed.key.fields = ["authorization"]
        let own = ConditionalRequest.refreshing(stored, for: Self.asked, policy: keyed)
        #expect(own.headerFields.lines("Authorization") == ["secret"])
    }

    /// What a HEAD brings cannot be stored, and a GET has no body.
    @Test func refreshesAreGETs() throws {
        let stored = try stored(200, fields("Cache-Control: max-age=1, stale-while-revalidate=60", "ETag: \"a\""))
        let head = request(.head, "/", fields("Content-Length: 0", "Content-Type: x", "Expect: y", "Accept: z"))
        let reuse = stored.metadata.reuse(for: summary(head), after: .seconds(2), policy: .proxy)
        #expect(reuse.action == .serveAndRefresh)
        let answer = stored.answer(
            to: summary(head),
            fields: head.headerFields,
            age: reuse.age,
            now: noon,
            policy: .proxy
        )
        #expect(answer.body == .none)
        let outgoing = ConditionalRequest.refreshing(stored, for: head, policy: .proxy)
        #expect(outgoing.method == .get)
        #expect(outgoing.headerFields.map(\.name.canonicalName) == ["accept", "if-none-match"])
        #expect(ConditionalRequest.validating(stored, for: head).method == .head)
    }

    /// Without an entry the client's conditions pass through.
    @Test func forwarding() {
        let outgoing = ConditionalRequest.forwarding(Self.asked)
        #expect(outgoing.headerFields.lines("If-None-Match") == ["\"client\""])
        #expect(outgoing.headerFields.lines("Range") == ["bytes=0-1"])
        #expect(outgoing.headerFields.lines("X-Hop").isEmpty)
        #expect(outgoing.headerFields.lines("Connection").isEmpty)
    }

    /// Rules, section 8: a range that is missed is asked for as the whole, if that is known to be short enough.
    @Test func ranges() {
        let outgoing = ConditionalRequest.forwarding(Self.asked, whole: true)
        #expect(outgoing.headerFields.lines("Range").isEmpty)
        #expect(outgoing.headerFields.lines("If-Range").isEmpty)
        #expect(ConditionalRequest.fillsWhole(length: 1 << 20, policy: .proxy))
        #expect(!ConditionalRequest.fillsWhole(length: 1 << 20 + 1, policy: .proxy))
        #expect(!ConditionalRequest.fillsWhole(length: nil, policy: .proxy))
        let known = ByteRange.completeLength(in: fields("Content-Range: bytes 0-1/1048576"))
        #expect(ConditionalRequest.fillsWhole(length: known, policy: .proxy))
    }

    /// RFC 9111, section 4.3.1: where no variant matches, the tags of all ask which of them is the answer.
    @Test func choosingAmongVariants() throws {
        let headers = ["ETag: \"a\"", "ETag: W/\"b\"", "ETag: unquoted", "ETag: \"a\"", "X: no tag", "ETag: \"c,d\""]
        let variants = try headers.map { try stored(200, fields("Cache-Control: max-age=9", $0)).metadata }
        let (outgoing, offered) = ConditionalRequest.choosing(among: variants, for: Self.asked)
        #expect(outgoing.headerFields.lines("If-None-Match") == ["\"a\", W/\"b\", \"c,d\""])
        #expect(offered == [0, 1, 3, 5])
        let (plain, none) = ConditionalRequest.choosing(among: [], for: Self.asked)
        #expect(plain.headerFields.lines("If-None-Match").isEmpty)
        #expect(none.isEmpty)
    }

    @Test func notMoreTagsThanAFieldShouldHave() throws {
        let variants = try (0..<40).map {
            try stored(200, fields("Cache-Control: max-age=9", "ETag: \"\($0)\"")).metadata
        }
        #expect(ConditionalRequest.choosing(among: variants, for: Self.asked).offered.count == 16)
    }
}
