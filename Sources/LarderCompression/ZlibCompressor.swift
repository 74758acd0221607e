public import Larder

/// zlib (RFC 1950): everywhere there is, and a good start for text.
public struct ZlibCompressor: ByteCompressor {
    /// From 0, which only wraps, over 1, the fastest, to 9, the smallest.
    public static let levels = 0...9

    /// zlib's own choice.
    public static let defaultLevel = 6

    /// How hard it tries.
    public let level: Int

    /// The mark of zlib.
    public var id: CompressionID { .zlib }

    /// Makes a compressor of the default level.
    public init() { self.level = Self.defaultLevel }

    /// Makes a compressor.
    ///
    /// - Parameter level: How hard it tries, one of ``levels``.
    /// - Throws: `CacheError` with `.invalidArgument` where there is no such level.
    public init(level: Int) throws {
        guard Self.levels.contains(level) else { throw CacheError.level(level, of: .zlib, in: Self.levels) }
        self.level = level
    }

    /// Compresses bytes.
    ///
    /// - Throws: ``CompressionError``.
    public func compress(_ bytes: [UInt8]) throws -> [UInt8] {
        try ZlibContainer.zlib.compress(bytes, level: self.level)
    }

    /// Decompresses bytes.
    ///
    /// - Throws: ``CompressionError``.
    public func decompress(_ bytes: [UInt8], limit: Int) throws -> [UInt8] {
        var decoder = try ZlibDecoder()
        return try decoder.decodeAll(bytes, limit: limit)
    }
}

/// gzip (RFC 1952): zlib in the container of files and HTTP, 12 bytes longer.
public struct GzipCompressor: ByteCompressor {
    /// From 0, which only wraps, over 1, the fastest, to 9, the smallest.
    public static let levels = ZlibCompressor.levels

    /// How hard it tries.
    public let level: Int

    /// The mark of gzip.
    public var id: CompressionID { .gzip }

    /// Makes a compressor of the default level.
    public init() { self.level = ZlibCompressor.defaultLevel }

    /// Makes a compressor.
    ///
    /// - Parameter level: How hard it tries, one of ``levels``.
    /// - Throws: `CacheError` with `.invalidArgument` where there is no such level.
    public init(level: Int) throws {
        guard Self.levels.contains(level) else { throw CacheError.level(level, of: .gzip, in: Self.levels) }
        self.level = level
    }

    /// Compresses bytes into one member.
    ///
    /// - Throws: ``CompressionError``.
    public func compress(_ bytes: [UInt8]) throws -> [UInt8] {
        try ZlibContainer.gzip.compress(bytes, level: self.level)
    }

    /// Decompresses bytes of one member or several.
    ///
    /// - Throws: ``CompressionError``.
    public func decompress(_ bytes: [UInt8], limit: Int) throws -> [UInt8] {
        var decoder = try GzipDecoder()
        return try decoder.decodeAll(bytes, limit: limit)
    }
}
