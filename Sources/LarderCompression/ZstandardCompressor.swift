#if Zstandard
import CLarderZstandard
public import Larder

/// Zstandard (RFC 8878): smaller than zlib and several times faster.
///
/// There with the package trait `Zstandard`, on the system's libzstd. Frames that need a dictionary are not read.
public struct ZstandardCompressor: ByteCompressor {
    /// Below zero faster than 1; from 20 on the library takes much memory.
    public static let levels = -100...22

    /// The library's own choice.
    public static let defaultLevel = 3

    /// How hard it tries.
    public let level: Int

    /// The mark of Zstandard.
    public var id: CompressionID { .zstandard }

    /// Makes a compressor of the default level.
    public init() { self.level = Self.defaultLevel }

    /// Makes a compressor.
    ///
    /// - Parameter level: How hard it tries, one of ``levels``.
    /// - Throws: `CacheError` with `.invalidArgument` where there is no such level.
    public init(level: Int) throws {
        guard Self.levels.contains(level) else { throw CacheError.level(level, of: .zstandard, in: Self.levels) }
        self.level = level
    }

    /// Compresses bytes into one frame with a checksum.
    ///
    /// - Throws: ``CompressionError``.
    public func compress(_ bytes: [UInt8]) throws -> [UInt8] {
        guard let context = ZSTD_createCCtx() else {
            throw CompressionError(.libraryFailed, .zstandard, "there is no memory to compress with")
        }
        defer { ZSTD_freeCCtx(context) }
        for (parameter, value) in [(ZSTD_c_compressionLevel, Int32(self.level)), (ZSTD_c_checksumFlag, 1)] {
            try Self.check(ZSTD_CCtx_setParameter(context, parameter, value))
        }
        let bound = ZSTD_compressBound(bytes.count)
        var status = 0
        let result = [UInt8](unsafeUninitializedCapacity: bound) { output, count in
            bytes.withUnsafeBytes { input in
                status = ZSTD_compress2(context, output.baseAddress, bound, input.baseAddress, input.count)
            }
            count = ZSTD_isError(status) == 0 ? status : 0
        }
        try Self.check(status)
        return result
    }

    private static func check(_ status: Int) throws(CompressionError) {
        guard ZSTD_isError(status) == 0 else {
            throw CompressionError(.libraryFailed, .zstandard, String(cString: ZSTD_getErrorName(status)))
        }
    }

    /// Decompresses bytes of one frame or several.
    ///
    /// - Throws: ``CompressionError``.
    public func decompress(_ bytes: [UInt8], limit: Int) throws -> [UInt8] {
        var decoder = try ZstandardDecoder(limit: limit)
        return try decoder.decodeAll(bytes, limit: limit)
    }
}

private struct ZstandardDecoder: StreamDecoder, ~Copyable {
    static var id: CompressionID { .zstandard }

    /// What every decoder should take (RFC 8878, section 3.1.1.1.2): 8 MiB.
    private static let smallestWindowLog: Int32 = 23
    /// What the library takes where nobody asks for another: 128 MiB.
    private static let largestWindowLog: Int32 = 27

    private let context: OpaquePointer

    /// - Parameter limit: How many bytes may come out. A frame that asks for a much larger window is refused before the
    ///   library makes room for it.
    /// - Throws: ``CompressionError`` where there is no memory.
    init(limit: Int) throws(CompressionError) {
        guard let context = ZSTD_createDCtx() else {
            throw CompressionError(.libraryFailed, .zstandard, "there is no memory to decompress with")
        }
        let log = Int32(Int.bitWidth - max(0, limit - 1).leadingZeroBitCount)
        let window = min(max(log, Self.smallestWindowLog), Self.largestWindowLog)
        let status = ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, window)
        guard ZSTD_isError(status) == 0 else {
            ZSTD_freeDCtx(context)
            throw CompressionError(.libraryFailed, .zstandard, String(cString: ZSTD_getErrorName(status)))
        }
        self.context = context
    }

    deinit { ZSTD_freeDCtx(self.context) }

    mutating func decode(
        _ input: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer
    ) throws(CompressionError) -> DecodingStep {
        var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var target = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        let status = ZSTD_decompressStream(self.context, &target, &source)
        guard ZSTD_isError(status) == 0 else {
            throw CompressionError(.malformed, .zstandard, String(cString: ZSTD_getErrorName(status)))
        }
        // Nothing more to come: the end of a frame. Before its first byte the library says so, too.
        return DecodingStep(taken: source.pos, given: target.pos, isAtEnd: status == 0 && source.pos + target.pos > 0)
    }

    /// The library begins by itself.
    mutating func beginNextFrame() throws(CompressionError) {}
}
#endif
