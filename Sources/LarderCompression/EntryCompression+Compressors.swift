public import Larder

/// The compressors that this build has.
public enum Compressors: Sendable {
    /// All of them, each with its usual level: zlib and gzip, and those of the package traits that are on.
    public static var all: [any ByteCompressor] {
        var all: [any ByteCompressor] = [ZlibCompressor(), GzipCompressor()]
        #if LZ4
        all.append(LZ4Compressor())
        #endif
        #if Zstandard
        all.append(ZstandardCompressor())
        #endif
        #if LZMA
        all.append(LZMACompressor())
        #endif
        return all
    }
}

/// How long an entry has to be at least, and may be at most, where nobody says anything else.
public enum CompressionBounds: Sendable {
    /// Shorter entries hardly become smaller.
    public static let threshold = 1_024

    /// 64 MiB.
    public static let limit = 64 << 20
}

extension EntryCompression {
    private static func compressing(with compressor: any ByteCompressor, _ threshold: Int, _ limit: Int) -> Self {
        Self(compressor, threshold: threshold, limit: limit, alsoReading: Compressors.all)
    }

    /// Compresses with zlib, and reads what all compressors of this build have written.
    ///
    /// - Parameters:
    ///   - threshold: Entries of fewer bytes are kept as they are.
    ///   - limit: How many bytes an entry may have when it is read.
    /// - Returns: The choice.
    public static func zlib(
        threshold: Int = CompressionBounds.threshold,
        limit: Int = CompressionBounds.limit
    ) -> Self {
        Self.compressing(with: ZlibCompressor(), threshold, limit)
    }

    /// Compresses with zlib, and reads what all compressors of this build have written.
    ///
    /// - Parameters:
    ///   - level: One of ``ZlibCompressor/levels``.
    ///   - threshold: Entries of fewer bytes are kept as they are.
    ///   - limit: How many bytes an entry may have when it is read.
    /// - Returns: The choice.
    /// - Throws: `CacheError` with `.invalidArgument` where there is no such level.
    public static func zlib(
        level: Int,
        threshold: Int = CompressionBounds.threshold,
        limit: Int = CompressionBounds.limit
    ) throws -> Self {
        try Self.compressing(with: ZlibCompressor(level: level), threshold, limit)
    }

    /// Compresses with gzip, and reads what all compressors of this build have written.
    ///
    /// - Parameters:
    ///   - threshold: Entries of fewer bytes are kept as they are.
    ///   - limit: How many bytes an entry may have when it is read.
    /// - Returns: The choice.
    public static func gzip(
        threshold: Int = CompressionBounds.threshold,
        limit: Int = CompressionBounds.limit
    ) -> Self {
        Self.compressing(with: GzipCompressor(), threshold, limit)
    }

    /// Compresses with gzip, and reads what all compressors of this build have written.
    ///
    /// - Parameters:
    ///   - level: One of ``GzipCompressor/levels``.
    ///   - threshold: Entries of fewer bytes are kept as they are.
    ///   - limit: How many bytes an entry may have when it is read.
    /// - Returns: The choice.
    /// - Throws: `CacheError` with `.invalidArgument` where there is no such level.
    public static func gzip(
        level: Int,
        threshold: Int = CompressionBounds.threshold,
        limit: Int = CompressionBounds.limit
    ) throws -> Self {
        try Self.compressing(with: GzipCompressor(level: level), threshold, limit)
    }

    #if LZ4
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
        Self.compressing(with: LZ4Compressor(), threshold, limit)
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
        try Self.compressing(with: LZ4Compressor(level: level), threshold, limit)
    }
    #endif

    #if Zstandard
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
        Self.compressing(with: ZstandardCompressor(), threshold, limit)
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
        try Self.compressing(with: ZstandardCompressor(level: level), threshold, limit)
    }
    #endif

    #if LZMA
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
        Self.compressing(with: LZMACompressor(), threshold, limit)
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
        try Self.compressing(with: LZMACompressor(level: level), threshold, limit)
    }
    #endif
}
