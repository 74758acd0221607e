import LarderTesting
import NIOCore
import Testing

@testable import LarderRedisClient

/// The table of keys beside what a server says of its own commands.
@Suite(.timeLimit(.minutes(2))) struct CommandKeysOfServerTests {
    static func text(_ value: RESPValue) -> String {
        switch value {
        case .bulkString(let bytes): String(buffer: bytes)
        case .simpleString(let text): text
        default: ""
        }
    }

    static func elements(_ value: RESPValue) -> [RESPValue] {
        switch value {
        case .array(let elements), .set(let elements): elements
        default: []
        }
    }

    static func integer(_ value: RESPValue) -> Int {
        if case .integer(let integer) = value { Int(integer) } else { .min }
    }

    @Test func keysOfEveryCommandStandWhereTheServerHasThem() async throws {
        try await withRedisServer { server in
            let client = try RedisClient(RedisConfiguration(host: server.host, port: server.port))
            let commands = Self.elements(try await client.send(RedisCommand("COMMAND")))
            #expect(commands.count > 200)
            for description in commands {
                let parts = Self.elements(description)
                let flags = Self.elements(parts[2]).map(Self.text)
                let (first, last, step) = (Self.integer(parts[3]), Self.integer(parts[4]), Self.integer(parts[5]))
                // Where the keys move, samples below are asked for; containers have subcommands with keys of their own.
                let subcommands = parts.count > 9 ? Self.elements(parts[9]) : []
                if flags.contains("movablekeys") || !subcommands.isEmpty { continue }
                let name = Self.text(parts[0])
                for count in 2...7 {
                    let command = RedisCommand(name, arguments: (1...count).map { "argument\($0)" })
                    let end = last < 0 ? count + last + 1 : min(last, count)
                    let keys = first == 0 ? [] : Array(stride(from: first, through: end, by: step))
                    #expect(command.keyPositions == keys, "\(name) with \(count) arguments")
                }
            }
            await client.shutdown()
        }
    }

    @Test func keysOfCommandsWhoseKeysMoveAreThoseThatTheServerFinds() async throws {
        let lines = [
            "ZUNION 2 a b WEIGHTS 1 2", "ZINTER 1 a", "ZDIFF 2 a b", "ZINTERCARD 2 a b LIMIT 1", "SINTERCARD 2 a b",
            "LMPOP 2 a b LEFT", "ZMPOP 1 a MIN", "BLMPOP 0 2 a b LEFT", "BZMPOP 0 1 a MAX",
            "EVAL return 2 a b c", "EVAL_RO return 1 a", "EVALSHA sha 1 a b", "EVALSHA_RO sha 2 a b", "FCALL f 1 a x",
            "FCALL_RO f 2 a b", "ZUNIONSTORE d 2 a b", "ZINTERSTORE d 1 a", "ZDIFFSTORE d 2 a b AGGREGATE MAX",
            "XREAD STREAMS a b 0 0", "XREAD COUNT 1 BLOCK 5 STREAMS a 0", "XREADGROUP GROUP g c STREAMS a b > >",
            "XREADGROUP GROUP g c COUNT 5 NOACK STREAMS a >", "SORT a", "SORT a BY x GET y LIMIT 0 5 STORE d",
            "SORT a STORE d STORE e", "SORT_RO a BY x", "GEORADIUS a 1 2 3 km STORE d",
            "GEORADIUS a 1 2 3 km COUNT 5 STOREDIST d", "GEORADIUSBYMEMBER a m 3 km STORE d",
            "GEORADIUSBYMEMBER a m 3 km",
            "GEORADIUSBYMEMBER_RO a m 3 km", "MIGRATE h 1 a 0 5", "BITOP AND d a b", "OBJECT ENCODING a",
            "MEMORY USAGE a SAMPLES 5", "XGROUP CREATE a g $", "XGROUP DESTROY a g", "XINFO STREAM a FULL",
            "XINFO CONSUMERS a g", "MSET a 1 b 2", "MSETNX a 1 b 2", "BLPOP a b 0", "COPY a b", "LCS a b LEN",
            "PFDEBUG GETREG a", "RESTORE-ASKING a 0 x",
        ]
        try await withRedisServer { server in
            let client = try RedisClient(RedisConfiguration(host: server.host, port: server.port))
            for line in lines + [
                "MIGRATE h 1 '' 0 5 COPY AUTH2 u p KEYS a b", "MIGRATE h 1 '' 0 5 AUTH p REPLACE KEYS a",
            ] {
                let words = line.split(separator: " ").map { $0 == "''" ? "" : String($0) }
                let keys = try await client.send(RedisCommand("COMMAND", arguments: ["GETKEYS"] + words))
                let positions = RedisCommand(words[0], arguments: words.dropFirst()).keyPositions
                #expect(positions.map { words[$0] }.sorted() == Self.elements(keys).map(Self.text).sorted(), "\(line)")
                #expect(!positions.isEmpty, "\(line)")
            }
            await client.shutdown()
        }
    }
}
