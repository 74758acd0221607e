import LarderTesting
import Testing

@testable import LarderRedisClient

/// A command from words with spaces between them; `''` is an empty one.
func command(_ line: String) -> RedisCommand {
    let words = line.split(separator: " ").map { $0 == "''" ? "" : String($0) }
    return RedisCommand(words[0], arguments: words.dropFirst())
}

/// A command's words.
func words(_ command: RedisCommand) -> [String] {
    (0..<command.elementCount).compactMap { index in
        command.withElement(index) { String(decoding: $0, as: UTF8.self) }
    }
}

@Suite(.timeLimit(.minutes(1))) struct CommandKeysTests {
    /// Commands of every shape, with the positions of their keys.
    static let samples: [(line: String, keys: [Int])] = [
        ("GET k", [1]), ("get k", [1]), ("SET k v EX 5", [1]), ("HSET k f v", [1]), ("EXPIRE k 5", [1]), ("GET", []),
        ("GEORADIUSBYMEMBER_RO k m 1 km", [1]), ("ZREMRANGEBYSCORE k 1 2", [1]), ("SPUBLISH ch message", [1]),
        ("MYMODULE.ADD k v", [1]), ("FT.SEARCH", []), ("X", []), ("RESTORE-ASKING k 0 v", [1]), ("SADD k a b", [1]),
        ("A.VERY.LONG.NAME.OF.SOME.MODULE.THAT.NOBODY.KNOWS k v", [1]),
        ("RENAME a b", [1, 2]), ("COPY a b REPLACE", [1, 2]), ("LMOVE a b LEFT RIGHT", [1, 2]),
        ("LCS a b LEN", [1, 2]),
        ("GEOSEARCHSTORE d s FROMMEMBER m BYRADIUS 1 km", [1, 2]), ("ZRANGESTORE d s 0 -1", [1, 2]), ("RENAME a", [1]),
        ("DEL a b c", [1, 2, 3]), ("MGET a", [1]), ("SINTERSTORE d a b", [1, 2, 3]), ("WATCH a b", [1, 2]),
        ("SSUBSCRIBE a b", [1, 2]), ("PFMERGE d a", [1, 2]), ("DEL", []),
        ("MSET a 1 b 2", [1, 3]), ("MSETNX a 1 b 2 c 3", [1, 3, 5]),
        ("BLPOP a b 0", [1, 2]), ("BZPOPMIN a 0", [1]), ("BLPOP a", []), ("BLPOP", []),
        ("BITOP AND d a b", [2, 3, 4]), ("BITOP NOT d a", [2, 3]), ("BITOP", []), ("BITOP AND", []),
        ("PFDEBUG GETREG k", [2]),
        ("OBJECT ENCODING k", [2]), ("object freq k", [2]), ("OBJECT HELP", []), ("OBJECT", []),
        ("XGROUP CREATE s g $", [2]), ("XGROUP HELP", []), ("XINFO STREAM s FULL", [2]), ("XINFO help", []),
        ("MEMORY USAGE k SAMPLES 5", [2]), ("MEMORY DOCTOR", []), ("MEMORY STATS", []), ("MEMORY", []),
        ("DEBUG OBJECT k", [2]), ("DEBUG SLEEP 0", []),
        ("ZUNION 2 a b WEIGHTS 1 2", [2, 3]), ("ZINTERCARD 1 a LIMIT 5", [2]), ("LMPOP 2 a b LEFT", [2, 3]),
        ("ZDIFF 3 a b", []), ("ZDIFF many a b", []), ("ZDIFF 99999999999999999999 a", []), ("ZDIFF", []),
        ("ZDIFF -1 a", []), ("SINTERCARD 0", []),
        ("EVAL return 2 a b c", [3, 4]), ("EVALSHA_RO sha 1 a", [3]), ("FCALL f 0 x", []), ("EVAL return 9 a", []),
        ("EVAL", []), ("BLMPOP 0 2 a b LEFT", [3, 4]), ("BZMPOP 0 1 a MIN", [3]),
        ("ZUNIONSTORE d 2 a b", [1, 3, 4]), ("ZDIFFSTORE d 1 a", [1, 3]), ("ZINTERSTORE d x a", [1]),
        ("ZUNIONSTORE", []),
        ("XREAD STREAMS a b 0 0", [2, 3]), ("XREAD COUNT 5 BLOCK 0 STREAMS a 0", [6]), ("XREAD COUNT STREAMS a", []),
        ("XREADGROUP GROUP STREAMS streams NOACK STREAMS a >", [6]), ("XREADGROUP GROUP g c STREAMS a b > >", [5, 6]),
        ("XREAD STREAMS a b 0", []), ("XREAD STREAMS", []), ("XREAD", []),
        ("SORT k", [1]), ("SORT k BY STORE GET store STORE d", [1, 7]), ("SORT k LIMIT 0 1 STORE d ALPHA", [1, 6]),
        ("SORT k STORE", [1]), ("SORT", []), ("SORT_RO k GET x", [1]),
        ("GEORADIUS k 1 2 3 km STORE d", [1, 7]), ("GEORADIUS k 1 2 3 km COUNT 5 STOREDIST d", [1, 9]),
        ("GEORADIUSBYMEMBER k m 3 km STORE d", [1, 6]), ("GEORADIUS k 1 2 3 km", [1]),
        ("MIGRATE h 6379 k 0 1000", [3]), ("MIGRATE h 6379 '' 0 1000 COPY KEYS a b", [8, 9]),
        ("MIGRATE h 6379 '' 0 1000 AUTH KEYS KEYS a", [9]), ("MIGRATE h 6379 '' 0 1000 AUTH2 u KEYS KEYS a", [10]),
        ("MIGRATE h 6379 '' 0 1000", []), ("MIGRATE h", []),
        ("PING", []), ("PUBLISH ch m", []), ("SCAN 0 MATCH k", []), ("INFO server", []), ("FLUSHALL", []),
        ("CONFIG GET save", []), ("SCRIPT LOAD x", []), ("WAIT 1 0", []), ("KEYS k*", []), ("ECHO k", []),
    ]

    @Test(arguments: samples.indices)
    func keysStandWhereTheCommandHasThem(index: Int) {
        let (line, keys) = Self.samples[index]
        let command = command(line)
        #expect(command.keyPositions == keys, "\(line)")
        let slot = keys.first.flatMap { command.withElement($0) { KeySlot.slot(of: $0) } }
        #expect(command.firstKeySlot == slot, "\(line)")
    }

    @Test func groupingLooksAtEveryKeyAndAtNothingElse() {
        for (line, keys) in Self.samples {
            let command = command(line)
            var seen: [String] = []
            let grouping = command.grouped { key in
                seen.append(String(decoding: key, as: UTF8.self))
                return 7
            }
            #expect(seen == keys.map { words(command)[$0] }, "\(line)")
            switch grouping {
            case .noKeys: #expect(keys.isEmpty, "\(line)")
            case .one(let group): #expect(group == 7 && !keys.isEmpty, "\(line)")
            case .several, .apart: Issue.record("\(line): one group became several")
            }
        }
    }

    @Test func randomArgumentsHaveKeysWithinTheCommand() {
        var generator = SeededGenerator(seed: 11)
        let names = Self.samples.map { $0.line.prefix { $0 != " " } }
        let values = [
            "STREAMS", "STORE", "KEYS", "GROUP", "COUNT", "AUTH2", "HELP", "USAGE", "", "0", "1", "2", "999999999",
            "-1",
            "key",
        ]
        for _ in 0..<2000 {
            var command = RedisCommand(String(names.randomElement(using: &generator) ?? "GET"))
            for _ in 0..<Int.random(in: 0...9, using: &generator) {
                command.append(values.randomElement(using: &generator) ?? "")
            }
            let positions = command.keyPositions
            #expect(positions == Array(Set(positions)).sorted(), "\(words(command))")
            #expect(positions.allSatisfy { (1..<command.elementCount).contains($0) }, "\(words(command))")
            #expect((command.firstKeySlot == nil) == positions.isEmpty, "\(words(command))")
        }
    }
}
