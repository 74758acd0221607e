import LarderTesting
import Testing

@testable import LarderRedisClient

@Suite(.timeLimit(.minutes(1))) struct KeySlotTests {
    /// The specification's own examples, and slots that servers answered to `CLUSTER KEYSLOT`.
    @Test(arguments: [
        ("123456789", 12739), ("foo", 12182), ("bar", 5061), ("user1000", 3443), ("", 0),
        ("{user1000}.following", 3443), ("{user1000}.followers", 3443),
        ("foo{}{bar}", 8363), ("foo{bar}{zap}", 5061), ("{bar", 4015), ("foo{{bar}}zap", 4015),
    ])
    func slotsAreTheSpecifications(key: String, slot: Int) {
        #expect(RedisKeySlot.slot(of: key) == slot)
        #expect(RedisKeySlot.slot(of: Array(key.utf8)) == slot)
        #expect(RedisKeySlot.slot(of: AnySequence(key.utf8)) == slot)
    }

    @Test(arguments: [
        ("plain", "plain"), ("{tag}", "tag"), ("a{tag}b", "tag"), ("a{}b", "a{}b"), ("a{}{b}", "a{}{b}"),
        ("a{b", "a{b"), ("a}b", "a}b"), ("}a{b}", "b"), ("{{a}}", "{a"), ("a{", "a{"), ("{a}{b}", "a"), ("", ""),
    ])
    func onlyTheFirstTagThatIsNotEmptyCounts(key: String, part: String) {
        let found = Array(key.utf8).withUnsafeBytes { Array(KeySlot.hashedPart(of: $0)) }
        #expect(found == Array(part.utf8))
    }

    /// Bit by bit, as the specification has it.
    private static func plainChecksum(_ bytes: [UInt8]) -> UInt16 {
        var checksum: UInt16 = 0
        for byte in bytes {
            checksum ^= UInt16(byte) << 8
            for _ in 0..<8 { checksum = checksum & 0x8000 != 0 ? checksum << 1 ^ 0x1021 : checksum << 1 }
        }
        return checksum
    }

    @Test func eightBytesAStepGiveWhatOneBitAStepGives() {
        var generator = SeededGenerator(seed: 5)
        for length in 0...100 {
            for _ in 0..<4 {
                let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
                #expect(bytes.withUnsafeBytes { CRC16.checksum(of: $0) } == Self.plainChecksum(bytes))
                // At any address, and with other bytes before and after.
                let framed = [0xAA, 0x55] + bytes + [0xFF]
                let inside = framed.withUnsafeBytes {
                    CRC16.checksum(of: UnsafeRawBufferPointer(rebasing: $0[2..<2 + length]))
                }
                #expect(inside == Self.plainChecksum(bytes))
            }
        }
    }
}
