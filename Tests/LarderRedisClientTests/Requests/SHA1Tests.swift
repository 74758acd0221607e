import Testing

@testable import LarderRedisClient

@Suite("SHA-1", .timeLimit(.minutes(1)))
struct SHA1Tests {
    /// The examples of FIPS 180 and RFC 3174, and what Redis names the empty script and `return 1`.
    @Test(arguments: [
        ("", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        ("abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
        ),
        ("return 1", "e0e1f9fabfc9d4800c877a703b823ac0578ff8db"),
    ])
    func digestsAreTheStandards(text: String, digest: String) {
        #expect(SHA1.hexadecimalDigest(of: text.utf8) == digest)
    }

    @Test func aMillionLettersHaveTheStandardsDigest() {
        let digest = SHA1.hexadecimalDigest(of: repeatElement(UInt8(ascii: "a"), count: 1_000_000))
        #expect(digest == "34aa973cd4c4daa4f61eeb2bdbad27316534016f")
    }

    /// Where the padding takes a block of its own, and where it does not.
    @Test(arguments: [
        (55, "c1c8bbdc22796e28c0e15163d20899b65621d65a"), (56, "c2db330f6083854c99d4b5bfb6e8f29f201be699"),
        (63, "03f09f5b158a7a8cdad920bddc29b81c18a551f5"), (64, "0098ba824b5c16427bd7a1122a5a442a25ec644d"),
        (65, "11655326c708d70319be2610e8a57d9a5b959d3b"),
    ])
    func lengthsAroundABlockArePadded(count: Int, digest: String) {
        #expect(SHA1.hexadecimalDigest(of: repeatElement(UInt8(ascii: "a"), count: count)) == digest)
    }
}
