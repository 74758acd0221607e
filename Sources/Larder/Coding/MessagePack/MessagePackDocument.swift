/// MessagePack that was read once, so that all of it is known to be well-formed.
///
/// Values are read again where somebody asks for them. What is kept beside the bytes is where the larger containers end, so that
/// whoever looks for one value skips others: one entry of eight bytes for each sixteen values, whatever they are. Bytes from anywhere
/// can make a reader keep half their length in addition, and no length in them is believed before there are as many bytes.
final class MessagePackDocument: Sendable {
    /// Where a container ends that begins at some place.
    struct End {
        var start: UInt32
        var end: UInt32
    }

    let bytes: [UInt8]
    /// The ends of the containers that take more steps to skip than ``steps``, in the order in which they begin.
    let ends: [End]

    /// How many values there may be to skip in a container whose end is not kept.
    static let steps = 16

    /// Reads all of some bytes.
    ///
    /// - Parameters:
    ///   - bytes: The bytes.
    ///   - nestingLimit: How deep containers may lie in each other.
    /// - Throws: `DecodingError` where the bytes are not one value of MessagePack.
    init(_ bytes: [UInt8], nestingLimit: Int) throws {
        let ends = bytes.withUnsafeBytes { bytes in
            Result { () throws(MessagePackFault) in
                guard UInt32(exactly: bytes.count) != nil else { throw MessagePackFault("there are more than 4 GiB") }
                var scanner = MessagePackScanner(nestingLimit: nestingLimit)
                return try scanner.scan(bytes)
            }
        }
        switch ends {
        case .success(let ends):
            self.bytes = bytes
            self.ends = ends
        case .failure(let fault):
            throw DecodingError.dataCorrupted(DecodingError.Context(codingPath: [], debugDescription: fault.message))
        }
    }

    /// The value that begins at a place.
    func item(at offset: Int) -> MessagePackItem {
        self.bytes.withUnsafeBytes { bytes in
            do throws(MessagePackFault) {
                return try MessagePackItem(bytes, at: offset)
            } catch {
                // Making the document has read this very item; bytes from outside never come here first.
                preconditionFailure("what was well-formed is no more: \(error.message)")
            }
        }
    }

    /// Where the value ends that begins at a place, and all that is in it.
    func end(of offset: Int) -> Int {
        var offset = offset
        var lacking = 1
        while lacking > 0 {
            let item = self.item(at: offset)
            lacking -= 1
            if item.valueCount > 0, let end = self.knownEnd(of: offset) {
                offset = end
            } else {
                offset = item.next
                lacking += item.valueCount
            }
        }
        return offset
    }

    private func knownEnd(of offset: Int) -> Int? {
        var low = 0
        var high = self.ends.count
        while low < high {
            let middle = (low + high) / 2
            if self.ends[middle].start < UInt32(offset) { low = middle + 1 } else { high = middle }
        }
        guard low < self.ends.count, self.ends[low].start == UInt32(offset) else { return nil }
        return Int(self.ends[low].end)
    }

    func isNull(_ offset: Int) -> Bool { self.bytes[offset] == MessagePackFormat.null }

    /// The bytes of text or data.
    func payload(_ item: MessagePackItem) -> ArraySlice<UInt8> { self.bytes[item.next - item.count..<item.next] }

    /// Seconds since 1970, and nanoseconds.
    func timestamp(_ item: MessagePackItem) -> (seconds: Int64, nanoseconds: UInt32) {
        self.payload(item).withUnsafeBytes { bytes in
            switch bytes.count {
            case 4:
                return (Int64(bytes.bigEndian(at: 0, as: UInt32.self)), 0)
            case 8:
                let both = bytes.bigEndian(at: 0, as: UInt64.self)
                return (Int64(both & (1 << 34 - 1)), UInt32(both >> 34))
            default:
                return (bytes.bigEndian(at: 4, as: Int64.self), bytes.bigEndian(at: 0, as: UInt32.self))
            }
        }
    }
}

/// Reads a document from its beginning to its end, without recursion.
struct MessagePackScanner {
    /// A container that is not complete.
    private struct Open {
        let start: Int
        /// How many values it lacks.
        var lacking: Int
        /// How many steps it takes to skip it, where the ends of those within are used that are kept.
        var steps = 1
    }

    private let nestingLimit: Int
    private var ends: [MessagePackDocument.End] = []
    private var open: [Open] = []
    private var offset = 0

    init(nestingLimit: Int) {
        self.nestingLimit = nestingLimit
    }

    mutating func scan(_ bytes: UnsafeRawBufferPointer) throws(MessagePackFault) -> [MessagePackDocument.End] {
        repeat {
            let start = self.offset
            let item = try MessagePackItem(bytes, at: start)
            self.offset = item.next
            if item.kind == .array || item.kind == .map {
                guard self.open.count < self.nestingLimit else {
                    throw MessagePackFault("containers lie in each other more than \(self.nestingLimit) deep")
                }
                // Each value takes a byte at least.
                guard bytes.count - self.offset >= item.valueCount else { throw .tooShort }
            }
            if item.valueCount > 0 {
                self.open.append(Open(start: start, lacking: item.valueCount))
            } else {
                self.close()
            }
        } while !self.open.isEmpty
        guard self.offset == bytes.count else { throw MessagePackFault("something stands behind the value") }
        // They were found in the order in which they end.
        self.ends.sort { $0.start < $1.start }
        return self.ends
    }

    /// Counts a value, and completes the containers whose last one it was.
    private mutating func close() {
        var steps = 1
        while let last = self.open.indices.last {
            self.open[last].lacking -= 1
            self.open[last].steps += steps
            guard self.open[last].lacking == 0 else { return }
            let container = self.open.removeLast()
            steps = container.steps
            if steps > MessagePackDocument.steps {
                // There are no more than 4 GiB.
                self.ends.append(.init(start: UInt32(container.start), end: UInt32(self.offset)))
                steps = 1
            }
        }
    }
}
