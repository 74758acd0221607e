import Testing

@testable import LarderHummingbird

@Suite("IPAddress")
struct IPAddressTests {
    @Test(
        "Addresses are read whichever way they are written, and written in one",
        arguments: [
            ("192.0.2.1", "192.0.2.1"), ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"),
            ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("2001:DB8::A", "2001:db8::a"),
            ("2001:db8:0:0:0:0:0:1", "2001:db8::1"), ("2001:0db8:0000:0000:0001:0000:0000:0001", "2001:db8::1:0:0:1"),
            ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"), ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"),
            ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"), ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
            ("::ffff:192.0.2.1", "192.0.2.1"), ("::FFFF:c000:0201", "192.0.2.1"),
            ("0:0:0:0:0:ffff:192.0.2.1", "192.0.2.1"),
            ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"), ("::192.0.2.1", "::c000:201"),
            ("fe80::1%eth0", "fe80::1"), ("fe80::1%25eth0", "fe80::1"),
        ]
    )
    func reads(_ text: String, _ canonical: String) throws {
        let address = try #require(IPAddress(text))
        #expect("\(address)" == canonical)
        #expect(IPAddress(canonical) == address)
    }

    @Test(
        "What is none is refused",
        arguments: [
            "", " ", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.-4", "01.2.3.4", "1.2.3.4 ", "1.2.3.4%eth0",
            "0x7f.1.1.1",
            "1..2.3", "1.2.3.", ":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::",
            "::12345",
            "::g", "1:2", ":1:2:3:4:5:6:7", "1:2:3:4:5:6:7:", "::1.2.3", "1.2.3.4::", "::1.2.3.4:5", "[::1]", "::1/64",
            "1:2:3:4:5:6:7:1.2.3.4", "unknown", "localhost", String(repeating: "1", count: 1_000), "١.٢.٣.٤",
        ]
    )
    func refuses(_ text: String) { #expect(IPAddress(text) == nil) }

    @Test(
        "Networks",
        arguments: [
            ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.1", false), ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false), ("192.0.2.7", "192.0.2.7", true), ("192.0.2.7", "192.0.2.8", false),
            ("192.0.2.4/31", "192.0.2.5", true), ("192.0.2.4/31", "192.0.2.6", false),
            ("2001:db8::/32", "2001:db8:f::1", true),
            ("2001:db8::/32", "2001:db9::1", false), ("::/0", "2001:db8::1", true),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true),
            ("::ffff:10.0.0.0/104", "10.1.2.3", true), ("::ffff:10.0.0.0/104", "11.1.2.3", false),
            ("fe80::/10", "febf::1", true),
        ]
    )
    func contains(_ network: String, _ address: String, _ isMember: Bool) throws {
        let network = try #require(IPNetwork(network))
        let address = try #require(IPAddress(address))
        #expect(network.contains(address) == isMember)
    }

    @Test(
        "What is no network is refused",
        arguments: [
            "", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8/8", "10.0.0.1/8", "::/129", "::1/64",
            "a/8", "10.0.0.0/+8", "::ffff:0:0/95",
        ]
    )
    func refusesNetworks(_ text: String) { #expect(IPNetwork(text) == nil) }

    @Test("Neighbours in a network have one name")
    func aggregates() throws {
        let first = try #require(IPAddress("2001:db8:1:2:3:4:5:6")), second = try #require(IPAddress("2001:db8:1:2::1"))
        #expect("\(first.network(64))" == "2001:db8:1:2::/64")
        #expect(first.network(64) == second.network(64))
        #expect("\(first.network(128))" == "\(first)" && "\(first.network(200))" == "\(first)")
        #expect("\(first.network(0))" == "::/0" && "\(first.network(-1))" == "::/0")
        #expect("\(try #require(IPAddress("192.0.2.77")).network(24))" == "192.0.2.0/24")
    }
}
