import NIOCore
import Testing

@testable import LarderMemcached

@Suite struct MetaReplyParserTests {
    private static let stream = [
        "HD\r\n", "VA 2 c17 t-1 f0\r\nhi\r\n", "EN\r\n", "NF\r\n", "NS c0\r\n", "EX\r\n", "MN\r\n",
        "VA 0 c1 t35\r\n\r\n", "HD c9 O12 kname\r\n", "VA 6 f4294967295\r\na\r\nb\r\n\r\n",
        "SERVER_ERROR object too large for cache\r\n", "CLIENT_ERROR bad command line format\r\n", "ERROR\r\n",
        "STAT pid 5\r\nSTAT time 1795321922\r\nSTAT empty \r\nSTAT version 1.6.18 extra\r\nEND\r\n", "END\r\n",
    ].joined()

    /// What the stream says.
    private static var replies: [MetaReply] {
        func reply(_ status: MetaReply.Status, _ change: (inout MetaReply) -> Void = { _ in }) -> MetaReply {
            var reply = MetaReply(status)
            change(&reply)
            return reply
        }
        return [
            reply(.done),
            reply(.value) {
                ($0.value, $0.cas, $0.secondsLeft) = (ByteBuffer(string: "hi"), 17, -1)
            },
            reply(.miss), reply(.notFound), reply(.notStored), reply(.changed), reply(.noop),
            reply(.value) { ($0.cas, $0.secondsLeft) = (1, 35) },
            reply(.done) { $0.cas = 9 },
            reply(.value) { ($0.value, $0.clientFlags) = (ByteBuffer(string: "a\r\nb\r\n"), .max) },
            reply(.error("SERVER_ERROR object too large for cache")),
            reply(.error("CLIENT_ERROR bad command line format")), reply(.error("ERROR")),
            reply(.statistics) {
                $0.statistics = ["pid": "5", "time": "1795321922", "empty": "", "version": "1.6.18 extra"]
            },
            reply(.statistics),
        ]
    }

    private static func parse(_ pieces: [ArraySlice<UInt8>], largest: Int = 1 << 20) throws -> [MetaReply] {
        var parser = MetaReplyParser(largestReply: largest)
        var replies: [MetaReply] = []
        for piece in pieces {
            parser.append(ByteBuffer(bytes: piece))
            while let reply = try parser.next() { replies.append(reply) }
            parser.compact()
        }
        #expect(!parser.isMidReply)
        return replies
    }

    @Test func repliesAreReadAtOnceAndByteByByte() throws {
        let bytes = Array(Self.stream.utf8)
        #expect(try Self.parse([bytes[...]]) == Self.replies)
        #expect(try Self.parse(bytes.indices.map { bytes[$0...$0] }) == Self.replies)
    }

    @Test func repliesAreReadHoweverTheyAreSplitInTwo() throws {
        let bytes = Array(Self.stream.utf8)
        for split in bytes.indices {
            #expect(try Self.parse([bytes[..<split], bytes[split...]]) == Self.replies, "split at \(split)")
        }
    }

    @Test func piecesOfAnySizeAreRead() throws {
        let bytes = Array(Self.stream.utf8)
        for size in 2...40 {
            let pieces = stride(from: 0, to: bytes.count, by: size).map { bytes[$0..<min($0 + size, bytes.count)] }
            #expect(try Self.parse(pieces) == Self.replies, "pieces of \(size) bytes")
        }
    }

    @Test func largeValueIsReadInManyPieces() throws {
        let value = (0..<300_000).map { UInt8(truncatingIfNeeded: $0) }
        let bytes = Array("VA \(value.count) c5\r\n".utf8) + value + Array("\r\nHD\r\n".utf8)
        let pieces = stride(from: 0, to: bytes.count, by: 4_096).map { bytes[$0..<min($0 + 4_096, bytes.count)] }
        let replies = try Self.parse(pieces)
        #expect(replies.count == 2)
        #expect(replies.first?.value == ByteBuffer(bytes: value))
    }

    @Test(arguments: [
        "VA 1048577\r\n", "VA 99999999999999999999\r\n", "VA 9223372036854775807\r\n", "VA -1\r\n", "VA\r\n",
        "VA x\r\n",
    ])
    func lengthThatIsNoneOrTooLargeIsRefused(_ line: String) {
        #expect(throws: MemcachedError.self) { try Self.parse([Array(line.utf8)[...]]) }
    }

    @Test(arguments: [
        "\r\n", "hello\r\n", "HDx\r\n", "HD cx\r\n", "HD t\r\n", "VA 2\r\nabcd\r\n", "XX\r\n", "STAT\r\n",
    ])
    func whatIsNoReplyIsAnError(_ line: String) {
        #expect(throws: MemcachedError.self) { try Self.parse([Array(line.utf8)[...]]) }
    }

    @Test func lineWithoutAnEndIsRefused() {
        #expect(throws: MemcachedError.self) {
            try Self.parse([Array(repeating: UInt8(ascii: "H"), count: 10_000)[...]])
        }
    }

    @Test func randomBytesNeverCrash() {
        var random = SystemRandomNumberGenerator()
        let words = ["VA ", "HD ", "STAT ", "END", "\r\n", "EN", "c1", " t-", "5", "MN", "\n", " "].map {
            Array($0.utf8)
        }
        for _ in 0..<20_000 {
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 1...12, using: &random) {
                if Bool.random(using: &random) {
                    bytes += words.randomElement(using: &random) ?? []
                } else {
                    bytes.append(.random(in: .min ... .max, using: &random))
                }
            }
            var parser = MetaReplyParser(largestReply: 1_024)
            var rest = bytes[...]
            do {
                while !rest.isEmpty {
                    let piece = rest.prefix(Int.random(in: 1...5, using: &random))
                    rest = rest.dropFirst(piece.count)
                    parser.append(ByteBuffer(bytes: piece))
                    while let reply = try parser.next() { #expect(reply.value.readableBytes <= 1_024) }
                    parser.compact()
                }
            } catch {
                #expect(error.code == .protocolViolation || error.code == .replyTooLarge)
            }
        }
    }
}
