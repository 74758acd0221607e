import NIOCore
import Testing

@testable import LarderRedisClient

/// Where commands go that are spread over independent servers, without a server.
@Suite(.timeLimit(.minutes(1))) struct ShardRoutingTests {
    let ring: HashRing

    init() throws { self.ring = try HashRing([.init(name: "a"), .init(name: "b"), .init(name: "c")]) }

    /// A key of the shard, with others of the same shard under different tails.
    func key(on shard: Int, _ tail: String = "") -> String {
        var number = 0
        while true {
            let key = "{k\(number)}" + tail
            if self.ring.shard(of: key) == shard { return key }
            number += 1
        }
    }

    /// A line in which `A`, `B` and `C` stand for keys of the three shards.
    func line(_ line: String) -> String {
        line.split(separator: " ").map { word in
            switch word.first {
            case "A": self.key(on: 0, String(word.dropFirst()))
            case "B": self.key(on: 1, String(word.dropFirst()))
            case "C": self.key(on: 2, String(word.dropFirst()))
            default: String(word)
            }
        }.joined(separator: " ")
    }

    static func word(_ routing: ShardRouting) -> String {
        switch routing {
        case .shard(let shard): "\(shard)"
        case .all(let merge): "all \(merge)"
        case .split(let split): "split \(split.parts.map(\.group))"
        case .scan: "scan"
        }
    }

    @Test(arguments: [
        ("get A", "0"), ("get B", "1"), ("get C", "2"), ("mget C C1 C2", "2"), ("mget B A B1", "split [1, 0]"),
        ("mset C 1 A 2", "split [2, 0]"), ("del A B C", "split [0, 1, 2]"), ("exists A C", "split [0, 2]"),
        ("unlink B C", "split [1, 2]"), ("touch B A", "split [1, 0]"), ("eval x 2 B B1", "1"), ("eval x 0 B", "0"),
        ("rename C C1", "2"), ("module.set B x", "1"), ("object freq C", "2"), ("memory usage B", "1"),
        ("spublish B x", "1"), ("publish B x", "1"), ("PUBLISH C x", "2"), ("publish", "0"), ("get", "0"),
        ("mget", "0"),
        ("ping", "0"), ("info", "0"), ("time", "0"), ("config get x", "0"), ("scan 0", "scan"), ("sscan C 0", "2"),
        ("dbsize", "all sum"), ("flushall", "all allSucceeded"), ("keys *", "all concatenation"),
        ("randomkey", "all anyValue"), ("script load x", "all allSucceeded"), ("script exists x", "all logicalAnd"),
        ("script kill", "all oneSucceeded"), ("config set a b", "all allSucceeded"), ("pubsub channels", "all union"),
        ("pubsub numsub B", "all sumByName"), ("slowlog get", "all concatenation"),
    ])
    func commandsGoToTheShardOfTheirKeysOrToAll(line: String, expected: String) throws {
        let routing = try command(self.line(line)).shardRouting(on: self.ring)
        #expect(Self.word(routing) == expected)
    }

    @Test(arguments: [
        "rename A B", "msetnx A 1 B 2", "sunion A C", "zunionstore A 1 C", "eval x 2 A B", "sort A store C",
        "bitop and A B",
        "smove B C x", "watch A B", "sinterstore B B1 C", "copy A C", "xread streams A B 0 0",
    ])
    func keysOfSeveralShardsAreRefusedWhereTheCommandCannotBeTakenApart(line: String) throws {
        let command = command(self.line(line))
        let error = #expect(throws: RedisError.self) { try command.shardRouting(on: self.ring) }
        #expect(error?.code == .invalidCommand)
        #expect(error?.command == command.name)
        #expect(error?.message.hasPrefix(command.name) == true)
        #expect(error?.message.contains("{hash tag}") == true)
        #expect(error?.message.contains("{k") == false, "no error shows a key")
    }

    @Test func hashTagDecidesAlone() throws {
        let plain = self.ring.shard(of: "user:7")
        #expect(self.ring.shard(of: "{user:7}:name") == plain)
        #expect(self.ring.shard(of: "{user:7}:lease") == plain)
        let rename = RedisCommand("RENAME", "{user:7}:a", "b:{user:7}")
        #expect(try Self.word(rename.shardRouting(on: self.ring)) == "\(plain)")
        // The channel on which a lease's end is told is named like the lease, and that lies with the entry.
        let publish = RedisCommand("PUBLISH", "{user:7}:lease", "1")
        #expect(try Self.word(publish.shardRouting(on: self.ring)) == "\(plain)")
    }

    // MARK: Pipelines

    func plan(_ lines: [String]) throws -> ShardedPipeline {
        try ShardedPipeline(lines.map { command(self.line($0)) }, on: self.ring)
    }

    /// What each shard gets, in a line for each.
    static func sent(_ plan: ShardedPipeline) -> [String] {
        plan.batches.map { batch in "\(batch.shard): " + batch.commands.map(\.name).joined(separator: " ") }
    }

    static func bulk(_ text: String) -> RESPValue { .bulkString(ByteBuffer(string: text)) }

    @Test func eachShardGetsItsCommandsInTheirOrder() throws {
        let plan = try self.plan(["set A 1", "get B", "mget C A B", "incr A", "scan 0", "dbsize", "ping"])
        #expect(Self.sent(plan) == ["0: SET MGET INCR DBSIZE PING", "1: GET MGET DBSIZE", "2: MGET DBSIZE"])
        #expect(plan.scans == [4])
    }

    @Test func resultsComeTogetherInTheOrderOfTheCommands() throws {
        var plan = try self.plan(["mget C A B A1", "dbsize", "get B", "del A B"])
        let down = RedisError(.connectionFailed, message: "down", server: "b:1", command: "pipeline")
        let answers: [Int: [Result<RESPValue, RedisError>]] = [
            0: [.success(.array([Self.bulk("a"), Self.bulk("a1")])), .success(.integer(2)), .success(.integer(1))],
            1: [.success(.array([Self.bulk("b")])), .success(.integer(3)), .success(Self.bulk("x")), .failure(down)],
            2: [.success(.array([.null])), .success(.integer(5))],
        ]
        // In whatever order they come.
        for (number, batch) in plan.batches.enumerated().reversed() {
            plan.take(try #require(answers[batch.shard]), of: number)
        }
        let results = try plan.assemble()
        #expect(try results[0].get() == .array([.null, Self.bulk("a"), Self.bulk("b"), Self.bulk("a1")]))
        #expect(try results[1].get() == .integer(10))
        #expect(try results[2].get() == Self.bulk("x"))
        #expect(throws: RedisError.self) { try results[3].get() }
    }

    @Test func pipelineOfWhichNothingWasAnsweredFailsAsAWhole() throws {
        var plan = try self.plan(["get B", "get B1"])
        let down = RedisError(.connectionFailed, message: "down", server: "b:1", command: "get")
        plan.take([.failure(down), .failure(down)], of: 0)
        let error = #expect(throws: RedisError.self) { try plan.assemble() }
        #expect(error?.code == .connectionFailed)
        #expect(error?.command == "pipeline")
        #expect(error?.server == "b:1")
    }

    @Test func transactionGoesToOneShardWhole() throws {
        let plan = try self.plan(["get A", "MULTI", "set B 1", "dbsize", "publish B1 x", "EXEC", "get C"])
        #expect(Self.sent(plan) == ["0: GET", "1: MULTI SET DBSIZE PUBLISH EXEC", "2: GET"])
        let keyless = try self.plan(["MULTI", "publish C x", "EXEC"])
        #expect(Self.sent(keyless) == ["2: MULTI PUBLISH EXEC"])
    }

    @Test(arguments: [
        ["MULTI", "set A 1", "set B 1", "EXEC"], ["MULTI", "mget A B", "EXEC"],
        ["MULTI", "set A 1", "publish B x", "EXEC"],
        ["get A", "rename A B"],
    ])
    func pipelineThatOneServerWouldHaveToExecuteIsRefusedBeforeAnythingIsSent(lines: [String]) {
        let error = #expect(throws: RedisError.self) { try self.plan(lines) }
        #expect(error?.code == .invalidCommand)
        #expect(error?.message.contains("{hash tag}") == true)
    }
}
