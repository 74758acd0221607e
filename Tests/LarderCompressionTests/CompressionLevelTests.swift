import Foundation
import Larder
import LarderCompression
import Testing

/// Levels that there are and are not, and what is special to one format.
@Suite struct CompressionLevelTests {
    private static let text = Array(String(repeating: "the shelf of the larder is full of jam, ", count: 200).utf8)

    private func expectLevels(
        _ levels: ClosedRange<Int>,
        _ make: (Int) throws -> any ByteCompressor,
        _ location: SourceLocation = #_sourceLocation
    ) throws {
        for level in Set([levels.lowerBound, -1, 0, 1, 3, 9, levels.upperBound]) where levels.contains(level) {
            let compressor = try make(level)
            let compressed = try compressor.compress(Self.text)
            let text = try compressor.decompress(compressed, limit: Self.text.count)
            #expect(text == Self.text, "level \(level)", sourceLocation: location)
        }
        for level in [levels.lowerBound - 1, levels.upperBound + 1, .min, .max] {
            let error = #expect(throws: CacheError.self, sourceLocation: location) { try make(level) }
            #expect(error?.code == .invalidArgument, sourceLocation: location)
            #expect(error?.message.contains("\(level)") == true, sourceLocation: location)
        }
    }

    @Test func everyLevelOfZlibAndGzipWorksAndOthersAreRefused() throws {
        try self.expectLevels(ZlibCompressor.levels) { try ZlibCompressor(level: $0) }
        try self.expectLevels(GzipCompressor.levels) { try GzipCompressor(level: $0) }
        let sizes = try [1, 9].map { try ZlibCompressor(level: $0).compress(Self.text).count }
        #expect(sizes[1] <= sizes[0])
        #expect(throws: CacheError.self) { try EntryCompression.zlib(level: 10) }
        #expect(try EntryCompression.gzip(level: 9, threshold: 5, limit: 100).threshold == 5)
    }

    @Test func factoriesHaveTheDocumentedBounds() throws {
        let compression = EntryCompression.zlib()
        #expect(compression.threshold == 1_024)
        #expect(compression.limit == 64 << 20)
        #expect(compression.compressor.id == .zlib)
        #expect(EntryCompression.gzip(limit: 7).limit == 7)
    }

    @Test func emptyZlibStreamIsNotTakenForTheEndOfAnother() throws {
        let compressor = ZlibCompressor()
        let two = try compressor.compress([]) + compressor.compress([])
        #expect(code { try compressor.decompress(two, limit: 100) } == .malformed)
    }

    @Test func errorsNameTheCompressorAndNoBytes() throws {
        let error = #expect(throws: CompressionError.self) {
            try GzipCompressor().decompress(Array("secret".utf8), limit: 9)
        }
        #expect(error?.description.hasPrefix("gzip: malformed: ") == true)
        #expect(error?.description.contains("secret") == false)
    }

    #if LZ4
    @Test func everyLevelOfLZ4WorksAndOthersAreRefused() throws {
        try self.expectLevels(LZ4Compressor.levels) { try LZ4Compressor(level: $0) }
        #expect(EntryCompression.lz4().compressor.id == .lz4)
        #expect(throws: CacheError.self) { try EntryCompression.lz4(level: 13) }
    }
    #endif

    #if Zstandard
    @Test func everyLevelOfZstandardWorksAndOthersAreRefused() throws {
        try self.expectLevels(ZstandardCompressor.levels) { try ZstandardCompressor(level: $0) }
        #expect(EntryCompression.zstandard().compressor.id == .zstandard)
        #expect(throws: CacheError.self) { try EntryCompression.zstandard(level: 23) }
    }

    @Test func frameThatNeedsADictionaryIsRefused() throws {
        let frame = [UInt8](try #require(Data(base64Encoded: ForeignVector.withDictionary)))
        #expect(code { try ZstandardCompressor().decompress(frame, limit: 1 << 20) } == .malformed)
    }

    @Test func frameThatWantsAHugeWindowIsRefusedBeforeItGetsOne() throws {
        // Magic number, a descriptor without anything, a window of 2^31 bytes, an empty last block.
        let frame: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0x00, (31 - 10) << 3, 0x01, 0x00, 0x00]
        #expect(code { try ZstandardCompressor().decompress(frame, limit: 1 << 20) } == .malformed)
        // The same with one of 2^20.
        let small: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0x00, (20 - 10) << 3, 0x01, 0x00, 0x00]
        #expect(try ZstandardCompressor().decompress(small, limit: 1 << 20) == [])
    }
    #endif

    #if LZMA
    @Test func everyLevelOfLZMAWorksAndOthersAreRefused() throws {
        try self.expectLevels(LZMACompressor.levels) { try LZMACompressor(level: $0) }
        #expect(EntryCompression.lzma().compressor.id == .lzma)
        #expect(throws: CacheError.self) { try EntryCompression.lzma(level: -1) }
    }

    @Test func streamThatWantsAHugeDictionaryIsRefusedBeforeItGetsOne() throws {
        let frame = [UInt8](try #require(Data(base64Encoded: ForeignVector.hugeDictionary)))
        #expect(code { try LZMACompressor().decompress(frame, limit: 1 << 20) } == .tooLong)
    }
    #endif
}
