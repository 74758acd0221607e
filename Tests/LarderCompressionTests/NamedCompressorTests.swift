import Larder
import LarderCompression
import Testing

/// Compressors as configurations name them.
@Suite struct NamedCompressorTests {
    @Test func allCompressorsOfTheBuildHaveAName() throws {
        let made = try Compressors.named.values.map { try $0(nil).id.rawValue }
        #expect(made.sorted() == Compressors.all.map(\.id.rawValue).sorted())
        #expect(Set(["zlib", "gzip"]).isSubset(of: Compressors.named.keys))
    }

    @Test(arguments: Compressors.named.keys.sorted())
    func aLevelIsTakenOrRefused(_ name: String) throws {
        let make = try #require(Compressors.named[name])
        let text = Array(repeating: UInt8(ascii: "a"), count: 10_000)
        let compressed = try make(1).compress(text)
        #expect(compressed.count < 1_000)
        #expect(try make(nil).decompress(compressed, limit: 10_000) == text)
        let error = #expect(throws: CacheError.self) { _ = try make(1_000) }
        #expect(error?.code == .invalidArgument)
    }
}
