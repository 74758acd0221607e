import Foundation
import Larder
import LarderCompression
import Testing

/// A compressor with a name for the test's report.
struct CompressorUnderTest: Sendable, CustomTestStringConvertible {
    let compressor: any ByteCompressor

    var testDescription: String { "\(self.compressor.id)" }

    /// Those that this build has.
    static let all: [CompressorUnderTest] = Compressors.all.map { Self(compressor: $0) }

    static func named(_ id: CompressionID) -> (any ByteCompressor)? { Compressors.all.first { $0.id == id } }
}

/// The code of what `body` throws; `nil` where it throws nothing.
func code(_ body: () throws -> [UInt8]) -> CompressionError.Code? {
    do {
        _ = try body()
        return nil
    } catch {
        return (error as? CompressionError)?.code
    }
}

@Suite(.timeLimit(.minutes(5))) struct CompressorTests {
    private static let contents: [[UInt8]] = {
        var random = SplitMix(state: 1)
        let noise = (0..<10_000).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        let words = ["larder", "shelf", "jam", "größe"]
        let text = (0..<2_000).map { _ in words.randomElement(using: &random) ?? "" }.joined(separator: " ")
        return [[], [0], Array("larder".utf8), Array(text.utf8), noise, [UInt8](repeating: 7, count: 1 << 16)]
    }()

    @Test(arguments: CompressorUnderTest.all)
    func bytesComeBack(_ subject: CompressorUnderTest) throws {
        for content in Self.contents {
            let compressed = try subject.compressor.compress(content)
            // A limit of just the length is enough.
            #expect(try subject.compressor.decompress(compressed, limit: content.count) == content)
        }
        let text = Self.contents[3]
        #expect(try subject.compressor.compress(text).count < text.count * 2 / 3)
    }

    @Test(arguments: CompressorUnderTest.all)
    func moreThanTheLimitIsRefused(_ subject: CompressorUnderTest) throws {
        for content in Self.contents where !content.isEmpty {
            let compressed = try subject.compressor.compress(content)
            for limit in [0, content.count / 2, content.count - 1] {
                let failure = code { try subject.compressor.decompress(compressed, limit: limit) }
                #expect(failure == .tooLong, "\(content.count) bytes, limit \(limit)")
            }
        }
    }

    @Test(arguments: CompressorUnderTest.all)
    func smallBombGoesOffNowhere(_ subject: CompressorUnderTest) throws {
        var bomb = try subject.compressor.compress([UInt8](repeating: 0, count: 1 << 22))
        #expect(bomb.count < 1 << 15)
        #expect(code { try subject.compressor.decompress(bomb, limit: 1 << 16) } == .tooLong)
        // The same in many pieces: what each of them is is allowed.
        if subject.compressor.id != .zlib {
            let piece = try subject.compressor.compress([UInt8](repeating: 0, count: 1 << 15))
            bomb = Array(repeatElement(piece, count: 100).joined())
            #expect(code { try subject.compressor.decompress(bomb, limit: 1 << 20) } == .tooLong)
            #expect(try subject.compressor.decompress(bomb, limit: 1 << 22).count == 100 << 15)
        }
    }

    @Test(arguments: CompressorUnderTest.all)
    func everyTruncationIsAnError(_ subject: CompressorUnderTest) throws {
        let content = Array(Self.contents[3].prefix(1_000))
        let compressed = try subject.compressor.compress(content)
        for count in 0..<compressed.count {
            let failure = code { try subject.compressor.decompress(Array(compressed.prefix(count)), limit: 1 << 20) }
            #expect(failure == .truncated, "\(count) of \(compressed.count) bytes")
        }
    }

    @Test(arguments: CompressorUnderTest.all)
    func whatIsOfNobodyIsAnError(_ subject: CompressorUnderTest) throws {
        for content in [[], [0], Array("larder".utf8), [UInt8](repeating: 0xFF, count: 100)] {
            #expect(code { try subject.compressor.decompress(content, limit: 1 << 20) } != nil)
        }
        let compressed = try subject.compressor.compress(Array("larder".utf8))
        #expect(code { try subject.compressor.decompress(compressed + [1, 2, 3], limit: 1 << 20) } != nil)
        for other in Compressors.all where other.id != subject.compressor.id {
            let foreign = try other.compress(Self.contents[3])
            #expect(code { try subject.compressor.decompress(foreign, limit: 1 << 20) } == .malformed, "\(other.id)")
        }
    }

    @Test(arguments: CompressorUnderTest.all)
    func randomMutationsCrashNothing(_ subject: CompressorUnderTest) throws {
        let content = Array(Self.contents[3].prefix(2_000))
        let compressed = try subject.compressor.compress(content)
        var random = SplitMix(state: 2)
        var refused = 0
        for _ in 0..<1_000 {
            var bytes = compressed
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: .min ... .max, using: &random)
            }
            if Bool.random(using: &random) { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random)) }
            if let result = try? subject.compressor.decompress(bytes, limit: 10_000) {
                #expect(result.count <= 10_000)
            } else {
                refused += 1
            }
        }
        // All of them carry a checksum.
        #expect(refused > 950)
    }

    @Test(arguments: ForeignVector.all)
    func whatOthersHaveCompressedIsRead(_ vector: ForeignVector) throws {
        guard let compressor = CompressorUnderTest.named(vector.compressor) else { return }
        #expect(try compressor.decompress(vector.bytes, limit: 1 << 20) == vector.expected)
    }

    @Test func bombsOfOthersAreRefused() throws {
        for (id, base64) in ForeignVector.bombs {
            guard let compressor = CompressorUnderTest.named(id) else { continue }
            let bytes = [UInt8](try #require(Data(base64Encoded: base64)))
            #expect(code { try compressor.decompress(bytes, limit: 1 << 20) } == .tooLong, "\(id)")
            #expect(try compressor.decompress(bytes, limit: 1 << 22).count == 1 << 22, "\(id)")
        }
    }

    @Test func allThatTheBuildHasAreListed() {
        var expected: [CompressionID] = [.zlib, .gzip]
        #if LZ4
        expected.append(.lz4)
        #endif
        #if Zstandard
        expected.append(.zstandard)
        #endif
        #if LZMA
        expected.append(.lzma)
        #endif
        #expect(Compressors.all.map(\.id) == expected)
    }
}

/// Random numbers that are the same in every run (SplitMix64: Steele, Lea and Flood, OOPSLA 2014).
///
/// That of `LarderTesting` would bring the clients of servers into the lean package, which runs these tests too.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var word = self.state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
