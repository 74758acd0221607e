public import Larder
public import LarderRedisClient
public import Logging

/// Collections in Redis, shared by all processes that use the same server and namespace.
///
/// ```swift
/// let collections = Collections(.redis(client), namespace: "bookshop")
/// ```
///
/// Each is one key, `@namespace:kind:name`, of the Redis type that its kind suggests, and its elements are text, digits or
/// JSON there, for programs in other languages; queues have a second key for what is reserved. Each call is one round trip:
/// a command, or a script where a lifetime belongs to it. What writes is sent once; whether it was done, nobody knows where
/// the answer is lost: ``CacheError/Code/unavailable``.
public struct RedisCollections: CollectionStore {
    let client: any RedisCommandSender
    let logger: Logger
    /// Whether keys may lie on several servers.
    let spreadsKeys: Bool

    /// Makes a store on a client, which stays its maker's to run and to shut down.
    ///
    /// - Parameters:
    ///   - client: The client, or a connection of one.
    ///   - logger: Where failures are reported that no caller hears of.
    public init(_ client: any RedisCommandSender, logger: Logger = Logger(label: "larder.redis")) {
        self.client = client
        self.logger = logger
        self.spreadsKeys = (client as? any RedisPlacement)?.spreadsKeys ?? false
    }

    /// `redis`.
    public var kind: String { "redis" }

    /// Removes a whole collection.
    public func remove(_ key: CollectionKey) async throws -> Bool {
        var command = RedisCommand("UNLINK")
        for name in try self.names(of: key) { command.append(name) }
        return try await self.send(command, key, as: Int.self) > 0
    }

    /// How long a collection has left.
    public func timeLeft(of key: CollectionKey) async throws -> TimeLeft? {
        let names = try self.names(of: key)
        if names.count > 1 {
            // The queue is there as long as any of its parts is.
            let left = try await self.run(CollectionScripts.timeLeft, names, key, [], as: Int64.self)
            return Self.timeLeft(left)
        }
        return Self.timeLeft(try await self.send(RedisCommand("PTTL", key.text), key, as: Int64.self))
    }

    private static func timeLeft(_ reply: Int64) -> TimeLeft? {
        switch reply {
        case -2: nil
        case -1: .forever
        default: .remaining(.milliseconds(reply))
        }
    }

    /// Gives a collection another end.
    public func expire(_ key: CollectionKey, after milliseconds: Int64?) async throws -> Bool {
        let names = try self.names(of: key)
        return try await self.run(
            CollectionScripts.expire,
            names,
            key,
            [milliseconds.map { .integer($0) } ?? .text("")],
            as: Bool.self
        )
    }

    /// The keys that a collection takes.
    ///
    /// - Throws: `CacheError` with `.invalidKey` where they would not lie in one slot.
    func names(of key: CollectionKey) throws -> [String] {
        key.kind == .queue ? [key.text, try self.companion(of: key, "reserved")] : [key.text]
    }

    /// The name of a second key of a collection, in the slot of the first.
    ///
    /// - Parameters:
    ///   - key: The collection.
    ///   - part: What the key is for.
    /// - Returns: `{name}:part`, or `name:part` where the name has a hash tag.
    /// - Throws: `CacheError` with `.invalidKey` where no name would lie in that slot.
    func companion(of key: CollectionKey, _ part: String) throws -> String {
        if EntryKeys.hasHashTag(key.text) {
            if key.text.utf8.suffix(part.utf8.count + 1).elementsEqual(":\(part)".utf8) {
                throw CacheError(
                    .invalidKey,
                    "in Redis, such a name with a hash tag must not end in \":\(part)\": that is a part of another",
                    key: key.name
                )
            }
            return "\(key.text):\(part)"
        }
        if key.text.utf8.contains(UInt8(ascii: "}")) {
            throw CacheError(
                .invalidKey,
                "in Redis, such a name with a \"}\" needs a \"{\" before it, with something between the two",
                key: key.name
            )
        }
        return "{\(key.text)}:\(part)"
    }
}

extension CollectionStore where Self == RedisCollections {
    /// Collections in Redis.
    ///
    /// - Parameter client: The client, which stays its maker's to run and to shut down.
    /// - Returns: The store.
    public static func redis(_ client: any RedisCommandSender) -> RedisCollections {
        RedisCollections(client)
    }
}

// MARK: Sending

extension RedisCollections {
    /// Sends a command.
    ///
    /// - Parameters:
    ///   - command: The command.
    ///   - key: The collection, for errors.
    ///   - type: What to turn the reply into.
    /// - Returns: The reply.
    /// - Throws: `CacheError`; `CancellationError`.
    func send<Reply: RESPDecodable>(
        _ command: RedisCommand,
        _ key: CollectionKey,
        as type: Reply.Type
    ) async throws -> Reply {
        try await self.translatingErrors(key) { try await self.client.send(command, as: type) }
    }

    /// Runs a script.
    ///
    /// - Parameters:
    ///   - script: The script.
    ///   - names: Its keys, all in one slot.
    ///   - key: The collection, for errors.
    ///   - arguments: What else it gets.
    ///   - type: What to turn its result into.
    /// - Returns: Its result.
    /// - Throws: `CacheError`; `CancellationError`.
    func run<Reply: RESPDecodable>(
        _ script: RedisScript,
        _ names: [String],
        _ key: CollectionKey,
        _ arguments: [ScriptArgument],
        as type: Reply.Type
    ) async throws -> Reply {
        try await self.translatingErrors(key) {
            try await script.run(keys: names, arguments: arguments, on: self.client, as: type)
        }
    }

    /// Sends a command that writes to a collection, and gives that its lifetime in the same step.
    ///
    /// - Parameters:
    ///   - name: The command's name; its first argument is the key.
    ///   - key: The collection.
    ///   - arguments: What comes behind the key. However many they are, they are sent in one step: see `group`.
    ///   - lifetime: How long the collection lives.
    ///   - group: Of how many arguments one unit consists, where the command takes any number of them. Lua hands on some
    ///     thousands at a time; the script divides them, and adds up what the command returns, or takes the last.
    ///   - type: What to turn the reply into. Integers that may be beyond 2^53 do not pass through a script.
    /// - Returns: The reply.
    /// - Throws: `CacheError`; `CancellationError`.
    func write<Reply: RESPDecodable>(
        _ name: String,
        _ key: CollectionKey,
        _ arguments: [ScriptArgument],
        _ lifetime: CollectionLifetime,
        _ group: CollectionScripts.Group = .whole,
        as type: Reply.Type
    ) async throws -> Reply {
        if lifetime.milliseconds == nil {
            var command = RedisCommand(name, key.text)
            command.append(contentsOf: arguments)
            return try await self.send(command, key, as: type)
        }
        return try await self.run(
            CollectionScripts.write,
            [key.text],
            key,
            Self.lifetime(lifetime) + [.text(group.rawValue), .text(name)] + arguments,
            as: type
        )
    }

    /// A lifetime as scripts take it, in `ARGV[1]` and `ARGV[2]`.
    static func lifetime(_ lifetime: CollectionLifetime) -> [ScriptArgument] {
        [.integer(lifetime.milliseconds ?? 0), .integer(lifetime.isSliding ? 1 : 0)]
    }

    /// A number of elements as scripts take it: beyond 2^53 Lua would make another one of it, which is no integer to Redis.
    static func count(_ count: Int) -> ScriptArgument { .integer(min(Int64(count), 1 << 53)) }

    /// Makes the client's errors a cache's.
    func translatingErrors<Result>(_ key: CollectionKey, _ body: () async throws -> Result) async throws -> Result {
        do {
            return try await body()
        } catch let error as RedisError {
            throw Self.translated(error, key)
        }
    }

    /// What an error of the client means for a collection.
    static func translated(_ error: RedisError, _ key: CollectionKey) -> CacheError {
        // Servers before Redis 7 put the error of a command in a script behind words of their own.
        let isServers = error.code.serverPrefix != nil
        if isServers, error.message.contains("WRONGTYPE") { return .wrongType(key, underlying: error) }
        if isServers, error.message.contains("not an integer") { return .notAnInteger(key) }
        if isServers, error.message.contains("would overflow") { return .integerOverflow(key, .min ... .max) }
        return CacheError(.unavailable, "Redis could not be used", key: key.text, underlying: error)
    }

    /// Refuses what has to be one step where the names lie in different slots.
    func checkOneSlot(_ key: CollectionKey, _ other: CollectionKey) throws {
        if self.spreadsKeys, RedisKeySlot.slot(of: key.text) != RedisKeySlot.slot(of: other.text) {
            throw CacheError.keysApart(key, other)
        }
    }

    static func unexpectedReply(to what: String, _ key: CollectionKey) -> CacheError {
        CacheError(.unavailable, "Redis answered \(what) with something that it never should", key: key.text)
    }
}
