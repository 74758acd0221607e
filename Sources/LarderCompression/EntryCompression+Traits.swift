#if LZ4 || LZMA || Zstandard
public import Larder
#endif

#if LZ4
extension EntryCompression {
    /// Compresses with LZ4, and reads what all compressors of this build have written.
    ///
    /// - Parameters:
    ///   - threshold: Entries of fewer bytes are kept as they are.
    ///   - limit: How many bytes an entry may have when it is read.
    /// - Returns: The choice.
    public static func lz4(
        threshold: Int = CompressionBounds.threshold,
        limit: Int = CompressionBounds.limit
    ) -> Self {
        Self(LZ4Compressor(), threshold: threshold, limit: limit, alsoReading: Compressors.all)
    }

    /// Compresses with LZ4, and reads what all compressors of this build have written.
    ///
    /// - Parameters:
    ///   - level: One of ``LZ4Compressor/levels``.
    ///   - threshold: Entries of fewer bytes are kept as they are.
    ///   - limit: How many bytes an entry may have when it is read.
    /// - Returns: The choice.
    /// - Throws: `CacheError` with `.invalidArgument` where there is no such level.
    public static func lz4(
        level: Int,
        threshold: Int = CompressionBounds.threshold,
        limit: Int = CompressionBounds.limit
    ) throws -> Self {
        Self(try LZ4Compressor(level: level), threshold: threshold, limit: limit, alsoReading: Compressors.all)
    }
}
#endif

#if Zstandard
extension EntryCompression {
    /// Compresses with Zstandard, and reads what all compressors of this build have written.
    ///
    /// - Parameters:
    ///   - threshold: Entries of fewer bytes are kept as they are.
    ///   - limit: How many bytes an entry may have when it is read.
    /// - Returns: The choice.
    public static func zstandard(
        threshold: Int = CompressionBounds.threshold,
        limit: Int = CompressionBounds.limit
    ) -> Self {
        Self(ZstandardCompressor(), threshold: threshold, limit: limit, alsoReading: Compressors.all)
    }

    /// Compresses with Zstandard, and reads what all compressors of this build have written.
    ///
    /// - Parameters:
    ///   - level: One of ``ZstandardCompressor/levels``.
    ///   - threshold: Entries of fewer bytes are kept as they are.
    ///   - limit: How many bytes an entry may have when it is read.
    /// - Returns: The choice.
    /// - Throws: `CacheError` with `.invalidArgument` where there is no such level.
    public static func zstandard(
        level: Int,
        threshold: Int = CompressionBounds.threshold,
        limit: Int = CompressionBounds.limit
    ) throws -> Self {
        Self(try ZstandardCompressor(level: level), threshold: threshold, limit: limit, alsoReading: Compressors.all)
    }
}
#endif

#if LZMA
extension EntryCompression {
    /// Compresses with LZMA, and reads what all compressors of this build have written.
    ///
    /// - Parameters:
    ///   - threshold: Entries of fewer bytes are kept as they are.
    ///   - limit: How many bytes an entry may have when it is read.
    /// - Returns: The choice.
    public static func lzma(
        threshold: Int = CompressionBounds.threshold,
        limit: Int = CompressionBounds.limit
    ) -> Self {
        Self(LZMACompressor(), threshold: threshold, limit: limit, alsoReading: Compressors.all)
    }

    /// Compresses with LZMA, and reads what all compressors of this build have written.
    ///
    /// - Parameters:
    ///   - level: One of ``LZMACompressor/levels``.
    ///   - threshold: Entries of fewer bytes are kept as they are.
    ///   - limit: How many bytes an entry may have when it is read.
    /// - Returns: The choice.
    /// - Throws: `CacheError` with `.invalidArgument` where there is no such level.
    public static func lzma(
        level: Int,
        threshold: Int = CompressionBounds.threshold,
        limit: Int = CompressionBounds.limit
    ) throws -> Self {
        Self(try LZMACompressor(level: level), threshold: threshold, limit: limit, alsoReading: Compressors.all)
    }
}
#endif
