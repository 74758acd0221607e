import NIOCore

/// Copies strings out of the read buffer so that a short one costs next to no allocation and pins next to no memory.
///
/// A slice of the read buffer would be free, but one value of 64 bytes would keep 64 kB alive. A buffer for each value
/// costs two allocations. So short values share chunks: where a value does not lie in the current chunk, the 4 kB that
/// begin with it are copied into a new one, and the values after it become slices of that. A value keeps 4 kB alive at
/// most, and a chunk of small values costs its two allocations once. Chunks are never written to again, so that slices
/// can be handed to other threads.
struct RESPChunks {
    private static let chunkSize = 4096

    /// Longer values get storage of their own: sharing would save little and pin much.
    private static let largestShared = 1024

    /// From this length on, a value that fills most of the buffer it lies in takes that buffer instead of a copy.
    static let adoptionSize = 64 << 10

    private var chunk = ByteBuffer()
    /// The part of the read buffer that `chunk` is a copy of.
    private var covered = 0..<0

    /// To be called when the read buffer's content has moved.
    mutating func forget() {
        self.covered = 0..<0
        self.chunk = ByteBuffer()
    }

    /// Copies the value at index `start` of `buffer`.
    mutating func copy(at start: Int, length: Int, from buffer: ByteBuffer) -> ByteBuffer {
        if length > Self.largestShared {
            if length >= Self.adoptionSize, length >= buffer.storageCapacity / 2 {
                return buffer.getSlice(at: start, length: length) ?? ByteBuffer()
            }
            return Self.copy(start..<start + length, of: buffer)
        }
        if length == 0 { return ByteBuffer() }
        if start < self.covered.lowerBound || start + length > self.covered.upperBound {
            self.covered = start..<min(start + Self.chunkSize, buffer.writerIndex)
            self.chunk = Self.copy(self.covered, of: buffer)
        }
        return self.chunk.getSlice(at: start - self.covered.lowerBound, length: length) ?? ByteBuffer()
    }

    private static func copy(_ range: Range<Int>, of buffer: ByteBuffer) -> ByteBuffer {
        var copy = ByteBuffer()
        buffer.withVeryUnsafeBytes { bytes in
            copy.reserveCapacity(range.count)
            copy.writeBytes(UnsafeRawBufferPointer(rebasing: bytes[range]))
        }
        return copy
    }
}
