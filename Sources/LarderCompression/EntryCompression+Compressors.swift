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
        Self(ZlibCompressor(), threshold: threshold, limit: limit, alsoReading: Compressors.all)
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
        Self(try ZlibCompressor(level: level), threshold: threshold, limit: limit, alsoReading: Compressors.all)
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
        Self(GzipCompressor(), threshold: threshold, limit: limit, alsoReading: Compressors.all)
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
        Self(try GzipCompressor(level: level), threshold: threshold, limit: limit, alsoReading: Compressors.all)
    }
}
