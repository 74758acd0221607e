import Testing

@testable import Bookshop

@Suite struct ClientAddressTests {
    private static let counted: [(peer: String, fields: [String], count: Int, client: String)] = [
        ("192.0.2.9", [], 0, "192.0.2.9"),
        ("192.0.2.9", ["1.1.1.1"], 0, "192.0.2.9"),
        ("192.0.2.9", ["1.1.1.1"], 1, "1.1.1.1"),
        ("192.0.2.9", ["6.6.6.6, 1.1.1.1"], 1, "1.1.1.1"),
        ("192.0.2.9", ["6.6.6.6", "1.1.1.1"], 1, "1.1.1.1"),
        ("192.0.2.9", ["6.6.6.6, 1.1.1.1, 192.0.2.8"], 2, "1.1.1.1"),
        // Fewer than there should be: all that there is.
        ("192.0.2.9", ["1.1.1.1"], 2, "1.1.1.1"),
        ("192.0.2.9", [], 2, "192.0.2.9"),
        // What is no address ends it.
        ("192.0.2.9", ["1.1.1.1, unknown"], 1, "192.0.2.9"),
        ("192.0.2.9", ["1.1.1.1, , 192.0.2.8"], 3, "192.0.2.8"),
        // Ways to write one.
        ("::ffff:192.0.2.9", [], 0, "192.0.2.9"),
        ("192.0.2.9", ["1.1.1.1:4711"], 1, "1.1.1.1"),
        ("192.0.2.9", ["[2001:DB8:0::1]:443"], 1, "2001:db8::1"),
        ("192.0.2.9", ["2001:db8::1"], 1, "2001:db8::1"),
        // Tests have no connection.
        ("unknown", ["1.1.1.1"], 0, "unknown"),
    ]

    @Test(arguments: Self.counted)
    func proxiesAreCountedFromTheRight(peer: String, fields: [String], count: Int, client: String) {
        #expect(TrustedProxies.count(count).client(of: peer, forwarded: fields) == client)
    }

    private static let known: [(peer: String, fields: [String], client: String)] = [
        ("10.0.0.1", ["6.6.6.6, 1.1.1.1"], "1.1.1.1"),
        ("10.0.0.1", ["6.6.6.6, 1.1.1.1, 10.0.0.2"], "1.1.1.1"),
        // Who is no proxy of ours says nothing that counts.
        ("1.1.1.1", ["10.0.0.1"], "1.1.1.1"),
        ("10.0.0.1", ["10.0.0.2"], "10.0.0.2"),
        ("::ffff:10.0.0.1", ["1.1.1.1"], "1.1.1.1"),
    ]

    @Test(arguments: Self.known)
    func proxiesAreKnownByTheirAddresses(peer: String, fields: [String], client: String) {
        let proxies = TrustedProxies.addresses(["10.0.0.1", "10.0.0.2"])
        #expect(proxies.client(of: peer, forwarded: fields) == client)
    }
}
