public import Larder

extension Compressors {
    /// Makers of the compressors that this build has, by name: `zlib`, `gzip`, and with the package's traits `lz4`, `zstd` and
    /// `lzma`.
    ///
    /// Each takes a level; `nil` is its usual one.
    ///
    /// ```swift
    /// let components = CacheComponents(stores: [.redis], compressors: Compressors.named)
    /// ```
    public static var named: [String: @Sendable (_ level: Int?) throws -> any ByteCompressor] {
        var named: [String: @Sendable (_ level: Int?) throws -> any ByteCompressor] = [
            "zlib": { level in try level.map { try ZlibCompressor(level: $0) } ?? ZlibCompressor() },
            "gzip": { level in try level.map { try GzipCompressor(level: $0) } ?? GzipCompressor() },
        ]
        #if LZ4
        named["lz4"] = { level in try level.map { try LZ4Compressor(level: $0) } ?? LZ4Compressor() }
        #endif
        #if Zstandard
        named["zstd"] = { level in try level.map { try ZstandardCompressor(level: $0) } ?? ZstandardCompressor() }
        #endif
        #if LZMA
        named["lzma"] = { level in try level.map { try LZMACompressor(level: $0) } ?? LZMACompressor() }
        #endif
        return named
    }
}
