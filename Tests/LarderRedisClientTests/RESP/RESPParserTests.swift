import LarderTesting
import NIOCore
import Testing

@testable import LarderRedisClient

@Suite(.timeLimit(.minutes(1))) struct RESPParserTests {
    /// Every kind of reply, as bytes and as the value they mean.
    static let samples: [(wire: String, value: RESPValue)] = [
        ("+OK\r\n", .simpleString("OK")),
        ("+\r\n", .simpleString("")),
        ("+a longer simple string, with umlauts: äöü\r\n", .simpleString("a longer simple string, with umlauts: äöü")),
        ("-ERR unknown\r\n", .error(RedisServerError("ERR unknown"))),
        (":0\r\n", .integer(0)),
        (":-9223372036854775808\r\n", .integer(.min)),
        (":+9223372036854775807\r\n", .integer(.max)),
        ("$0\r\n\r\n", .bulkString(ByteBuffer())),
        ("$5\r\nhello\r\n", .bulkString(ByteBuffer(string: "hello"))),
        ("$7\r\na\r\nb\r\nc\r\n", .bulkString(ByteBuffer(string: "a\r\nb\r\nc"))),
        (
            "$2000\r\n" + String(repeating: "x", count: 2000) + "\r\n",
            .bulkString(ByteBuffer(repeating: 0x78, count: 2000))
        ),
        ("$-1\r\n", .null),
        ("*-1\r\n", .null),
        ("_\r\n", .null),
        ("#t\r\n", .boolean(true)),
        ("#f\r\n", .boolean(false)),
        (",1.5\r\n", .double(1.5)),
        (",-2e10\r\n", .double(-2e10)),
        (",inf\r\n", .double(.infinity)),
        (",-inf\r\n", .double(-.infinity)),
        ("(3492890328409238509324850943850943825024385\r\n", .bigNumber("3492890328409238509324850943850943825024385")),
        ("=15\r\ntxt:Some string\r\n", .verbatimString(format: "txt", ByteBuffer(string: "Some string"))),
        ("!8\r\nERR a\r\nb\r\n", .error(RedisServerError("ERR a\r\nb"))),
        ("*0\r\n", .array([])),
        ("*2\r\n:1\r\n$1\r\na\r\n", .array([.integer(1), .bulkString(ByteBuffer(string: "a"))])),
        ("*2\r\n*1\r\n*0\r\n*2\r\n_\r\n#t\r\n", .array([.array([.array([])]), .array([.null, .boolean(true)])])),
        (
            "%2\r\n+a\r\n:1\r\n+b\r\n*1\r\n:2\r\n",
            .map([
                .init(key: .simpleString("a"), value: .integer(1)),
                .init(key: .simpleString("b"), value: .array([.integer(2)])),
            ])
        ),
        ("%0\r\n", .map([])),
        ("~2\r\n+a\r\n+b\r\n", .set([.simpleString("a"), .simpleString("b")])),
        (">2\r\n+message\r\n+hi\r\n", .push([.simpleString("message"), .simpleString("hi")])),
        ("|1\r\n+ttl\r\n:3600\r\n:7\r\n", .integer(7)),
        ("|0\r\n:8\r\n", .integer(8)),
        ("*2\r\n|1\r\n+a\r\n*1\r\n+b\r\n:1\r\n:2\r\n", .array([.integer(1), .integer(2)])),
    ]

    static let limits = RESPParser.Limits(replySize: 1 << 20, depth: 32)

    static func parse(_ pieces: [ArraySlice<UInt8>], limits: RESPParser.Limits = limits) throws -> [RESPValue] {
        var parser = RESPParser(limits: limits)
        var values: [RESPValue] = []
        for piece in pieces {
            parser.append(ByteBuffer(bytes: piece))
            while let value = try parser.next() { values.append(value) }
            parser.compact()
        }
        #expect(!parser.isMidReply)
        return values
    }

    @Test(arguments: samples.indices)
    func replySplitAtEveryByteGivesTheSame(index: Int) throws {
        let sample = Self.samples[index]
        let bytes = Array(sample.wire.utf8)
        #expect(try Self.parse([bytes[...]]) == [sample.value])
        #expect(try Self.parse(bytes.indices.map { bytes[$0...$0] }) == [sample.value])
        for split in bytes.indices {
            #expect(try Self.parse([bytes[..<split], bytes[split...]]) == [sample.value])
        }
    }

    @Test func allRepliesInOneStreamGiveTheSameInPiecesOfAnySize() throws {
        let bytes = Array(Self.samples.map(\.wire).joined().utf8)
        let expected = Self.samples.map(\.value)
        for size in [1, 2, 3, 7, 64, 1000, 4096, bytes.count] {
            let pieces = stride(from: 0, to: bytes.count, by: size).map { bytes[$0..<min($0 + size, bytes.count)] }
            #expect(try Self.parse(pieces) == expected)
        }
    }

    @Test func valuesStayWhatTheyWereWhenMoreBytesCome() throws {
        var parser = RESPParser(limits: Self.limits)
        var values: [RESPValue] = []
        for index in 0..<2000 {
            let text = "value-\(index)"
            parser.append(ByteBuffer(string: "$\(text.utf8.count)\r\n\(text)\r\n"))
            while let value = try parser.next() { values.append(value) }
            parser.compact()
        }
        for (index, value) in values.enumerated() {
            #expect(try String(resp: value) == "value-\(index)")
        }
    }

    @Test func shortValuePinsLittleMemory() throws {
        var parser = RESPParser(limits: Self.limits)
        var buffer = ByteBuffer()
        for _ in 0..<900 { buffer.writeString("$64\r\n" + String(repeating: "x", count: 64) + "\r\n") }
        parser.append(buffer)
        var largest = 0
        while case .bulkString(let value)? = try parser.next() {
            #expect(value.readableBytes == 64)
            largest = max(largest, value.withVeryUnsafeBytes(\.count))
        }
        #expect(largest <= 4096)
    }

    @Test func largeReplyInSmallPiecesTakesLinearTime() throws {
        // 10 MB: one long string, then 100,000 elements, in pieces of 16 kB. Quadratic work would take minutes.
        var buffer = ByteBuffer()
        buffer.writeString("*2\r\n$5000000\r\n")
        buffer.writeRepeatingByte(0x78, count: 5_000_000)
        buffer.writeString("\r\n*100000\r\n")
        for _ in 0..<100_000 { buffer.writeString("$44\r\n01234567890123456789012345678901234567890123\r\n") }
        var parser = RESPParser(limits: .init(replySize: 64 << 20, depth: 8))
        var found: RESPValue?
        while let piece = buffer.readSlice(length: min(16384, buffer.readableBytes)), piece.readableBytes > 0 {
            #expect(found == nil)
            parser.append(piece)
            found = try parser.next()
            parser.compact()
        }
        guard case .array(let elements) = found, case .array(let inner) = elements.last else {
            Issue.record("not an array")
            return
        }
        #expect(inner.count == 100_000)
    }

    // MARK: Hostile input

    @Test(arguments: [
        "$9000000000000000000\r\n", "$1048577\r\n", "*1152921504606846976\r\n", "%4611686018427387904\r\n",
        "~100000000\r\n", "=9223372036854775807\r\n", "!1000000000000\r\n", "*1\r\n*9223372036854775807\r\n",
        "%9223372036854775807\r\n", "|9223372036854775807\r\n",
    ])
    func claimBeyondTheLimitIsRefusedAtOnce(wire: String) throws {
        var parser = RESPParser(limits: Self.limits)
        parser.append(ByteBuffer(string: wire))
        #expect { _ = try parser.next() } throws: { ($0 as? RedisError)?.code == .replyTooLarge }
    }

    @Test(arguments: [
        "$-2\r\n", "*-2\r\n", "%-1\r\n", "~-1\r\n", ">-1\r\n", "=-1\r\n", "$\r\n", "$x\r\n", "$1x\r\n", ":\r\n",
        ":1.5\r\n",
        ":99999999999999999999\r\n", "$?\r\n", "*?\r\n", "#x\r\n", "#\r\n", "_x\r\n", ",abc\r\n", ",0x10\r\n",
        ",infinity\r\n",
        "(12a\r\n", "(-\r\n", "hello\r\n", "\r\n", "+no carriage return\n", "$1\r\nab\r\n", "=3\r\ntxt\r\n",
        "=5\r\ntxt-a\r\n",
        "*1\r\n>1\r\n+a\r\n", ":1\rx", "$00000000000000000000000000000000000000000",
    ])
    func violationOfTheProtocolIsAnError(wire: String) throws {
        var parser = RESPParser(limits: Self.limits)
        parser.append(ByteBuffer(string: wire))
        #expect { _ = try parser.next() } throws: { ($0 as? RedisError)?.code == .protocolViolation }
    }

    @Test func nestingAMillionDeepIsRefused() throws {
        var parser = RESPParser(limits: Self.limits)
        var buffer = ByteBuffer()
        for _ in 0..<1_000_000 { buffer.writeString("*1\r\n") }
        parser.append(buffer)
        #expect { _ = try parser.next() } throws: { ($0 as? RedisError)?.code == .replyTooLarge }
    }

    @Test func attributesWithoutEndAreRefused() throws {
        var parser = RESPParser(limits: .init(replySize: 10_000, depth: 8))
        var buffer = ByteBuffer()
        for _ in 0..<10_000 { buffer.writeString("|0\r\n") }
        parser.append(buffer)
        #expect { _ = try parser.next() } throws: { ($0 as? RedisError)?.code == .replyTooLarge }
    }

    @Test func lineWithoutEndIsRefused() throws {
        var parser = RESPParser(limits: .init(replySize: 10_000, depth: 8))
        parser.append(ByteBuffer(string: "+"))
        #expect {
            for _ in 0..<20 {
                parser.append(ByteBuffer(repeating: 0x78, count: 1000))
                _ = try parser.next()
            }
        } throws: { ($0 as? RedisError)?.code == .replyTooLarge }
    }

    @Test func manySmallElementsCountWithTheMemoryTheyTake() throws {
        // 3 bytes on the wire are many times that in memory, so the wire's size alone would be no limit.
        var parser = RESPParser(limits: .init(replySize: 100_000, depth: 8))
        parser.append(ByteBuffer(string: "*20000\r\n"))
        #expect { _ = try parser.next() } throws: { ($0 as? RedisError)?.code == .replyTooLarge }
    }

    @Test func randomBytesCrashNothing() {
        var random = SeededGenerator(seed: 0x1A2B3C)
        let alphabet = Array("$*%~>|=!:+-_#,(\r\n0123456789tfxinOK".utf8)
        for _ in 0..<600_000 {
            var bytes = [UInt8](repeating: 0, count: Int(random.next() % 24))
            var word = random.next()
            for index in bytes.indices {
                if index & 7 == 7 { word = random.next() }
                let byte = UInt8(truncatingIfNeeded: word)
                bytes[index] = word & 0x300 == 0 ? byte : alphabet[Int(byte) % alphabet.count]
                word >>= 7
            }
            Self.exhaust(ByteBuffer(bytes: bytes))
        }
    }

    @Test func mutatedRepliesCrashNothing() {
        var random = SeededGenerator(seed: 0xBEEF)
        let short = Self.samples.map(\.wire).filter { $0.utf8.count < 100 }.map { Array($0.utf8) }
        for _ in 0..<400_000 {
            var bytes = short[Int(random.next() % UInt64(short.count))]
            for _ in 0...(random.next() % 3) {
                let index = Int(random.next() % UInt64(bytes.count))
                switch random.next() % 3 {
                case 0: bytes[index] = UInt8(truncatingIfNeeded: random.next())
                case 1: bytes.insert(UInt8(truncatingIfNeeded: random.next() % 10 + 0x30), at: index)
                default: if bytes.count > 1 { bytes.remove(at: index) }
                }
            }
            Self.exhaust(ByteBuffer(bytes: bytes))
        }
    }

    private static func exhaust(_ bytes: ByteBuffer) {
        var parser = RESPParser(limits: .init(replySize: 1 << 16, depth: 8))
        parser.append(bytes)
        while let value = try? parser.next() { _ = value }
    }
}
