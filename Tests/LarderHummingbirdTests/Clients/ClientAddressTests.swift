import HTTPTypes
import LarderTesting
import Testing

@testable import LarderHummingbird

@Suite("ClientAddress")
struct ClientAddressTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var proxies: TrustedProxies
        var peer: String?
        var lines: [String]
        var expected: String?

        init(_ name: String, _ proxies: TrustedProxies, _ peer: String?, _ lines: [String], _ expected: String?) {
            self.name = name
            self.proxies = proxies
            self.peer = peer
            self.lines = lines
            self.expected = expected
        }

        var testDescription: String { self.name }
    }

    private static let inside = TrustedProxies.networks(["10.0.0.0/8", "fd00::/8"].compactMap { IPNetwork($0) })

    static let forwardedFor = [
        Case("no proxies: the field is the client's own word", .none, "203.0.113.5", ["198.51.100.1"], "203.0.113.5"),
        Case("a stranger's word is not taken", inside, "203.0.113.5", ["198.51.100.1"], "203.0.113.5"),
        Case("a proxy's word is", inside, "10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        Case(
            "what the client has made up stands further left",
            inside,
            "10.0.0.1",
            ["1.1.1.1, 198.51.100.1"],
            "198.51.100.1"
        ),
        Case("made up as a proxy's address", inside, "10.0.0.1", ["10.9.9.9, 198.51.100.1"], "198.51.100.1"),
        Case("two proxies", inside, "10.0.0.1", ["1.1.1.1, 198.51.100.1, 10.0.0.2"], "198.51.100.1"),
        Case("lines are one list", inside, "10.0.0.1", ["1.1.1.1", "198.51.100.1", "10.0.0.2"], "198.51.100.1"),
        Case("all are proxies: the farthest", inside, "10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        Case("nothing is said", inside, "10.0.0.1", [], "10.0.0.1"),
        Case("no address is said", inside, "10.0.0.1", ["198.51.100.1, unknown"], "10.0.0.1"),
        Case("empty members say nothing", inside, "10.0.0.1", [" , 198.51.100.1,, "], "198.51.100.1"),
        Case("with ports", inside, "10.0.0.1", ["198.51.100.1:4711, 10.0.0.2:80"], "198.51.100.1"),
        Case("IPv6 without brackets", inside, "10.0.0.1", ["2001:DB8::1"], "2001:db8::1"),
        Case("IPv6 with brackets and port", inside, "fd00::1", ["[2001:db8::1]:443"], "2001:db8::1"),
        Case("a proxy over a socket for both", inside, "::ffff:10.0.0.1", ["::ffff:198.51.100.1"], "198.51.100.1"),
        Case("one hop", .hops(1), "172.16.0.1", ["1.1.1.1, 198.51.100.1"], "198.51.100.1"),
        Case("two hops", .hops(2), "172.16.0.1", ["1.1.1.1, 198.51.100.1, 172.16.0.2"], "198.51.100.1"),
        Case("more hops than are said", .hops(3), "172.16.0.1", ["198.51.100.1"], "198.51.100.1"),
        Case("no hops", .hops(0), "172.16.0.1", ["198.51.100.1"], "172.16.0.1"),
        Case("a proxy on a Unix socket", .hops(1), nil, ["198.51.100.1"], "198.51.100.1"),
        Case("a stranger on a Unix socket", .none, nil, ["198.51.100.1"], nil),
        Case("text behind it", inside, "10.0.0.1", ["198.51.100.1 x"], "10.0.0.1"),
        Case(
            "a very long list",
            inside,
            "10.0.0.1",
            [Array(repeating: "10.0.0.9", count: 10_000).joined(separator: ",")],
            "10.0.0.9"
        ),
    ]

    @Test("X-Forwarded-For", arguments: Self.forwardedFor)
    func readsForwardedFor(_ row: Case) {
        var headers = HTTPFields()
        headers[values: .xForwardedFor] = row.lines
        // Nobody has asked for this one.
        headers[.forwarded] = "for=9.9.9.9"
        let found = ClientAddress(behind: row.proxies).resolve(
            peer: row.peer.flatMap { IPAddress($0) },
            headers: headers
        )
        #expect(found.map { "\($0)" } == row.expected)
    }

    private static let standard = TrustedProxies.networks([IPNetwork("10.0.0.0/8")].compactMap { $0 }, .forwarded)

    static let forwarded = [
        Case("plain", standard, "10.0.0.1", ["for=198.51.100.1"], "198.51.100.1"),
        Case(
            "with other parameters",
            standard,
            "10.0.0.1",
            ["By=10.0.0.1; FOR = 198.51.100.1 ;proto=https"],
            "198.51.100.1"
        ),
        Case(
            "quoted, IPv6 and a port",
            standard,
            "10.0.0.1",
            [#"for="[2001:db8:cafe::17]:4711""#],
            "2001:db8:cafe::17"
        ),
        Case("IPv6 needs brackets", standard, "10.0.0.1", [#"for="2001:db8::1""#], "10.0.0.1"),
        Case("a list", standard, "10.0.0.1", ["for=1.1.1.1, for=198.51.100.1;by=x, for=10.0.0.7"], "198.51.100.1"),
        Case("a comma in quotes", standard, "10.0.0.1", [#"for=198.51.100.1;host="a, for=9.9.9.9""#], "10.0.0.1"),
        Case("an escaped quote", standard, "10.0.0.1", [#"for=198.51.100.1;host="a\", for=9.9.9.9""#], "10.0.0.1"),
        Case(
            "a quote that a client left open before a proxy's member",
            standard,
            "10.0.0.1",
            [#"for=9.9.9.9;x=", for=198.51.100.1"#],
            "198.51.100.1"
        ),
        Case(
            "nothing but an open quote before it",
            standard,
            "10.0.0.1",
            [#"for=", for=198.51.100.1"#],
            "198.51.100.1"
        ),
        Case("a name made up", standard, "10.0.0.1", ["for=198.51.100.1, for=_gazonk"], "10.0.0.1"),
        Case("unknown", standard, "10.0.0.1", ["for=unknown"], "10.0.0.1"),
        Case("said twice", standard, "10.0.0.1", ["for=198.51.100.1;for=9.9.9.9"], "10.0.0.1"),
        Case("no for", standard, "10.0.0.1", ["for=198.51.100.1, proto=https"], "10.0.0.1"),
        Case("a port with a name", standard, "10.0.0.1", [#"for="198.51.100.1:_http""#], "198.51.100.1"),
        Case("no port behind a colon", standard, "10.0.0.1", [#"for="198.51.100.1:""#], "10.0.0.1"),
        Case("quotes that do not end", standard, "10.0.0.1", [#"for="198.51.100.1"#], "10.0.0.1"),
        Case("case of the name", standard, "10.0.0.1", ["fOr=198.51.100.1"], "198.51.100.1"),
    ]

    @Test("Forwarded (RFC 7239)", arguments: Self.forwarded)
    func readsForwarded(_ row: Case) {
        var headers = HTTPFields()
        headers[values: .forwarded] = row.lines
        headers[.xForwardedFor] = "9.9.9.9"
        let found = ClientAddress(behind: row.proxies).resolve(
            peer: row.peer.flatMap { IPAddress($0) },
            headers: headers
        )
        #expect(found.map { "\($0)" } == row.expected)
    }

    @Test("Whatever a client sends, a stranger behind a proxy is never taken for another")
    func isNotFooled() {
        var generator = SeededGenerator(seed: 99)
        let pieces = [
            "1.1.1.1", "10.0.0.3", ",", " ", "\"", "for=", ";", "[::1]", "\\", "unknown", "=", "2001:db8::1", "\t",
        ]
        for _ in 0..<20_000 {
            let prefix = (0..<Int.random(in: 0..<12, using: &generator)).map { _ in
                pieces.randomElement(using: &generator) ?? ""
            }
            let line = prefix.joined() + ","
            var headers = HTTPFields()
            headers[values: .xForwardedFor] = [line, "198.51.100.1"]
            let found = ClientAddress(behind: Self.inside).resolve(peer: IPAddress("10.0.0.1"), headers: headers)
            #expect(found == IPAddress("198.51.100.1"))
            headers[values: .forwarded] = [line, "for=198.51.100.1"]
            let other = ClientAddress(behind: Self.standard).resolve(peer: IPAddress("10.0.0.1"), headers: headers)
            #expect(other == IPAddress("198.51.100.1"))
        }
    }
}
