/// What the client knows of commands by their names: which ones no shared connection can carry, and which ones may be
/// sent twice.
enum RedisCommandTable {
    // MARK: Isolation

    private static let changing: Set<String> = [
        "ASKING", "AUTH", "DISCARD", "EXEC", "HELLO", "MONITOR", "MULTI", "PSUBSCRIBE", "PSYNC", "PUNSUBSCRIBE", "QUIT",
        "READONLY", "READWRITE", "REPLCONF", "RESET", "SELECT", "SSUBSCRIBE", "SUBSCRIBE", "SUNSUBSCRIBE", "SYNC",
        "UNSUBSCRIBE", "UNWATCH", "WATCH",
    ]

    private static let blocking: Set<String> = [
        "BLMOVE", "BLMPOP", "BLPOP", "BRPOP", "BRPOPLPUSH", "BZMPOP", "BZPOPMAX", "BZPOPMIN", "WAIT", "WAITAOF",
    ]

    /// Commands whose first argument decides.
    private static let containers: Set<String> = ["CLIENT", "SCRIPT"]

    /// Commands that block only with the option `BLOCK`.
    private static let optionallyBlocking: Set<String> = ["XREAD", "XREADGROUP"]

    /// `CLIENT` subcommands that leave the connection as it was.
    private static let harmlessClientSubcommands: Set<String> = [
        "GETNAME", "GETREDIR", "HELP", "ID", "INFO", "KILL", "LIST", "PAUSE", "TRACKINGINFO", "UNBLOCK", "UNPAUSE",
    ]

    /// For each first letter, which lengths of names need a closer look: most commands pass after one look-up here.
    private static let suspiciousLengths: [UInt64] = {
        var lengths = [UInt64](repeating: 0, count: 256)
        for name in Self.changing.union(Self.blocking).union(Self.containers).union(Self.optionallyBlocking) {
            if let letter = name.utf8.first { lengths[Int(letter)] |= 1 << UInt64(name.utf8.count) }
        }
        return lengths
    }()

    static func isolation(of command: RedisCommand) -> RedisCommand.Isolation {
        let (length, letter) = command.nameSignature
        guard length < 64, Self.suspiciousLengths[Int(letter)] & (1 << UInt64(length)) != 0 else { return .ordinary }
        return Self.isolation(of: command, named: command.name)
    }

    private static func isolation(of command: RedisCommand, named name: String) -> RedisCommand.Isolation {
        if Self.changing.contains(name) { return .changesConnection }
        if Self.blocking.contains(name) { return .blocks }
        switch name {
        case "CLIENT":
            guard let subcommand = command.word(1) else { return .ordinary }
            return Self.harmlessClientSubcommands.contains(subcommand) ? .ordinary : .changesConnection
        case "SCRIPT":
            return command.word(1) == "DEBUG" ? .changesConnection : .ordinary
        case "XREAD", "XREADGROUP":
            // The options stand before STREAMS; what follows are keys, which may be called anything.
            for index in 1..<max(1, command.elementCount) {
                switch command.word(index) {
                case "BLOCK": return .blocks
                case "STREAMS": return .ordinary
                default: continue
                }
            }
            return .ordinary
        default:
            return .ordinary
        }
    }

    // MARK: Repetition

    /// Commands that only read.
    ///
    /// Writes that look idempotent are not among them: between the first and the second `SET` somebody else may have
    /// written, and `DEL` counts nothing the second time.
    private static let repeatable: Set<String> = [
        "BITCOUNT", "BITFIELD_RO", "BITPOS", "COMMAND", "DBSIZE", "DUMP", "ECHO", "EVALSHA_RO", "EVAL_RO", "EXISTS",
        "EXPIRETIME", "FCALL_RO", "GEODIST", "GEOHASH", "GEOPOS", "GEORADIUSBYMEMBER_RO", "GEORADIUS_RO", "GEOSEARCH",
        "GET", "GETBIT", "GETRANGE", "HEXISTS", "HGET", "HGETALL", "HKEYS", "HLEN", "HMGET", "HRANDFIELD", "HSCAN",
        "HSTRLEN", "HVALS", "INFO", "KEYS", "LASTSAVE", "LCS", "LINDEX", "LLEN", "LOLWUT", "LPOS", "LRANGE", "MGET",
        "OBJECT", "PEXPIRETIME", "PFCOUNT", "PING", "PTTL", "RANDOMKEY", "ROLE", "SCAN", "SCARD", "SDIFF", "SINTER",
        "SINTERCARD",
        "SISMEMBER", "SMEMBERS", "SMISMEMBER", "SORT_RO", "SRANDMEMBER", "SSCAN", "STRLEN", "SUBSTR", "SUNION", "TIME",
        "TOUCH", "TTL", "TYPE", "XLEN", "XPENDING", "XRANGE", "XREAD", "XREVRANGE", "ZCARD", "ZCOUNT", "ZDIFF",
        "ZINTER",
        "ZINTERCARD", "ZLEXCOUNT", "ZMSCORE", "ZRANDMEMBER", "ZRANGE", "ZRANGEBYLEX", "ZRANGEBYSCORE", "ZRANK",
        "ZREVRANGE", "ZREVRANGEBYLEX", "ZREVRANGEBYSCORE", "ZREVRANK", "ZSCAN", "ZSCORE", "ZUNION",
    ]

    /// Commands of which only some subcommands read.
    private static let repeatableSubcommands: [String: Set<String>] = [
        "ACL": ["CAT", "DRYRUN", "GETUSER", "LIST", "USERS", "WHOAMI"],
        "CLIENT": ["GETNAME", "ID", "INFO", "LIST"],
        "CONFIG": ["GET"],
        "LATENCY": ["DOCTOR", "HISTOGRAM", "HISTORY", "LATEST"],
        "MEMORY": ["DOCTOR", "STATS", "USAGE"],
        "PUBSUB": ["CHANNELS", "NUMPAT", "NUMSUB", "SHARDCHANNELS", "SHARDNUMSUB"],
        "SCRIPT": ["EXISTS", "LOAD"],
        "SLOWLOG": ["GET", "LEN"],
        "XINFO": ["CONSUMERS", "GROUPS", "STREAM"],
    ]

    // MARK: Replicas

    /// Commands that may be repeated and that no replica answers for a primary: about the server and not about its keys;
    /// with cursors, which mean nothing to another server; with an effect that is not replicated (`TOUCH`).
    private static let aboutServer: Set<String> = [
        "ACL", "CLIENT", "COMMAND", "CONFIG", "ECHO", "HSCAN", "INFO", "LASTSAVE", "LATENCY", "LOLWUT", "MEMORY",
        "OBJECT", "PING", "PUBSUB", "ROLE", "SCAN", "SCRIPT", "SLOWLOG", "SSCAN", "TIME", "TOUCH", "ZSCAN",
    ]

    static func mayBeAnsweredByReplica(_ command: RedisCommand) -> Bool {
        Self.isRepeatable(command) && !Self.aboutServer.contains(command.name)
    }

    // MARK: Names

    static func isRepeatable(_ command: RedisCommand) -> Bool {
        let name = command.name
        if Self.repeatable.contains(name) { return true }
        guard let subcommands = Self.repeatableSubcommands[name], let word = command.word(1) else { return false }
        return subcommands.contains(word)
    }
}

extension RedisCommand {
    /// Whether a replica may answer in a primary's place, where that is preferred: the command reads keys and does nothing
    /// else, whatever its sender said about repeating it.
    var mayBeAnsweredByReplica: Bool { RedisCommandTable.mayBeAnsweredByReplica(self) }

    /// Element `index` in capitals, if it is short enough to be a word of a command.
    fileprivate func word(_ index: Int) -> String? {
        self.withElement(index) { $0.count <= 24 ? String(decoding: $0, as: UTF8.self).uppercased() : "" }
    }
}
