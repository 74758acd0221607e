import LarderTesting
import Testing

@testable import LarderRedisClient

@Suite(.timeLimit(.minutes(1))) struct RedirectionTests {
    static func redirection(_ message: String) -> Redirection? {
        Redirection(RedisServerError(message), askedHost: "asked")
    }

    @Test(arguments: [
        ("MOVED 3999 127.0.0.1:6381", Redirection.Kind.moved, 3999, "127.0.0.1" as String?, 6381),
        ("ASK 0 shop.internal:1", .ask, 0, "shop.internal", 1),
        ("MOVED 16383 ::1:7000", .moved, 16_383, "::1", 7000),
        ("MOVED 1 2001:db8::5:65535", .moved, 1, "2001:db8::5", 65_535),
        ("ASK 1 [::1]:7000", .ask, 1, "::1", 7000),
        ("MOVED 1 :7000", .moved, 1, "asked", 7000),
        ("MOVED 1 ?:7000", .moved, 1, nil, 7000),
    ])
    func redirectionsNameSlotAndServer(message: String, kind: Redirection.Kind, slot: Int, host: String?, port: Int)
        throws
    {
        let redirection = try #require(Self.redirection(message))
        #expect(redirection.kind == kind)
        #expect(redirection.slot == slot)
        #expect(redirection.address == host.map { NodeAddress(host: $0, port: port) })
    }

    @Test(arguments: [
        "", "MOVED", "MOVED 1", "MOVED 1 ", "MOVED  1 a:1", "moved 1 a:1", "MOVED 16384 a:1", "MOVED -1 a:1",
        "MOVED +1 a:1", "MOVED 1 a", "MOVED 1 a:", "MOVED 1 a:0", "MOVED 1 a:65536", "MOVED 1 a:+7", "MOVED 1 a:7 x",
        "MOVED 1 a/b:1", "MOVED 1 a\nb:1", "MOVED 999999999999999999999 a:1", "MOVED 1 a:99999999999999999999",
        "MOVEDX 1 a:1", "ERR MOVED 1 a:1", "WRONGTYPE Operation", "ASKING 1 a:1", "MOVED 1 []:1", "MOVED ١ a:1",
        "MOVED 1 " + String(repeating: "a", count: 300) + ":1",
    ])
    func otherTextsAreNone(message: String) {
        #expect(Self.redirection(message) == nil)
    }

    @Test func randomTextsNeverMakeAnImpossibleRedirection() {
        var generator = SeededGenerator(seed: 2)
        let pieces = [
            "MOVED", "ASK", " ", " ", ":", "1", "16383", "99999", "host", "?", "[", "]", "::1", "\u{0}", "ü", "-",
        ]
        var found = 0
        for _ in 0..<20_000 {
            let count = Int.random(in: 0...8, using: &generator)
            var message = Bool.random(using: &generator) ? "MOVED 1 " : ""
            for _ in 0..<count { message += pieces.randomElement(using: &generator) ?? "" }
            guard let redirection = Self.redirection(message) else { continue }
            found += 1
            #expect((0..<KeySlot.count).contains(redirection.slot))
            if let address = redirection.address {
                #expect((1...65_535).contains(address.port) && address.host.isPlausibleHost)
            }
        }
        #expect(found > 10)
    }
}
