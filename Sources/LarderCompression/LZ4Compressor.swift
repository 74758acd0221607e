#if LZ4
import CLarderLZ4
public import Larder

/// LZ4 in its frame format: the fastest, above all to decompress, and the least small.
///
/// There with the package trait `LZ4`, on the system's liblz4.
public struct LZ4Compressor: ByteCompressor {
    /// Below zero faster than 0, the usual; from 3 on smaller.
    public static let levels = -100...12

    /// How hard it tries.
    public let level: Int

    /// The mark of LZ4.
    public var id: CompressionID { .lz4 }

    /// Makes a compressor of the default level.
    public init() { self.level = 0 }

    /// Makes a compressor.
    ///
    /// - Parameter level: How hard it tries, one of ``levels``.
    /// - Throws: `CacheError` with `.invalidArgument` where there is no such level.
    public init(level: Int) throws {
        guard Self.levels.contains(level) else { throw CacheError.level(level, of: .lz4, in: Self.levels) }
        self.level = level
    }

    /// Compresses bytes into one frame with a checksum.
    ///
    /// - Throws: ``CompressionError``.
    public func compress(_ bytes: [UInt8]) throws -> [UInt8] {
        var preferences = LZ4F_preferences_t()
        preferences.compressionLevel = Int32(self.level)
        preferences.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled
        preferences.frameInfo.contentSize = UInt64(bytes.count)
        let bound = LZ4F_compressFrameBound(bytes.count, &preferences)
        var status = 0
        let result = [UInt8](unsafeUninitializedCapacity: bound) { output, count in
            bytes.withUnsafeBytes { input in
                status = LZ4F_compressFrame(output.baseAddress, bound, input.baseAddress, input.count, &preferences)
            }
            count = LZ4F_isError(status) == 0 ? status : 0
        }
        guard LZ4F_isError(status) == 0 else {
            throw CompressionError(.libraryFailed, .lz4, String(cString: LZ4F_getErrorName(status)))
        }
        return result
    }

    /// Decompresses bytes of one frame or several.
    ///
    /// - Throws: ``CompressionError``.
    public func decompress(_ bytes: [UInt8], limit: Int) throws -> [UInt8] {
        var decoder = try LZ4Decoder()
        return try decoder.decodeAll(bytes, limit: limit)
    }
}

private struct LZ4Decoder: StreamDecoder, ~Copyable {
    static var id: CompressionID { .lz4 }

    private let context: OpaquePointer

    init() throws(CompressionError) {
        var context: OpaquePointer?
        guard LZ4F_isError(LZ4F_createDecompressionContext(&context, UInt32(LZ4F_VERSION))) == 0, let context else {
            throw CompressionError(.libraryFailed, .lz4, "there is no memory to decompress with")
        }
        self.context = context
    }

    deinit { LZ4F_freeDecompressionContext(self.context) }

    mutating func decode(
        _ input: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer
    ) throws(CompressionError) -> DecodingStep {
        var taken = input.count
        var given = output.count
        let status = LZ4F_decompress(self.context, output.baseAddress, &given, input.baseAddress, &taken, nil)
        guard LZ4F_isError(status) == 0 else {
            throw CompressionError(.malformed, .lz4, String(cString: LZ4F_getErrorName(status)))
        }
        // It says how much it would like to see next: nothing, when a frame is at its end. Before its first byte it says so, too.
        return DecodingStep(taken: taken, given: given, isAtEnd: status == 0 && taken > 0)
    }

    /// The library begins by itself.
    mutating func beginNextFrame() throws(CompressionError) {}
}
#endif
