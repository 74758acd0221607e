import CLarderZlib
import Larder

/// What zlib does with both of its containers (RFC 1950, RFC 1952).
enum ZlibContainer {
    case zlib
    case gzip

    var id: CompressionID { self == .zlib ? .zlib : .gzip }

    /// The largest window, and for gzip the mark that it is gzip.
    var windowBits: Int32 { self == .zlib ? 15 : 15 + 16 }

    /// What zlib itself takes: small enough to be quick, large enough to find what repeats.
    private static let memoryLevel: Int32 = 8

    /// The longest input of one call, whose length zlib has in 32 bits.
    private static let longestInput = Int(Int32.max)

    func compress(_ bytes: [UInt8], level: Int) throws(CompressionError) -> [UInt8] {
        guard bytes.count <= Self.longestInput else {
            throw CompressionError(.tooLong, self.id, "more than \(Self.longestInput) bytes are not compressed")
        }
        var stream = z_stream()
        let size = Int32(MemoryLayout<z_stream>.size)
        guard
            deflateInit2_(
                &stream,
                Int32(level),
                Z_DEFLATED,
                self.windowBits,
                Self.memoryLevel,
                Z_DEFAULT_STRATEGY,
                ZLIB_VERSION,
                size
            ) == Z_OK
        else { throw CompressionError(.libraryFailed, self.id, "deflate could not begin") }
        defer { deflateEnd(&stream) }
        let bound = Int(deflateBound(&stream, UInt(bytes.count)))
        var status = Z_OK
        let result = [UInt8](unsafeUninitializedCapacity: bound) { output, count in
            bytes.withUnsafeBufferPointer { input in
                // zlib does not write to its input.
                stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                stream.avail_in = UInt32(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(clamping: output.count)
                status = deflate(&stream, Z_FINISH)
            }
            count = Int(stream.total_out)
        }
        guard status == Z_STREAM_END else {
            throw CompressionError(.libraryFailed, self.id, "deflate said \(status)")
        }
        return result
    }
}

/// The decoder of one container, as values of their own types so that each has its mark.
struct ZlibDecoder: StreamDecoder, ~Copyable {
    static var id: CompressionID { .zlib }

    private var inflater: Inflater

    init() throws(CompressionError) { self.inflater = try Inflater(.zlib) }

    mutating func decode(
        _ input: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer
    ) throws(CompressionError) -> DecodingStep {
        try self.inflater.decode(input, into: output)
    }

    mutating func beginNextFrame() throws(CompressionError) {
        throw CompressionError(.malformed, Self.id, "something stands behind the end")
    }
}

/// The decoder of gzip, whose members may stand one behind the other.
struct GzipDecoder: StreamDecoder, ~Copyable {
    static var id: CompressionID { .gzip }

    private var inflater: Inflater

    init() throws(CompressionError) { self.inflater = try Inflater(.gzip) }

    mutating func decode(
        _ input: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer
    ) throws(CompressionError) -> DecodingStep {
        try self.inflater.decode(input, into: output)
    }

    mutating func beginNextFrame() throws(CompressionError) { try self.inflater.reset() }
}

/// zlib's own state, which must not move: zlib keeps a pointer to it.
private struct Inflater: ~Copyable {
    private let stream: UnsafeMutablePointer<z_stream>
    private let container: ZlibContainer

    init(_ container: ZlibContainer) throws(CompressionError) {
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let size = Int32(MemoryLayout<z_stream>.size)
        guard inflateInit2_(stream, container.windowBits, ZLIB_VERSION, size) == Z_OK else {
            stream.deallocate()
            throw CompressionError(.libraryFailed, container.id, "inflate could not begin")
        }
        self.container = container
        self.stream = stream
    }

    deinit {
        inflateEnd(self.stream)
        self.stream.deallocate()
    }

    mutating func decode(
        _ input: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer
    ) throws(CompressionError) -> DecodingStep {
        let available = (input: UInt32(clamping: input.count), output: UInt32(clamping: output.count))
        // zlib does not write to its input.
        self.stream.pointee.next_in = UnsafeMutablePointer(
            mutating: input.assumingMemoryBound(to: UInt8.self).baseAddress
        )
        self.stream.pointee.avail_in = available.input
        self.stream.pointee.next_out = output.assumingMemoryBound(to: UInt8.self).baseAddress
        self.stream.pointee.avail_out = available.output
        let status = inflate(self.stream, Z_NO_FLUSH)
        switch status {
        case Z_OK, Z_STREAM_END, Z_BUF_ERROR:
            return DecodingStep(
                taken: Int(available.input - self.stream.pointee.avail_in),
                given: Int(available.output - self.stream.pointee.avail_out),
                isAtEnd: status == Z_STREAM_END
            )
        case Z_MEM_ERROR:
            throw CompressionError(.libraryFailed, self.container.id, "there is no memory to inflate with")
        default:
            throw CompressionError(.malformed, self.container.id, "inflate said \(status)")
        }
    }

    mutating func reset() throws(CompressionError) {
        guard inflateReset(self.stream) == Z_OK else {
            throw CompressionError(.libraryFailed, self.container.id, "inflate could not begin again")
        }
    }
}
