import Crypto
import Larder
import Testing

@testable import LarderCrypto

/// Bytes from pairs of hexadecimal digits.
func hex(_ digits: String) -> [UInt8] {
    stride(from: 0, to: digits.utf8.count, by: 2).compactMap { UInt8(digits.dropFirst($0).prefix(2), radix: 16) }
}

/// Vectors of the standards, and of our own format as another implementation makes it (Python's `cryptography` and `hmac`).
@Suite struct GoldenSealTests {
    private static let mark = "04030201"
    private static let nonce = "000102030405060708090a0b"
    private static let context = Array("context".utf8)
    private static let jam = Array("jam".utf8)

    private static func key() throws -> SealingKey { try SealingKey(0x0102_0304, bytes: Array(0..<32)) }

    /// Test cases 13, 14 and 16 of McGrew and Viega, "The Galois/Counter Mode of Operation", 2005, which NIST took over.
    @Test(
        arguments: [
            (
                String(repeating: "0", count: 64), String(repeating: "0", count: 24), "", "",
                "530f8afbc74536b9a963b4f1c4cb738b"
            ),
            (
                String(repeating: "0", count: 64), String(repeating: "0", count: 24), String(repeating: "0", count: 32),
                "",
                "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"
            ),
            (
                "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
                "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                    + "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
                "feedfacedeadbeeffeedfacedeadbeefabaddad2",
                "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838"
                    + "c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b"
            ),
        ]
    )
    func galoisCounterMode(_ key: String, _ nonce: String, _ plain: String, _ associated: String, _ sealed: String)
        throws
    {
        let key = SymmetricKey(data: hex(key))
        let made = try AESGCMSealer.sealed(hex(plain), key, AES.GCM.Nonce(data: hex(nonce)), hex(associated))
        #expect(made == hex(nonce) + hex(sealed))
        #expect(try AESGCMSealer.opened(made[...], key, hex(associated)) == hex(plain))
    }

    /// RFC 8439, section 2.8.2.
    @Test func chaChaPoly() throws {
        let key = SymmetricKey(data: Array(0x80..<0xA0 as Range<UInt8>))
        let nonce = hex("070000004041424344454647")
        let associated = hex("50515253c0c1c2c3c4c5c6c7")
        let plain = Array(
            "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it."
                .utf8
        )
        let sealed = hex(
            "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b"
                + "1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
                + "3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691"
        )
        let made = try ChaChaPolySealer.sealed(plain, key, ChaChaPoly.Nonce(data: nonce), associated)
        #expect(made == nonce + sealed)
        #expect(try ChaChaPolySealer.opened(made[...], key, associated) == plain)
    }

    @Test func formatOfSealedBytesStaysAsItIs() throws {
        let key = try Self.key()
        let gcm = hex(Self.mark + Self.nonce + "2d63bbd6d39b718f0f061aa06d4bc41cde8785")
        let chaCha = hex(Self.mark + Self.nonce + "e39a65b16d8a46c15517a28ef74a48cd3bf9a4")
        let hmac = hex(Self.mark + "6a616df85295fd561dad90e895a6e8fdcf7b1edb160805954570e4f08ea287b3839dd8")
        #expect(try AESGCMSealer(key).open(gcm, boundTo: Self.context) == Self.jam)
        #expect(try ChaChaPolySealer(key).open(chaCha, boundTo: Self.context) == Self.jam)
        #expect(try HMACSealer(key).open(hmac, boundTo: Self.context) == Self.jam)
        #expect(try HMACSealer(key).seal(Self.jam, boundTo: Self.context) == hmac)
        let associated = Self.context + key.mark
        let remadeGCM = try AESGCMSealer.sealed(Self.jam, key.key, AES.GCM.Nonce(data: hex(Self.nonce)), associated)
        #expect(key.mark + remadeGCM == gcm)
        let remadeChaCha = try ChaChaPolySealer.sealed(
            Self.jam,
            key.key,
            ChaChaPoly.Nonce(data: hex(Self.nonce)),
            associated
        )
        #expect(key.mark + remadeChaCha == chaCha)
    }

    @Test func derivationOfKeysStaysAsItIs() throws {
        let key = try SealingKey(0x0102_0304, derivedFrom: Array("a secret of many bytes".utf8))
        let sealed = hex(Self.mark + "6a616dee2097bc238e24a398eb14e60bc983fc1c96a1e7d1db8d2d2a77b581aa83b988")
        #expect(try HMACSealer(key).open(sealed, boundTo: Self.context) == Self.jam)
    }
}
