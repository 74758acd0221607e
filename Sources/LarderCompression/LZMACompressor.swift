#if LZMA
import CLarderLZMA
public import Larder

/// LZMA in the xz format: the smallest and by far the slowest; for what is written seldom.
///
/// There with the package trait `LZMA`, on the system's liblzma.
public struct LZMACompressor: ByteCompressor {
    /// From 0, the fastest, to 9; beyond 6 only entries of many megabytes become smaller.
    public static let levels = 0...9

    /// xz' own choice.
    public static let defaultLevel = 6

    /// How hard it tries.
    public let level: Int

    /// The mark of LZMA.
    public var id: CompressionID { .lzma }

    /// Makes a compressor of the default level.
    public init() { self.level = Self.defaultLevel }

    /// Makes a compressor.
    ///
    /// - Parameter level: How hard it tries, one of ``levels``.
    /// - Throws: `CacheError` with `.invalidArgument` where there is no such level.
    public init(level: Int) throws {
        guard Self.levels.contains(level) else { throw CacheError.level(level, of: .lzma, in: Self.levels) }
        self.level = level
    }

    /// Compresses bytes into one stream with a checksum.
    ///
    /// - Throws: ``CompressionError``.
    public func compress(_ bytes: [UInt8]) throws -> [UInt8] {
        var options = lzma_options_lzma()
        guard lzma_lzma_preset(&options, UInt32(self.level)) == 0 else {
            throw CompressionError(.libraryFailed, .lzma, "the library does not have this level")
        }
        // A dictionary of the level's size would be megabytes of memory for an entry of a few thousand bytes.
        let needed = UInt32(clamping: max(bytes.count, Self.smallestDictionary))
        options.dict_size = min(options.dict_size, needed)
        let bound = lzma_stream_buffer_bound(bytes.count)
        var status = LZMA_OK
        let result = [UInt8](unsafeUninitializedCapacity: bound) { output, count in
            withUnsafeMutablePointer(to: &options) { options in
                var filters = [
                    lzma_filter(id: Self.lzma2, options: options), lzma_filter(id: Self.endOfFilters, options: nil),
                ]
                bytes.withUnsafeBufferPointer { input in
                    status = lzma_stream_buffer_encode(
                        &filters,
                        LZMA_CHECK_CRC32,
                        nil,
                        input.baseAddress,
                        input.count,
                        output.baseAddress,
                        &count,
                        bound
                    )
                }
            }
        }
        guard status == LZMA_OK else {
            throw CompressionError(.libraryFailed, .lzma, "the library said \(status.rawValue)")
        }
        return result
    }

    /// `LZMA_DICT_SIZE_MIN`, a macro that Swift does not see.
    private static let smallestDictionary = 4_096
    /// `LZMA_FILTER_LZMA2`, the same.
    private static let lzma2: lzma_vli = 0x21
    /// `LZMA_VLI_UNKNOWN`, the same.
    private static let endOfFilters = lzma_vli.max

    /// Decompresses bytes of one stream or several.
    ///
    /// - Throws: ``CompressionError``.
    public func decompress(_ bytes: [UInt8], limit: Int) throws -> [UInt8] {
        var decoder = try LZMADecoder(limit: limit)
        return try decoder.decodeAll(bytes, limit: limit)
    }
}

private struct LZMADecoder: StreamDecoder, ~Copyable {
    static var id: CompressionID { .lzma }

    /// What a stream of level 9 needs, whose dictionary has 64 MiB.
    private static let usualMemory = 66 << 20

    /// Not to be moved: what the library has made for it belongs to it.
    private let stream: UnsafeMutablePointer<lzma_stream>
    private let memory: UInt64

    /// - Parameter limit: How many bytes may come out. A stream that asks for a much larger dictionary is refused before the
    ///   library makes room for it.
    /// - Throws: ``CompressionError`` where there is no memory.
    init(limit: Int) throws(CompressionError) {
        let stream = UnsafeMutablePointer<lzma_stream>.allocate(capacity: 1)
        stream.initialize(to: lzma_stream())
        let memory = UInt64(max(Self.usualMemory, limit))
        do {
            try Self.begin(stream, memory)
        } catch {
            stream.deallocate()
            throw error
        }
        self.stream = stream
        self.memory = memory
    }

    deinit {
        lzma_end(self.stream)
        self.stream.deallocate()
    }

    private static func begin(
        _ stream: UnsafeMutablePointer<lzma_stream>,
        _ memory: UInt64
    ) throws(CompressionError) {
        guard lzma_stream_decoder(stream, memory, 0) == LZMA_OK else {
            throw CompressionError(.libraryFailed, .lzma, "there is no memory to decompress with")
        }
    }

    mutating func decode(
        _ input: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer
    ) throws(CompressionError) -> DecodingStep {
        self.stream.pointee.next_in = input.assumingMemoryBound(to: UInt8.self).baseAddress
        self.stream.pointee.avail_in = input.count
        self.stream.pointee.next_out = output.assumingMemoryBound(to: UInt8.self).baseAddress
        self.stream.pointee.avail_out = output.count
        let status = lzma_code(self.stream, LZMA_RUN)
        switch status {
        case LZMA_OK, LZMA_STREAM_END, LZMA_BUF_ERROR:
            return DecodingStep(
                taken: input.count - self.stream.pointee.avail_in,
                given: output.count - self.stream.pointee.avail_out,
                isAtEnd: status == LZMA_STREAM_END
            )
        case LZMA_MEM_ERROR:
            throw CompressionError(.libraryFailed, .lzma, "there is no memory to decompress with")
        case LZMA_MEMLIMIT_ERROR:
            throw CompressionError(.tooLong, .lzma, "the dictionary would take more than \(self.memory) bytes")
        default:
            throw CompressionError(.malformed, .lzma, "the library said \(status.rawValue)")
        }
    }

    mutating func beginNextFrame() throws(CompressionError) {
        try Self.begin(self.stream, self.memory)
    }
}
#endif
