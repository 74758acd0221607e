import Larder
import LarderCompression
import Testing

/// Compressors behind a cache.
@Suite struct CompressedCacheTests {
    @Test(arguments: CompressorUnderTest.all)
    func entriesOfEveryCompressorAreReadByTheFactories(_ subject: CompressorUnderTest) throws {
        let compressed = try subject.compressor.compress([UInt8](repeating: 1, count: 5_000))
        var all: [EntryCompression] = [.zlib(), .gzip()]
        #if LZ4
        all.append(.lz4())
        #endif
        #if Zstandard
        all.append(.zstandard())
        #endif
        #if LZMA
        all.append(.lzma())
        #endif
        for compression in all {
            let reader = try #require(compression.reader(of: subject.compressor.id))
            #expect(try reader.decompress(compressed, limit: 5_000).count == 5_000)
        }
    }

    /// What django-redis 7.0 has put into Redis with each of its compressors.
    @Test(
        arguments: [
            (.zlib, "789cab56ca2c49cd2d56b25288564a4c4a4e494d4bcfc8cc52d25118e54178b1b500e5345eb1"),
            (
                .gzip,
                "1f8b080038ca006b02ffab56ca2c49cd2d56b25288564a4c4a4e494d4bcfc8cc52d25118e54178b1b50082335fae23010000"
            ),
            (
                .lz4,
                "04224d1868402301000000000000c724000000ff0a7b226974656d73223a205b226162636465666768696a222c200e00"
                    + "f250696a225d7d00000000"
            ),
            (
                .zstandard,
                "28b52ffd602300150100d87b226974656d73223a205b226162636465666768696a222c205d7d010015843ac7"
            ),
            (
                .lzma,
                "fd377a585a000004e6d6b4460200210114000000ffe7ec09e0012200235d003d888927839caa50d29c717002f0e3be60"
                    + "7a3980b3dc68833d95ad2f91baecb401e0000000366312a721aa791000013fa302000000684cf7abb1c467fb0200"
                    + "00000004595a"
            ),
        ] as [(CompressionID, String)]
    )
    func valuesOfDjangoRedisAreRead(_ id: CompressionID, _ hex: String) throws {
        guard let compressor = CompressorUnderTest.named(id) else { return }
        let items = repeatElement("\"abcdefghij\"", count: 20).joined(separator: ", ")
        let expected = "{\"items\": [\(items)]}"
        let bytes = stride(from: 0, to: hex.utf8.count, by: 2).compactMap { offset in
            UInt8(hex.dropFirst(offset).prefix(2), radix: 16)
        }
        let text = try compressor.decompress(bytes, limit: 1_000)
        #expect(String(validating: text, as: UTF8.self) == expected)
    }
}
