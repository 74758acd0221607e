import NIOCore
import Testing

@testable import LarderRedisClient

@Suite(.timeLimit(.minutes(1))) struct ClusterRoutingTests {
    /// A routing in a word.
    static func word(_ routing: ClusterRouting) -> String {
        switch routing {
        case .slot(let slot): "slot \(slot)"
        case .anyNode: "any"
        case .allPrimaries(let merge): "primaries \(merge)"
        case .allNodes(let merge): "nodes \(merge)"
        case .split(let split): "split \(split.parts.map(\.group))"
        case .scan: "scan"
        }
    }

    @Test(arguments: [
        ("GET foo", "slot 12182"), ("MGET foo", "slot 12182"), ("MGET {foo}1 {foo}2", "slot 12182"),
        ("MGET foo bar foo", "split [12182, 5061]"), ("MSET foo 1 bar 2", "split [12182, 5061]"),
        ("DEL foo bar", "split [12182, 5061]"), ("MSET foo 1 bar", "slot 12182"), ("MSET", "any"), ("GET", "any"),
        ("MSETNX foo 1 bar 2", "slot 12182"), ("SUNION foo bar", "slot 12182"), ("EVAL x 0 foo", "any"),
        ("EVAL x 1 foo", "slot 12182"), ("ZUNIONSTORE foo 1 bar", "slot 12182"), ("OBJECT FREQ foo", "slot 12182"),
        ("MEMORY USAGE foo", "slot 12182"), ("MEMORY PURGE", "primaries allSucceeded"), ("MEMORY DOCTOR", "any"),
        ("SPUBLISH foo x", "slot 12182"), ("PUBLISH foo x", "any"), ("PING", "any"), ("INFO", "any"), ("TIME", "any"),
        ("MODULE.SET foo x", "slot 12182"), ("SCAN 0", "scan"), ("scan 0", "scan"), ("SSCAN foo 0", "slot 12182"),
        ("FLUSHALL ASYNC", "primaries allSucceeded"), ("flushdb", "primaries allSucceeded"),
        ("DBSIZE", "primaries sum"), ("KEYS *", "primaries concatenation"), ("RANDOMKEY", "primaries anyValue"),
        ("SCRIPT LOAD x", "nodes allSucceeded"), ("script flush", "nodes allSucceeded"),
        ("SCRIPT EXISTS a b", "primaries logicalAnd"), ("SCRIPT KILL", "primaries oneSucceeded"), ("SCRIPT", "any"),
        ("FUNCTION LOAD x", "primaries allSucceeded"), ("FUNCTION LIST", "any"), ("CONFIG GET x", "any"),
        ("CONFIG SET a b", "nodes allSucceeded"), ("CONFIG RESETSTAT", "nodes allSucceeded"),
        ("PUBSUB CHANNELS", "nodes union"), ("PUBSUB NUMSUB a", "nodes sumByName"), ("PUBSUB NUMPAT", "nodes sum"),
        ("PUBSUB SHARDCHANNELS", "nodes union"), ("PUBSUB SHARDNUMSUB a", "nodes sumByName"),
        ("SLOWLOG LEN", "nodes sum"), ("LATENCY DOCTOR", "any"), ("ACL WHOAMI", "any"),
    ])
    func commandsGoWhereTheirKeysAreOrWhereTheyMatter(line: String, expected: String) {
        #expect(Self.word(command(line).clusterRouting) == expected)
    }

    // MARK: Merging

    static let ok = RESPValue.simpleString("OK")
    static let failure = RESPValue.error(RedisServerError("ERR no"))

    static func list(_ texts: String...) -> RESPValue {
        .array(texts.map { .bulkString(ByteBuffer(string: $0)) })
    }

    @Test func successIsEverybodysOrTheFirst() throws {
        #expect(try ReplyMerge.allSucceeded.merge([Self.ok, Self.ok]) == Self.ok)
        #expect(try ReplyMerge.allSucceeded.merge([Self.ok, Self.failure]) == Self.failure)
        #expect(try ReplyMerge.oneSucceeded.merge([Self.failure, Self.ok]) == Self.ok)
        #expect(try ReplyMerge.oneSucceeded.merge([Self.failure, Self.failure]) == Self.failure)
    }

    @Test func numbersAreAddedUp() throws {
        #expect(try ReplyMerge.sum.merge([.integer(1), .integer(-3)]) == .integer(-2))
        #expect(try ReplyMerge.sum.merge([.integer(1), Self.failure]) == Self.failure)
        #expect(throws: RedisError.self) { try ReplyMerge.sum.merge([.integer(.max), .integer(.max)]) }
        #expect(throws: RedisError.self) { try ReplyMerge.sum.merge([Self.ok]) }
    }

    @Test func scriptsExistWhereAllServersHaveThem() throws {
        let merge = ReplyMerge.logicalAnd
        #expect(
            try merge.merge([
                .array([.integer(1), .integer(0), .integer(1)]), .array([.integer(1), .integer(1), .integer(0)]),
            ])
                == .array([.integer(1), .integer(0), .integer(0)])
        )
        #expect(try merge.merge([.integer(1), .integer(0)]) == .integer(0))
        #expect(try merge.merge([.integer(1), .integer(1)]) == .integer(1))
        #expect(throws: RedisError.self) { try merge.merge([.array([.integer(1)]), .array([])]) }
        #expect(throws: RedisError.self) { try merge.merge([.array([Self.ok])]) }
    }

    @Test func listsAreJoinedOrUnited() throws {
        let replies = [Self.list("a", "b"), Self.list(), Self.list("b", "c")]
        #expect(try ReplyMerge.concatenation.merge(replies) == Self.list("a", "b", "b", "c"))
        #expect(try ReplyMerge.union.merge(replies) == Self.list("a", "b", "c"))
        #expect(throws: RedisError.self) { try ReplyMerge.union.merge([.integer(1)]) }
        #expect(throws: RedisError.self) { try ReplyMerge.union.merge([.array([.null])]) }
    }

    @Test func subscribersAreAddedUpByChannel() throws {
        let (a, b) = (RESPValue.bulkString(ByteBuffer(string: "a")), RESPValue.bulkString(ByteBuffer(string: "b")))
        let replies = [RESPValue.array([a, .integer(1), b, .integer(0)]), .map([.init(key: b, value: .integer(4))])]
        #expect(try ReplyMerge.sumByName.merge(replies) == .array([a, .integer(1), b, .integer(4)]))
        #expect(throws: RedisError.self) { try ReplyMerge.sumByName.merge([.array([a])]) }
        #expect(throws: RedisError.self) { try ReplyMerge.sumByName.merge([.array([a, b])]) }
    }

    @Test func aNullIsOnlyTheAnswerIfAllSaySo() throws {
        #expect(try ReplyMerge.anyValue.merge([.null, Self.ok, .null]) == Self.ok)
        #expect(try ReplyMerge.anyValue.merge([.null, .null]) == .null)
    }

    @Test(arguments: [
        ReplyMerge.allSucceeded, .oneSucceeded, .sum, .logicalAnd, .concatenation, .union, .sumByName, .anyValue,
    ])
    func noReplyAtAllIsAnError(merge: ReplyMerge) {
        #expect(throws: RedisError.self) { try merge.merge([]) }
    }

    // MARK: Pipelines

    @Test func transactionsAreFoundWithTheirSlots() throws {
        let commands = [
            "GET x", "MULTI", "SET {foo}1 1", "DEL {foo}1 foo", "EXEC", "multi", "PING", "discard", "GET y",
        ]
        let spans = try commands.map(command).transactionSpans()
        #expect(spans == [.init(commands: 1..<5, group: 12182), .init(commands: 5..<8, group: nil)])
        #expect(try ["GET x", "MSET a 1 b 2"].map(command).transactionSpans() == [])
        #expect(try ["MULTI", "GET foo"].map(command).transactionSpans() == [.init(commands: 0..<2, group: 12182)])
    }

    @Test(arguments: [
        ["MULTI", "GET foo", "GET bar", "EXEC"], ["MULTI", "MGET foo bar", "EXEC"], ["MULTI", "RENAME foo bar"],
    ])
    func aTransactionOverSlotsIsRefused(lines: [String]) {
        #expect {
            _ = try lines.map(command).transactionSpans()
        } throws: {
            ($0 as? RedisError)?.code == .invalidCommand && "\($0)".contains("hash tag")
        }
    }
}
