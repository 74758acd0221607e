public import NIOCore

/// What a scan finds, page by page: one command to the server for each page.
///
/// A scan sees every element that is there from its beginning to its end at least once. One that comes or goes meanwhile
/// may be seen or not, and the same one may be seen several times. Pages can be empty before the end has come.
///
/// That holds in a cluster too, also while slots are moved or primaries are replaced: a server that is to get slots is scanned
/// after the one that has them, and those that have got some meanwhile are scanned again. So the user needs to be allowed
/// `CLUSTER NODES` at all primaries, which alone tells what is on its way. Where slots change hands again and again for as long
/// as the scan goes on, it ends with an error (`.timedOut`).
public struct RedisScanPages<Element: Sendable>: AsyncSequence, Sendable {
    private let sender: any RedisCommandSender
    private let command: @Sendable (String) -> RedisCommand
    private let decode: @Sendable (RESPValue) throws(RedisError) -> [Element]

    init(
        _ sender: any RedisCommandSender,
        command: @escaping @Sendable (String) -> RedisCommand,
        decode: @escaping @Sendable (RESPValue) throws(RedisError) -> [Element]
    ) {
        self.sender = sender
        self.command = command
        self.decode = decode
    }

    /// Starts the scan from the beginning.
    ///
    /// - Returns: An iterator that asks the server whenever it is asked for the next page.
    public func makeAsyncIterator() -> Iterator { Iterator(self) }

    /// Asks for one page after the other.
    public struct Iterator: AsyncIteratorProtocol, Sendable {
        private let pages: RedisScanPages<Element>
        /// Where the server goes on; nil after the last page.
        ///
        /// A string, because the server's cursors have 64 bits without a sign.
        private var cursor: String? = "0"

        init(_ pages: RedisScanPages<Element>) { self.pages = pages }

        /// Asks for the next page.
        ///
        /// - Returns: The page; `nil` after the last one.
        /// - Throws: `RedisError`; `CancellationError` if the task was cancelled. The scan is over then.
        public mutating func next() async throws -> [Element]? {
            guard let cursor = self.cursor else { return nil }
            self.cursor = nil
            let command = self.pages.command(cursor)
            let reply = try await self.pages.sender.send(command)
            do throws(RedisError) {
                let parts = try reply.elements()
                guard parts.count == 2 else { throw .unexpectedReply(reply, expected: "a cursor and a page") }
                let next = try String(resp: parts[0])
                let page = try self.pages.decode(parts[1])
                self.cursor = next == "0" ? nil : next
                return page
            } catch {
                throw error.with(command: command.name)
            }
        }
    }
}

/// What a scan finds, one by one.
///
/// See `RedisScanPages` for what it is sure to find.
public struct RedisScan<Element: Sendable>: AsyncSequence, Sendable {
    /// The same, page by page: for work that is better done in batches.
    public let pages: RedisScanPages<Element>

    init(
        _ sender: any RedisCommandSender,
        command: @escaping @Sendable (String) -> RedisCommand,
        decode: @escaping @Sendable (RESPValue) throws(RedisError) -> [Element]
    ) {
        self.pages = RedisScanPages(sender, command: command, decode: decode)
    }

    /// Starts the scan from the beginning.
    ///
    /// - Returns: An iterator that asks the server whenever it has no more elements.
    public func makeAsyncIterator() -> Iterator { Iterator(pages: self.pages.makeAsyncIterator()) }

    /// Goes through one page after the other.
    public struct Iterator: AsyncIteratorProtocol, Sendable {
        private var pages: RedisScanPages<Element>.Iterator
        private var page: [Element] = []
        private var index = 0

        init(pages: RedisScanPages<Element>.Iterator) { self.pages = pages }

        /// The next element.
        ///
        /// - Returns: The element; `nil` at the end.
        /// - Throws: `RedisError`; `CancellationError` if the task was cancelled. The scan is over then.
        public mutating func next() async throws -> Element? {
            while self.index == self.page.count {
                guard let page = try await self.pages.next() else { return nil }
                self.page = page
                self.index = 0
            }
            defer { self.index += 1 }
            return self.page[self.index]
        }
    }
}

extension RedisCommandSender {
    /// Goes through the keys of the database, without stopping the server as `KEYS` does.
    ///
    /// Sends `SCAN`, once for each page.
    ///
    /// ```swift
    /// for try await page in client.scan(matching: RedisGlob.escape("shop") + ":*").pages {
    ///     try await client.unlink(page)
    /// }
    /// ```
    ///
    /// - Parameters:
    ///   - pattern: A glob pattern of the keys, see `RedisGlob`; `nil` for all.
    ///   - type: The type of their values; `nil` for all.
    ///   - count: About how many keys the server looks at for each page.
    ///   - keyType: What to turn each key into. As a `String`, a key that is not UTF-8 ends the scan with an error.
    /// - Returns: The keys; one of which may come several times.
    public func scan<Key: RESPDecodable>(
        matching pattern: String? = nil,
        type: RedisValueType? = nil,
        count: Int = 250,
        as keyType: Key.Type = String.self
    ) -> RedisScan<Key> {
        RedisScan(self) { cursor in
            RedisCommand(
                "SCAN",
                cursor,
                RedisOption("MATCH", pattern),
                RedisOption("COUNT", count),
                RedisOption("TYPE", type)
            )
        } decode: { (page) throws(RedisError) in
            try [Key](resp: page)
        }
    }

    /// Goes through the fields of a hash.
    ///
    /// Sends `HSCAN`, once for each page.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - pattern: A glob pattern of the fields, see `RedisGlob`; `nil` for all.
    ///   - count: About how many fields the server looks at for each page.
    ///   - type: What to turn each value into.
    /// - Returns: The fields with their values; one of which may come several times.
    public func hscan<Value: RESPDecodable>(
        _ key: String,
        matching pattern: String? = nil,
        count: Int = 250,
        as type: Value.Type = ByteBuffer.self
    ) -> RedisScan<RedisField<Value>> {
        RedisScan(self) { cursor in
            RedisCommand("HSCAN", key, cursor, RedisOption("MATCH", pattern), RedisOption("COUNT", count))
        } decode: { (page) throws(RedisError) in
            try RedisField.list(page)
        }
    }

    /// Goes through the members of a set.
    ///
    /// Sends `SSCAN`, once for each page.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - pattern: A glob pattern of the members, see `RedisGlob`; `nil` for all.
    ///   - count: About how many members the server looks at for each page.
    ///   - type: What to turn each member into.
    /// - Returns: The members; one of which may come several times.
    public func sscan<Value: RESPDecodable>(
        _ key: String,
        matching pattern: String? = nil,
        count: Int = 250,
        as type: Value.Type = ByteBuffer.self
    ) -> RedisScan<Value> {
        RedisScan(self) { cursor in
            RedisCommand("SSCAN", key, cursor, RedisOption("MATCH", pattern), RedisOption("COUNT", count))
        } decode: { (page) throws(RedisError) in
            try [Value](resp: page)
        }
    }

    /// Goes through the members of a sorted set, in no order.
    ///
    /// Sends `ZSCAN`, once for each page.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - pattern: A glob pattern of the members, see `RedisGlob`; `nil` for all.
    ///   - count: About how many members the server looks at for each page.
    ///   - type: What to turn each member into.
    /// - Returns: The members with their scores; one of which may come several times.
    public func zscan<Value: RESPDecodable>(
        _ key: String,
        matching pattern: String? = nil,
        count: Int = 250,
        as type: Value.Type = ByteBuffer.self
    ) -> RedisScan<RedisScored<Value>> {
        RedisScan(self) { cursor in
            RedisCommand("ZSCAN", key, cursor, RedisOption("MATCH", pattern), RedisOption("COUNT", count))
        } decode: { (page) throws(RedisError) in
            try RedisScored.list(page)
        }
    }
}
