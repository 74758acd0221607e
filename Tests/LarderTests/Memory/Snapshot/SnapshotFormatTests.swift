import LarderTesting
import Testing

@testable import Larder

/// The bytes of snapshots, whole and otherwise.
@Suite struct SnapshotFormatTests {
    private static let records: [SnapshotRecord] = (0..<12).map { number in
        SnapshotRecord(
            key: EncodedValue(codec: .text, bytes: Array("key \(number)".utf8)),
            value: number == 7
                ? nil : EncodedValue(codec: .bytes, bytes: (0..<number * 3).map { UInt8(truncatingIfNeeded: $0) }),
            deadline: number.isMultiple(of: 2) ? SnapshotFormat.never : Int64(number) * 1_000
        )
    }

    private static func file(_ records: [SnapshotRecord] = Self.records, nonce: UInt32 = 0xC0FF_EE00) throws -> [UInt8]
    {
        var bytes = SnapshotHeader(nonce: nonce, savedAt: 17, count: UInt64(records.count)).bytes
        for record in records { bytes += try record.bytes(nonce: nonce) }
        return bytes
    }

    /// Reads all that is whole, `portion` bytes at a time.
    private static func read(
        _ bytes: [UInt8],
        portion: Int = .max
    ) throws -> (records: [SnapshotRecord], missing: Int) {
        var rest = bytes[...]
        var reader = try SnapshotReader { most in
            let part = rest.prefix(min(most, portion))
            rest = rest.dropFirst(part.count)
            return Array(part)
        }
        var records: [SnapshotRecord] = []
        while let record = try reader.next() { records.append(record) }
        return (records, reader.missingCount)
    }

    @Test func theChecksumIsCastagnolis() {
        // RFC 3720, B.4, and the check value of the catalogue of CRCs.
        var check = CRC32C()
        check.update("123456789".utf8)
        #expect(check.value == 0xE306_9283)
        var zeros = CRC32C()
        zeros.update([UInt8](repeating: 0, count: 32))
        #expect(zeros.value == 0x8A91_36AA)
    }

    @Test(arguments: [1, 2, 7, 64, Int.max])
    func comesBackAsItWas(_ portion: Int) throws {
        let read = try Self.read(try Self.file(), portion: portion)
        #expect(read.records == Self.records)
        #expect(read.missing == 0)
    }

    @Test func aTruncatedFileGivesWhatIsWhole() throws {
        let file = try Self.file()
        var ends = [SnapshotFormat.headerSize]
        for record in Self.records { ends.append(ends[ends.count - 1] + (try record.bytes(nonce: 0)).count) }
        for length in 0..<file.count {
            let part = Array(file.prefix(length))
            if length < SnapshotFormat.headerSize {
                #expect(throws: CacheError.self) { _ = try Self.read(part) }
                continue
            }
            let whole = ends.dropFirst().count { $0 <= length }
            let read = try Self.read(part)
            #expect(read.records == Array(Self.records.prefix(whole)))
            #expect(read.missing == Self.records.count - whole)
        }
    }

    /// One wrong byte costs the entry that it is in, and no other.
    @Test func aWrongByteCostsOneEntry() throws {
        let file = try Self.file()
        var random = SeededGenerator(seed: 1)
        for index in SnapshotFormat.headerSize..<file.count {
            var damaged = file
            damaged[index] ^= UInt8.random(in: 1...255, using: &random)
            let read = try Self.read(damaged)
            #expect(read.records.count == Self.records.count - 1)
            #expect(read.missing == 1)
            #expect(read.records.allSatisfy(Self.records.contains))
        }
    }

    @Test func aWrongByteInTheHeadIsAnError() throws {
        let file = try Self.file()
        for index in 0..<SnapshotFormat.headerSize {
            var damaged = file
            damaged[index] ^= 1
            let error = #expect(throws: CacheError.self) { _ = try Self.read(damaged) }
            #expect(error?.code == .notASnapshot)
        }
    }

    @Test func damageOfAnyKindNeverBringsForthWhatWasNotThere() throws {
        let file = try Self.file()
        var random = SeededGenerator(seed: 2)
        for _ in 0..<Soak.operations(2_000, soak: 200_000) {
            var damaged = file
            for _ in 0..<Int.random(in: 1...20, using: &random) {
                let index = Int.random(in: SnapshotFormat.headerSize..<damaged.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: damaged[index] = UInt8.random(in: 0...255, using: &random)
                case 1: damaged[index] ^= 1 << Int.random(in: 0..<8, using: &random)
                case 2: damaged.remove(at: index)
                default: damaged.insert(UInt8.random(in: 0...255, using: &random), at: index)
                }
                if damaged.count <= SnapshotFormat.headerSize + 1 { break }
            }
            let read = try Self.read(damaged, portion: Int.random(in: 1...100, using: &random))
            #expect(read.records.allSatisfy(Self.records.contains))
            #expect(read.records.count + read.missing == Self.records.count)
        }
    }

    @Test func whatIsNoSnapshotIsAnError() throws {
        for bytes in [[], Array("LARDERMC".utf8), [UInt8](repeating: 0, count: 1_000), Array("{\"a\": 1}".utf8)] {
            let error = #expect(throws: CacheError.self) { _ = try Self.read(bytes) }
            #expect(error?.code == .notASnapshot)
        }
    }

    /// A value may contain the bytes of an entry.
    ///
    /// When the entry around it is damaged, they are not taken for one.
    @Test func anEntryWithinAValueIsNotTakenForOne() throws {
        let inner = SnapshotRecord(
            key: EncodedValue(codec: .text, bytes: Array("admin".utf8)),
            value: EncodedValue(codec: .text, bytes: Array("yes".utf8)),
            deadline: SnapshotFormat.never
        )
        // Whoever makes the value does not know the random number of a file to come.
        let bytes = try inner.bytes(nonce: 0)
        let outer = SnapshotRecord(
            key: EncodedValue(codec: .text, bytes: Array("comment".utf8)),
            value: EncodedValue(codec: .bytes, bytes: bytes),
            deadline: SnapshotFormat.never
        )
        var file = try Self.file([outer], nonce: 0x1234_5678)
        file[SnapshotFormat.headerSize + 1] ^= 0xFF
        let read = try Self.read(file)
        #expect(read.records == [])
        #expect(read.missing == 1)
    }
}
