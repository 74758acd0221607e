/// Where a command has its keys, by its name: what `COMMAND` of Redis 7.0 says, in few words.
enum KeyShape: UInt8, Sendable {
    // Those whose first key is the first argument come first: see `beginsWithKey`.

    /// The first argument is the only key. Also what commands are taken for that are not in the table.
    case first
    /// Two keys.
    case firstTwo
    /// All arguments are keys.
    case all
    /// All arguments are keys, and several commands with a part of them each do the same.
    case divisible
    /// Keys and values take turns.
    case pairs
    /// Keys and values take turns, and several commands with a part of them each do the same.
    case divisiblePairs
    /// A destination, a number, and so many keys.
    case destinationAndCounted
    /// A key, and perhaps one after `STORE`.
    case sort
    /// A key, and perhaps one after `STORE` or `STOREDIST`.
    case radius

    /// No keys; any server will do.
    case keyless
    /// No keys; some such commands concern all servers.
    case wide
    /// `SCAN`, which goes over one server's keys.
    case scan
    /// All arguments but the last.
    case allButLast
    /// All arguments from the second on.
    case fromSecond
    /// The second argument.
    case second
    /// The second argument, after any subcommand but `HELP`.
    case subcommand
    /// The second argument, after `OBJECT`.
    case debug
    /// The second argument, after `USAGE`.
    case memory
    /// A number, and so many keys.
    case counted
    /// Something, a number, and so many keys.
    case secondCounted
    /// Keys after `STREAMS`, and as many positions after them.
    case streams
    /// The third argument, or all after `KEYS`.
    case migrate

    /// Whether the first argument, if there is one, is the first key.
    @inline(__always)
    var beginsWithKey: Bool { self.rawValue < KeyShape.keyless.rawValue }
}

/// Finds a command's shape by its name, without making a string of it.
///
/// Only names whose shape is not `.first` are in the table. Most commands are not, and the length and the first letter
/// of their names are enough to know that.
enum CommandKeyTable {
    private static let names: [(KeyShape, String)] = [
        (.firstTwo, "BLMOVE BRPOPLPUSH COPY GEOSEARCHSTORE LCS LMOVE RENAME RENAMENX RPOPLPUSH SMOVE ZRANGESTORE"),
        (.all, "PFCOUNT PFMERGE SDIFF SDIFFSTORE SINTER SINTERSTORE SSUBSCRIBE SUNION SUNIONSTORE SUNSUBSCRIBE WATCH"),
        (.divisible, "DEL EXISTS MGET TOUCH UNLINK"),
        (.pairs, "MSETNX"),
        (.divisiblePairs, "MSET"),
        (.allButLast, "BLPOP BRPOP BZPOPMAX BZPOPMIN"),
        (.destinationAndCounted, "ZDIFFSTORE ZINTERSTORE ZUNIONSTORE"),
        (.sort, "SORT SORT_RO"),
        (.radius, "GEORADIUS GEORADIUSBYMEMBER"),
        (
            .keyless,
            """
            ASKING AUTH BGREWRITEAOF BGSAVE CLIENT CLUSTER COMMAND DISCARD ECHO EXEC FAILOVER HELLO INFO LASTSAVE \
            LOLWUT MODULE MONITOR MULTI PFSELFTEST PING PSUBSCRIBE PSYNC PUBLISH PUNSUBSCRIBE QUIT READONLY READWRITE \
            REPLCONF REPLICAOF RESET ROLE SAVE SELECT SHUTDOWN SLAVEOF SUBSCRIBE SWAPDB SYNC TIME UNSUBSCRIBE UNWATCH \
            WAIT WAITAOF
            """
        ),
        (.wide, "ACL CONFIG DBSIZE FLUSHALL FLUSHDB FUNCTION KEYS LATENCY PUBSUB RANDOMKEY SCRIPT SLOWLOG"),
        (.scan, "SCAN"),
        (.fromSecond, "BITOP"),
        (.second, "PFDEBUG"),
        (.subcommand, "OBJECT XGROUP XINFO"),
        (.debug, "DEBUG"),
        (.memory, "MEMORY"),
        (.counted, "LMPOP SINTERCARD ZDIFF ZINTER ZINTERCARD ZMPOP ZUNION"),
        (.secondCounted, "BLMPOP BZMPOP EVAL EVALSHA EVALSHA_RO EVAL_RO FCALL FCALL_RO"),
        (.streams, "XREAD XREADGROUP"),
        (.migrate, "MIGRATE"),
    ]

    private struct Entry {
        let bucket: Int
        let word: (UInt64, UInt64)
        let shape: KeyShape
    }

    /// The names in the order of their buckets.
    private static let entries: [Entry] = Self.names.flatMap { shape, names in
        names.split(separator: " ").compactMap { name in
            Array(name.utf8).withUnsafeBytes { bytes in
                Self.bucket(of: bytes).map { Entry(bucket: $0, word: Self.word(bytes), shape: shape) }
            }
        }
    }.sorted { $0.bucket < $1.bucket }

    /// For each bucket the index of its first entry and, in the lowest four bits, the number of entries.
    private static let buckets: [UInt16] = {
        var buckets = [UInt16](repeating: 0, count: 1024)
        for (index, entry) in Self.entries.enumerated() {
            if buckets[entry.bucket] == 0 { buckets[entry.bucket] = UInt16(index) << 4 }
            buckets[entry.bucket] += 1
        }
        return buckets
    }()

    @inline(__always)
    static func shape(of name: UnsafeRawBufferPointer) -> KeyShape {
        guard let bucket = Self.bucket(of: name) else { return .first }
        let found = Self.buckets[bucket]
        return found == 0 ? .first : Self.shape(of: name, among: found)
    }

    private static func shape(of name: UnsafeRawBufferPointer, among found: UInt16) -> KeyShape {
        let word = Self.word(name)
        let start = Int(found >> 4)
        for entry in Self.entries[start..<start + Int(found & 0xF)] where entry.word == word { return entry.shape }
        return .first
    }

    /// Length and first letter; nil for a name that is longer or shorter than all in the table.
    @inline(__always)
    private static func bucket(of name: UnsafeRawBufferPointer) -> Int? {
        guard name.count > 1, name.count < 32 else { return nil }
        return Int(name[0] & 0x1F) << 5 | name.count
    }

    /// The first sixteen bytes in capitals.
    ///
    /// No two names in the table that share a length share those.
    private static func word(_ name: UnsafeRawBufferPointer) -> (UInt64, UInt64) {
        var word: (UInt64, UInt64) = (0, 0)
        for byte in name.prefix(8) { word.0 = word.0 << 8 | UInt64(byte & 0xDF) }
        for byte in name.dropFirst(8).prefix(8) { word.1 = word.1 << 8 | UInt64(byte & 0xDF) }
        return word
    }
}
