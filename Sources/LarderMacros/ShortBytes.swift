/// Bytes that take no memory of their own while they are few.
struct ShortBytes: Sendable {
    // A tuple, since `InlineArray` needs newer systems than this package does.
    private var few: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0, 0, 0)
    private var fewCount = 0
    /// All of them, once they do not fit any more.
    private var many: [UInt8] = []

    private static let room = 64

    var count: Int { self.many.isEmpty ? self.fewCount : self.many.count }

    @inline(__always)
    mutating func append(_ byte: UInt8) {
        guard self.many.isEmpty, self.fewCount < Self.room else {
            withUnsafePointer(to: byte) { self.append(UnsafeBufferPointer(start: $0, count: 1)) }
            return
        }
        withUnsafeMutableBytes(of: &self.few) { $0[self.fewCount] = byte }
        self.fewCount += 1
    }

    mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
        let count = self.fewCount + bytes.count
        if self.many.isEmpty, count <= Self.room {
            withUnsafeMutableBytes(of: &self.few) { few in
                UnsafeMutableRawBufferPointer(rebasing: few[self.fewCount...]).copyMemory(
                    from: UnsafeRawBufferPointer(bytes)
                )
            }
            self.fewCount = count
            return
        }
        if self.many.isEmpty {
            self.many.reserveCapacity(max(2 * Self.room, count))
            Swift.withUnsafeBytes(of: self.few) { self.many.append(contentsOf: $0.prefix(self.fewCount)) }
        }
        self.many.append(contentsOf: bytes)
    }

    func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        guard self.many.isEmpty else { return self.many.withUnsafeBytes(body) }
        return Swift.withUnsafeBytes(of: self.few) { body(UnsafeRawBufferPointer(rebasing: $0.prefix(self.fewCount))) }
    }
}
