import Foundation
import Larder
import Testing

@testable import LarderCrypto

@Suite struct SealingKeyTests {
    private static let bytes: [UInt8] = Array(0x40..<0x60)

    private func message(_ body: () throws -> Void) -> String? {
        do {
            try body()
            return nil
        } catch {
            guard let error = error as? CacheError, error.code == .invalidArgument else { return nil }
            return error.message
        }
    }

    @Test func keysOfAnotherLengthAreRefusedByName() throws {
        for count in [0, 16, 31, 33, 64] {
            let message = self.message { _ = try SealingKey(7, bytes: [UInt8](repeating: 1, count: count)) }
            #expect(message?.contains("key 7 has \(count) bytes") == true)
        }
        #expect(self.message { _ = try SealingKey(7, base64: "not base 64!") } == "key 7 is not base 64")
        #expect(self.message { _ = try SealingKey(7, base64: "AAAA") }?.contains("has 3 bytes") == true)
        #expect(self.message { _ = try SealingKey(7, base64: "") }?.contains("has 0 bytes") == true)
        let short = [UInt8](repeating: 1, count: 15)
        #expect(self.message { _ = try SealingKey(7, derivedFrom: short) }?.contains("secret of key 7") == true)
    }

    @Test func base64AndBytesMakeTheSameKey() throws {
        let sealed = try HMACSealer(SealingKey(1, bytes: Self.bytes)).seal([1], boundTo: [2])
        let other = try SealingKey(1, base64: Data(Self.bytes).base64EncodedString())
        #expect(try HMACSealer(other).open(sealed, boundTo: [2]) == [1])
    }

    @Test func keysOfOneSecretDifferByNumber() throws {
        let secret = [UInt8](repeating: 9, count: 16)
        let sealed = try HMACSealer(SealingKey(1, derivedFrom: secret)).seal([1], boundTo: [])
        let second = try HMACSealer(SealingKey(2, derivedFrom: secret)).seal([1], boundTo: [])
        #expect(sealed.suffix(32) != second.suffix(32))
        #expect(try HMACSealer(SealingKey(1, derivedFrom: secret)).open(sealed, boundTo: []) == [1])
    }

    @Test func ringNeedsKeysWithNumbersOfTheirOwn() throws {
        let key = try SealingKey(1, bytes: Self.bytes)
        #expect(self.message { _ = try KeyRing([]) } == "a key ring needs a key")
        let twice = self.message { _ = try KeyRing([key, SealingKey(2, bytes: Self.bytes), key]) }
        #expect(twice == "two keys have the number 1")
    }

    @Test func nothingPrintsAKey() throws {
        let key = try SealingKey(7, bytes: Array("SECRETSECRETSECRETSECRETSECRETSE".utf8))
        let ring = try KeyRing([key, SealingKey(8, bytes: Self.bytes)])
        var printed = "\(key) \(ring) \(String(reflecting: key)) \(AESGCMSealer(ring)) \(HMACSealer(ring))"
        dump(key, to: &printed)
        dump(ring, to: &printed)
        dump(ChaChaPolySealer(ring), to: &printed)
        #expect(printed.contains("key 7 (redacted)"))
        #expect(printed.contains("keys 7, 8"))
        for leak in ["SECRET", "83, 69", "5345", "0x53", "SymmetricKey"] { #expect(!printed.contains(leak), "\(leak)") }
    }
}
