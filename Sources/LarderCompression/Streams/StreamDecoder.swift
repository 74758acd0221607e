import Larder

/// A library's decoder, which takes and gives as many bytes as there are.
protocol StreamDecoder: ~Copyable {
    /// The mark of the compressor.
    static var id: CompressionID { get }

    /// Decodes what there is room for.
    ///
    /// - Parameters:
    ///   - input: What is left of the input; its beginning is taken.
    ///   - output: Where to put what comes out; not empty.
    /// - Returns: How far it got.
    /// - Throws: ``CompressionError`` where the input is malformed.
    mutating func decode(
        _ input: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer
    ) throws(CompressionError) -> DecodingStep

    /// Begins with another frame that stands behind one which has ended.
    ///
    /// - Throws: ``CompressionError`` where the format has only one.
    mutating func beginNextFrame() throws(CompressionError)
}

/// How far a decoder got.
struct DecodingStep {
    /// How many bytes it has taken.
    var taken: Int
    /// How many bytes it has given.
    var given: Int
    /// Whether that was the end of a frame.
    var isAtEnd: Bool
}

extension StreamDecoder where Self: ~Copyable {
    /// Decodes all frames of some bytes.
    ///
    /// What the bytes say of their length is not believed: the room for what comes out grows with it, up to the limit.
    ///
    /// - Parameters:
    ///   - bytes: The bytes.
    ///   - limit: How many bytes may come out.
    /// - Returns: What has come out.
    /// - Throws: ``CompressionError``.
    mutating func decodeAll(_ bytes: [UInt8], limit: Int) throws(CompressionError) -> [UInt8] {
        var output = BoundedOutput(expecting: bytes.count, limit: limit)
        var offset = 0
        while true {
            let step = try self.step(bytes, offset, &output)
            offset += step.taken
            if step.isAtEnd {
                if offset == bytes.count { return output.bytes }
                try self.beginNextFrame()
            } else if step.taken == 0, step.given == 0 {
                throw CompressionError(.truncated, Self.id, "the bytes end too early")
            }
        }
    }

    private mutating func step(
        _ bytes: [UInt8],
        _ offset: Int,
        _ output: inout BoundedOutput
    ) throws(CompressionError) -> DecodingStep {
        do {
            return try bytes.withUnsafeBytes { input in
                try output.withRoom { room in
                    try self.decode(UnsafeRawBufferPointer(rebasing: input[offset...]), into: room)
                }
            }
        } catch let error as CompressionError {
            throw error
        } catch {
            throw CompressionError(.tooLong, Self.id, "there are more than \(output.limit) bytes")
        }
    }
}

/// What comes out of a decoder: no longer than the limit, and never with more room than that.
struct BoundedOutput {
    /// More has come out.
    struct Overflow: Error {}

    /// How many bytes there may be.
    let limit: Int

    private var storage: [UInt8]
    private var count = 0

    /// - Parameters:
    ///   - input: The length of what is decoded.
    ///   - limit: How many bytes may come out.
    init(expecting input: Int, limit: Int) {
        self.limit = limit
        self.storage = [UInt8](repeating: 0, count: min(limit, max(256, min(input, 1 << 20) * 4)))
    }

    /// What has come out.
    var bytes: [UInt8] {
        mutating get {
            self.storage.removeLast(self.storage.count - self.count)
            return self.storage
        }
    }

    /// Lends room for at least one byte.
    ///
    /// - Parameter body: Fills the room, and says how far.
    /// - Returns: What `body` returns.
    /// - Throws: ``Overflow`` where a byte comes out for which there may be none; what `body` throws.
    mutating func withRoom(
        _ body: (UnsafeMutableRawBufferPointer) throws -> DecodingStep
    ) throws -> DecodingStep {
        if self.count == self.limit {
            // The decoder may have to see more of its input to find that it is at its end.
            var excess: UInt8 = 0
            let step = try withUnsafeMutableBytes(of: &excess) { try body($0) }
            guard step.given == 0 else { throw Overflow() }
            return step
        }
        if self.count == self.storage.count {
            let growth = min(self.limit - self.count, self.storage.count)
            self.storage.append(contentsOf: repeatElement(0, count: growth))
        }
        let step = try self.storage.withUnsafeMutableBytes { storage in
            try body(UnsafeMutableRawBufferPointer(rebasing: storage[self.count...]))
        }
        self.count += step.given
        return step
    }
}
