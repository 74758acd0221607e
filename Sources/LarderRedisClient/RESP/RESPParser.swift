import NIOCore

/// Turns bytes into replies, piece by piece.
///
/// A plain value: it knows no channel and no clock. Bytes go in with `append`, replies come out of `next` until it
/// returns nil, and `compact` is called before the bytes' owner wants its buffer back.
///
/// What has been read is never read again, however small the pieces that a large reply arrives in: half-built arrays
/// stay on `frames`, a bulk string whose header is known waits in `pendingBulk`, and of a line without an end it is
/// known how far it was searched. Nesting is a stack and no recursion, so depth costs memory only, and that is limited.
///
/// Nothing is allocated because a header claims something: sizes and counts are held against the limit first, and
/// storage grows with the bytes that really come.
struct RESPParser {
    struct Limits {
        /// The most bytes of one reply, each element of an array counted with the memory that it takes.
        var replySize: Int
        /// How many arrays may stand inside one another.
        var depth: Int
    }

    /// An array, map or the like whose elements are still coming.
    private struct Frame {
        var kind: RESPToken.Aggregate
        var missing: Int
        var elements: [RESPValue]
    }

    private let limits: Limits
    private static let largestSpare = 256 << 10

    private var buffer = ByteBuffer()
    /// Whether `buffer` is the parser's own and not the channel's.
    private var ownsBuffer = false
    /// Storage for the next buffer of the parser's own.
    private var spare = ByteBuffer()
    private var frames: [Frame] = []
    private var pendingBulk: (kind: RESPToken.Bulk, length: Int)?
    private var searched = 0
    private var replySize = 0
    private var chunks = RESPChunks()

    init(limits: Limits) {
        self.limits = limits
    }

    /// Whether part of a reply has come and the rest has not.
    var isMidReply: Bool {
        self.buffer.readableBytes > 0 || !self.frames.isEmpty || self.pendingBulk != nil
    }

    /// How many bytes are kept because they do not make a whole reply yet.
    var bufferedBytes: Int { self.buffer.readableBytes }

    /// Takes more bytes from the connection.
    mutating func append(_ bytes: ByteBuffer) {
        if self.buffer.readableBytes == 0 {
            self.keepSpare()
            self.buffer = bytes
            self.ownsBuffer = false
        } else {
            if !self.ownsBuffer { self.takeOwnership() }
            var bytes = bytes
            self.buffer.writeBuffer(&bytes)
        }
        self.chunks.forget()
    }

    /// Lets go of the buffers that were appended: what is left of them is copied.
    ///
    /// The channel reads into the same buffer again once nobody else holds it. To be called when `next` has returned
    /// nil.
    mutating func compact() {
        self.chunks.forget()
        if self.buffer.readableBytes == 0 {
            self.keepSpare()
        } else if !self.ownsBuffer {
            self.takeOwnership()
        } else if self.buffer.readerIndex > 0 {
            self.buffer.discardReadBytes()
        }
    }

    /// Moves what is left to the parser's own buffer.
    private mutating func takeOwnership() {
        var own = self.spare
        self.spare = ByteBuffer()
        own.clear()
        own.writeImmutableBuffer(self.buffer)
        self.buffer = own
        self.ownsBuffer = true
    }

    /// Empties the buffer, and keeps its storage if it is the parser's own: reads often end within a reply, and each
    /// would cost an allocation as large as a read.
    private mutating func keepSpare() {
        if self.ownsBuffer, self.buffer.storageCapacity <= Self.largestSpare { self.spare = self.buffer }
        self.buffer = ByteBuffer()
        self.ownsBuffer = false
    }

    /// The next whole reply, or nil if its last byte has not come yet.
    ///
    /// - Throws: `.protocolViolation` or `.replyTooLarge`. Nothing sensible can be read from then on.
    mutating func next() throws(RedisError) -> RESPValue? {
        while true {
            let value: RESPValue
            if let bulk = self.pendingBulk {
                guard let string = try self.takeBulk(bulk.kind, header: 0, length: bulk.length) else { return nil }
                self.pendingBulk = nil
                value = string
            } else {
                var searched = self.searched
                let token = try self.buffer.withUnsafeReadableBytes { bytes throws(RedisError) in
                    try RESPToken.read(bytes, searched: &searched)
                }
                self.searched = searched
                switch token {
                case .incomplete:
                    // A line that never ends must not fill the memory either.
                    try self.account(for: 0, pending: self.buffer.readableBytes)
                    return nil
                case .value(let small, let consumed):
                    try self.consume(consumed)
                    value = small
                case .bulk(let kind, let header, let length):
                    try self.account(for: 0, pending: length)
                    guard let string = try self.takeBulk(kind, header: header, length: length) else {
                        try self.consume(header)
                        self.pendingBulk = (kind, length)
                        return nil
                    }
                    value = string
                case .aggregate(let kind, let header, let count):
                    try self.consume(header)
                    guard let empty = try self.open(kind, count: count) else { continue }
                    value = empty
                case .attribute(let header, let count):
                    try self.consume(header)
                    if count > 0 { _ = try self.open(.attribute, count: count) }
                    continue
                }
            }
            if self.frames.isEmpty {
                self.replySize = 0
                return value
            }
            if let whole = self.close(with: value) { return whole }
        }
    }

    // MARK: Strings

    /// Takes a bulk string out of the buffer, or returns nil if it has not wholly come.
    private mutating func takeBulk(
        _ kind: RESPToken.Bulk,
        header: Int,
        length: Int
    ) throws(RedisError) -> RESPValue? {
        guard self.buffer.readableBytes - header - 2 >= length else { return nil }
        let start = self.buffer.readerIndex + header
        guard self.buffer.getInteger(at: start + length, as: UInt16.self) == 0x0D0A else {
            throw RESPToken.violation("a bulk string is not followed by a line end")
        }
        let string = self.chunks.copy(at: start, length: length, from: self.buffer)
        try self.consume(header + length + 2)
        if length >= RESPChunks.adoptionSize {
            // The value may have taken the buffer's storage with it, so nothing more may be written there.
            self.ownsBuffer = false
            self.compact()
        }
        switch kind {
        case .string:
            return .bulkString(string)
        case .error:
            return .error(RedisServerError(String(buffer: string)))
        case .verbatim:
            guard length >= 4, string.getInteger(at: string.readerIndex + 3, as: UInt8.self) == UInt8(ascii: ":"),
                let format = string.getString(at: string.readerIndex, length: 3),
                let text = string.getSlice(at: string.readerIndex + 4, length: length - 4)
            else {
                throw RESPToken.violation("a verbatim string does not begin with its format")
            }
            return .verbatimString(format: format, text)
        }
    }

    // MARK: Arrays and their like

    /// Begins an array.
    ///
    /// Returns it at once if it is empty.
    private mutating func open(_ kind: RESPToken.Aggregate, count: Int) throws(RedisError) -> RESPValue? {
        guard count > 0 else { return kind.assemble([]) }
        guard kind != .push || self.frames.isEmpty else {
            throw RESPToken.violation("a push message inside another value")
        }
        guard self.frames.count < self.limits.depth else {
            throw RedisError(.replyTooLarge, message: "the reply is nested deeper than \(self.limits.depth) levels")
        }
        let (memory, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<RESPValue>.stride)
        try self.account(for: overflow ? .max : memory, pending: 0)
        var elements: [RESPValue] = []
        elements.reserveCapacity(min(count, 512))
        self.frames.append(Frame(kind: kind, missing: count, elements: elements))
        return nil
    }

    /// Adds a value to the innermost array, and that to the next outer one if it is whole, and so on.
    ///
    /// - Returns: The whole reply, if the value was its last.
    private mutating func close(with value: RESPValue) -> RESPValue? {
        var value = value
        while true {
            let top = self.frames.count - 1
            if top < 0 {
                self.replySize = 0
                return value
            }
            self.frames[top].elements.append(value)
            self.frames[top].missing -= 1
            guard self.frames[top].missing == 0, let frame = self.frames.popLast() else { return nil }
            if frame.kind == .attribute { return nil }
            value = frame.kind.assemble(frame.elements)
        }
    }

    // MARK: Limits

    private mutating func consume(_ count: Int) throws(RedisError) {
        self.buffer.moveReaderIndex(forwardBy: count)
        self.searched = 0
        try self.account(for: count, pending: 0)
    }

    /// Adds to the size of the reply under way what is certain, and holds the sum with what may come against the limit.
    @inline(__always)
    private mutating func account(for certain: Int, pending: Int) throws(RedisError) {
        let (sum, overflow) = self.replySize.addingReportingOverflow(certain)
        let (total, overflowed) = sum.addingReportingOverflow(pending)
        guard !overflow, !overflowed, total <= self.limits.replySize else {
            throw RedisError(.replyTooLarge, message: "the reply is larger than \(self.limits.replySize) bytes")
        }
        self.replySize = sum
    }
}
