import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Turns bytes into replies, piece by piece.
///
/// A plain value: it knows no channel and no clock. Bytes go in with `append`, replies come out of `next` until it returns
/// nil.
///
/// Nothing is allocated because a header claims something: lengths are held against the limit first, and storage grows with the
/// bytes that really come. What was searched for the end of a line is not searched again.
struct MetaReplyParser {
    /// The longest line that a server may send: those of meta replies are far shorter.
    private static let longestLine = 8192
    /// The most lines that an answer to `stats` may have.
    private static let mostStatistics = 10_000

    private let largestReply: Int
    private var buffer = ByteBuffer()
    private var searched = 0
    /// A reply whose value has not come yet, and the value's length.
    private var pending: (reply: MetaReply, length: Int)?
    private var statistics: [String: String] = [:]

    /// - Parameter largestReply: The longest value, in bytes.
    init(largestReply: Int) {
        self.largestReply = largestReply
    }

    /// Whether part of a reply has come and the rest has not.
    var isMidReply: Bool {
        self.buffer.readableBytes > 0 || self.pending != nil || !self.statistics.isEmpty
    }

    /// Takes more bytes from the connection.
    mutating func append(_ bytes: ByteBuffer) {
        if self.buffer.readableBytes == 0 {
            self.buffer = bytes
        } else {
            self.buffer.writeImmutableBuffer(bytes)
        }
    }

    /// Lets go of a buffer that was read to its end, so that the channel can use it again.
    ///
    /// To be called when `next` has returned nil.
    mutating func compact() {
        if self.buffer.readableBytes == 0 {
            self.buffer = ByteBuffer()
        } else if self.buffer.readerIndex > 0 {
            // What is left is short, or the beginning of a value that will be copied anyway as it grows.
            self.buffer = ByteBuffer(bytes: self.buffer.readableBytesView)
        }
    }

    /// The next whole reply, or nil if its last byte has not come yet.
    ///
    /// - Throws: `.protocolViolation` or `.replyTooLarge`. Nothing sensible can be read from then on.
    mutating func next() throws(MemcachedError) -> MetaReply? {
        while true {
            if let pending = self.pending {
                guard let reply = try self.takeValue(pending.reply, pending.length) else { return nil }
                self.pending = nil
                return reply
            }
            guard let line = try self.findLine() else { return nil }
            let parsed = self.buffer.withUnsafeReadableBytes { bytes in
                Self.parse(UnsafeRawBufferPointer(rebasing: bytes[..<line.length]))
            }
            self.buffer.moveReaderIndex(forwardBy: line.consumed)
            switch parsed {
            case .reply(let reply):
                return reply
            case .value(let reply, let length):
                guard length <= self.largestReply else {
                    throw MemcachedError(.replyTooLarge, message: "a reply of \(length) bytes is larger than accepted")
                }
                self.pending = (reply, length)
            case .statistic(let name, let value):
                guard self.statistics.count < Self.mostStatistics else {
                    throw MemcachedError(.replyTooLarge, message: "an answer to stats has no end")
                }
                self.statistics[name] = value
            case .end:
                var reply = MetaReply(.statistics)
                swap(&reply.statistics, &self.statistics)
                return reply
            case nil:
                throw MemcachedError(.protocolViolation, message: "the server sent a line that is no reply")
            }
        }
    }

    /// Where the line ends that the buffer begins with.
    private mutating func findLine() throws(MemcachedError) -> (length: Int, consumed: Int)? {
        let readable = self.buffer.readableBytes
        let from = self.searched
        let end: Int? = self.buffer.withUnsafeReadableBytes { bytes in
            guard let base = bytes.baseAddress, readable > from,
                let found = memchr(base + from, 0x0A, readable - from)
            else { return nil }
            return UnsafeRawPointer(found) - base
        }
        guard let end else {
            guard readable <= Self.longestLine else {
                throw MemcachedError(.protocolViolation, message: "the server sent a line without an end")
            }
            self.searched = readable
            return nil
        }
        self.searched = 0
        let hasReturn = end > 0 && self.buffer.getInteger(at: self.buffer.readerIndex + end - 1, as: UInt8.self) == 0x0D
        return (hasReturn ? end - 1 : end, end + 1)
    }

    private mutating func takeValue(_ reply: MetaReply, _ length: Int) throws(MemcachedError) -> MetaReply? {
        guard self.buffer.readableBytes >= length + 2 else {
            return nil
        }
        var reply = reply
        guard let value = self.buffer.readSlice(length: length), let end = self.buffer.readInteger(as: UInt16.self),
            end == 0x0D0A
        else { throw MemcachedError(.protocolViolation, message: "a value has another length than the server said") }
        reply.value = value
        return reply
    }

    // MARK: Lines

    private enum Line {
        case reply(MetaReply)
        case value(MetaReply, length: Int)
        case statistic(String, String)
        case end
    }

    private static func parse(_ line: UnsafeRawBufferPointer) -> Line? {
        guard line.count >= 2 else { return nil }
        if line.count == 2 || line[2] == 0x20 {
            switch (line[0], line[1]) {
            case (0x48, 0x44): return Self.flags(line, from: 2, of: MetaReply(.done)).map { .reply($0) }
            case (0x56, 0x41):
                var index = 3
                guard let length = Self.number(line, &index), let length = Int(exactly: length),
                    let reply = Self.flags(line, from: index, of: MetaReply(.value))
                else { return nil }
                return .value(reply, length: length)
            case (0x45, 0x4E): return .reply(MetaReply(.miss))
            case (0x4E, 0x46): return .reply(MetaReply(.notFound))
            case (0x4E, 0x53): return .reply(MetaReply(.notStored))
            case (0x45, 0x58): return .reply(MetaReply(.changed))
            case (0x4D, 0x4E): return .reply(MetaReply(.noop))
            default: return nil
            }
        }
        let text = String(decoding: line, as: UTF8.self)
        if text == "END" { return .end }
        if text.hasPrefix("STAT ") {
            let parts = text.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count >= 2 else { return nil }
            return .statistic(String(parts[1]), parts.count == 3 ? String(parts[2]) : "")
        }
        if text.hasPrefix("SERVER_ERROR") || text.hasPrefix("CLIENT_ERROR") || text == "ERROR"
            || text.hasPrefix("ERROR ")
        {
            return .reply(MetaReply(.error(String(text.prefix(200)))))
        }
        return nil
    }

    /// Reads flags, each behind a space, of which those that are of no use are passed over.
    private static func flags(_ line: UnsafeRawBufferPointer, from start: Int, of reply: MetaReply) -> MetaReply? {
        var reply = reply
        var index = start
        while index < line.count {
            guard line[index] == 0x20 else { return nil }
            index += 1
            if index == line.count { break }
            let flag = line[index]
            index += 1
            switch flag {
            case 0x63:
                guard let cas = Self.number(line, &index) else { return nil }
                reply.cas = cas
            case 0x66:
                guard let flags = Self.number(line, &index), let flags = UInt32(exactly: flags) else { return nil }
                reply.clientFlags = flags
            case 0x74:
                if index < line.count, line[index] == 0x2D {
                    index += 1
                    guard Self.number(line, &index) != nil else { return nil }
                    reply.secondsLeft = -1
                } else {
                    guard let seconds = Self.number(line, &index), let seconds = Int64(exactly: seconds) else {
                        return nil
                    }
                    reply.secondsLeft = seconds
                }
            default:
                while index < line.count, line[index] != 0x20 { index += 1 }
            }
        }
        return reply
    }

    /// The decimal number at an index, which is moved behind it.
    private static func number(_ line: UnsafeRawBufferPointer, _ index: inout Int) -> UInt64? {
        var value: UInt64 = 0
        let begin = index
        while index < line.count, line[index] != 0x20 {
            let digit = line[index] &- 0x30
            guard digit <= 9 else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
            guard !overflow, !carry else { return nil }
            value = sum
            index += 1
        }
        return index > begin ? value : nil
    }
}
