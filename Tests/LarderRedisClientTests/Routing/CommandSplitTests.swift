import LarderTesting
import NIOCore
import Testing

@testable import LarderRedisClient

@Suite(.timeLimit(.minutes(1))) struct CommandSplitTests {
    /// Groups by the key's first letter.
    static func letter(_ key: UnsafeRawBufferPointer) -> Int { Int(key.first ?? 0) }

    static func split(_ line: String) -> CommandSplit? {
        guard case .several(let split) = command(line).grouped(by: Self.letter) else { return nil }
        return split
    }

    static func text(_ text: String) -> RESPValue { .bulkString(ByteBuffer(string: text)) }

    @Test func partsHoldTheirKeysInOrderAndSayWhereTheyStood() throws {
        let split = try #require(Self.split("mget a1 b1 a2 c1 b2 a1"))
        #expect(
            split.parts.map { words($0.command) } == [
                ["MGET", "a1", "a2", "a1"], ["MGET", "b1", "b2"], ["MGET", "c1"],
            ]
        )
        #expect(split.parts.map(\.positions) == [[0, 2, 5], [1, 4], [3]])
        #expect(split.parts.map(\.group) == [0x61, 0x62, 0x63])
    }

    @Test func valuesStayBesideTheirKeys() throws {
        let split = try #require(Self.split("MSET a1 1 b1 2 a1 3"))
        #expect(split.parts.map { words($0.command) } == [["MSET", "a1", "1", "a1", "3"], ["MSET", "b1", "2"]])
        #expect(split.parts.map(\.positions) == [[0, 2], [1]])
        #expect(try split.merge([.simpleString("OK"), .simpleString("OK")]) == .simpleString("OK"))
    }

    @Test(arguments: ["DEL", "UNLINK", "EXISTS", "TOUCH"])
    func countsAreAddedUp(name: String) throws {
        let split = try #require(Self.split("\(name) a1 b1 b2"))
        #expect(split.parts.map { words($0.command) } == [[name, "a1"], [name, "b1", "b2"]])
        #expect(try split.merge([.integer(1), .integer(2)]) == .integer(3))
        #expect(throws: RedisError.self) { try split.merge([.integer(1), .null]) }
        #expect(throws: RedisError.self) { try split.merge([.integer(.max), .integer(1)]) }
        #expect(throws: RedisError.self) { try split.merge([.integer(1)]) }
    }

    @Test func valuesComeBackInTheCommandsOrder() throws {
        let split = try #require(Self.split("MGET a1 b1 a2 c1"))
        let merged = try split.merge([
            .array([Self.text("1"), Self.text("3")]), .array([.null]), .array([Self.text("4")]),
        ])
        #expect(merged == .array([Self.text("1"), .null, Self.text("3"), Self.text("4")]))
        for wrong in [RESPValue.array([Self.text("1")]), .null, .integer(2)] {
            #expect {
                _ = try split.merge([wrong, .array([.null]), .array([.null])])
            } throws: {
                ($0 as? RedisError)?.code == .unexpectedReply
            }
        }
    }

    @Test func anErrorOfOnePartIsTheWholesError() throws {
        let error = RESPValue.error(RedisServerError("MISCONF no"))
        for line in ["MGET a1 b1", "DEL a1 b1", "MSET a1 1 b1 2"] {
            let split = try #require(Self.split(line))
            #expect(try split.merge([.integer(1), error]) == error)
            #expect(try split.merge([error, .null]) == error)
        }
    }

    @Test func whatCannotBeTakenApartSaysSo() {
        for line in ["MSETNX a1 1 b1 2", "RENAME a1 b1", "SINTERSTORE a1 a2 b1", "EVAL x 2 a1 b1", "MSET a1 1 b1"] {
            guard case .apart(0x61) = command(line).grouped(by: Self.letter) else {
                Issue.record("\(line)")
                continue
            }
        }
        guard case .apart(0x62) = command("ZUNIONSTORE b 1 a").grouped(by: Self.letter) else {
            Issue.record("destination")
            return
        }
    }

    @Test func keysOfOneGroupAreLeftTogether() {
        for line in ["MGET a1 a2", "MSET a1 b a2 c", "DEL a1", "BITOP OR a1 a2", "XREAD STREAMS a1 a2 b1 b1"] {
            guard case .one(0x61) = command(line).grouped(by: Self.letter) else {
                Issue.record("\(line)")
                continue
            }
        }
    }

    @Test func partsMayBeRepeatedIfTheWholeMay() throws {
        let read = try #require(Self.split("MGET a1 b1"))
        #expect(read.parts.allSatisfy { $0.command.isRepeatable })
        let write = try #require(Self.split("DEL a1 b1"))
        #expect(!write.parts.contains { $0.command.isRepeatable })
        guard case .several(let stated) = command("DEL a1 b1").repeatable().grouped(by: Self.letter) else {
            Issue.record("not taken apart")
            return
        }
        #expect(stated.parts.allSatisfy { $0.command.isRepeatable })
    }

    /// Whatever the keys: the parts' replies, put together, are what one server would have said.
    @Test func randomSplitsAnswerLikeOneServer() throws {
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<500 {
            let keys = (0..<Int.random(in: 2...40, using: &generator)).map { _ in
                String(UInt8.random(in: 0...99, using: &generator))
            }
            let groups = UInt8.random(in: 2...9, using: &generator)
            let command = RedisCommand("MGET", arguments: keys)
            let grouping = command.grouped { key in key.reduce(0) { ($0 &* 31 &+ Int($1)) & 0xFFFF } % Int(groups) }
            guard case .several(let split) = grouping else { continue }
            let replies = split.parts.map { RESPValue.array(words($0.command).dropFirst().map { Self.text("v\($0)") }) }
            #expect(try split.merge(replies) == .array(keys.map { Self.text("v\($0)") }))
        }
    }
}
