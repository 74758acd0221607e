/// Where a scan over all primaries (or over all shards) stands, and its form as a cursor.
///
/// A server's cursor means nothing to another, so a cursor over several names the server, its cursor, and the servers
/// that are done: `3:1234:7` is cursor 1234 of member 3, and members 0, 1 and 2 are done (7 is binary 111). `0` is the
/// beginning and the end, as on one server.
///
/// A primary that comes while the scan is under way has not been done, so it is done, too: its keys may have been those
/// of a primary that is gone.
struct ClusterScanPosition: Sendable, Equatable {
    /// More servers than these have no place in a cursor.
    static let capacity = ClusterMembers.capacity

    /// The member that is being scanned; nil at the beginning.
    private(set) var member: Int?
    /// The member's own cursor.
    private(set) var cursor = "0"
    /// The members that are done.
    private(set) var done: Set<Int> = []

    /// The beginning.
    init() {}

    /// Reads a cursor; nil for what no scan has ever said.
    init?(_ text: UnsafeRawBufferPointer) {
        // Twenty digits of a cursor, four of a member, and four members to each digit of the set.
        guard text.count <= 32 + ClusterMembers.capacity / 4 else { return nil }
        if text.elementsEqual("0".utf8) { return }
        let fields = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard fields.count == 3, let member = Self.number(fields[0]), member < ClusterMembers.capacity,
            (1...20).contains(fields[1].count), fields[1].allSatisfy({ (0x30...0x39).contains($0) }),
            let done = Self.members(fields[2]), !done.contains(member)
        else { return nil }
        self.member = member
        self.cursor = String(decoding: fields[1], as: UTF8.self)
        self.done = done
    }

    /// The cursor, as a caller gets it while the scan goes on.
    var text: String {
        guard let member = self.member else { return "0" }
        var digits = [UInt8](repeating: 0, count: (self.done.max() ?? 0) / 4 + 1)
        for member in self.done { digits[member / 4] |= 1 << UInt8(member % 4) }
        return "\(member):\(self.cursor):" + digits.reversed().map { String($0, radix: 16) }.joined()
    }

    /// Goes to a primary that is not done, unless the scan is at one.
    ///
    /// - Parameter primaries: The primaries that there are now.
    /// - Returns: The member to scan; nil if all are done.
    mutating func advance(among primaries: [Int]) -> Int? {
        if let member = self.member, primaries.contains(member) { return member }
        if let member = self.member { self.done.insert(member) }
        self.cursor = "0"
        self.member = primaries.filter { !self.done.contains($0) }.min()
        return self.member
    }

    /// The member has answered with a page.
    ///
    /// - Parameters:
    ///   - reply: Its answer to `SCAN`.
    ///   - primaries: The primaries that there are now.
    /// - Returns: The same page with the cursor to go on from.
    /// - Throws: `RedisError` with the code `.unexpectedReply` for an answer that is no page.
    mutating func answered(_ reply: RESPValue, among primaries: [Int]) throws(RedisError) -> RESPValue {
        guard case .array(let parts) = reply, parts.count == 2 else {
            throw RedisError.unexpectedReply(reply, expected: "a cursor and a page").with(command: "SCAN")
        }
        self.answered(try String(resp: parts[0]))
        // Whether there is more to do, the next page would have to find out: there is no end in the middle.
        let next = self.advance(among: primaries) == nil ? "0" : self.text
        return .array([.simpleString(next), parts[1]])
    }

    /// The member has answered with its next cursor.
    mutating func answered(_ cursor: String) {
        guard let member = self.member else { return }
        self.cursor = cursor
        guard cursor == "0" else { return }
        self.done.insert(member)
        self.member = nil
    }

    /// The last page, with nothing on it.
    static var end: RESPValue { .array([.simpleString("0"), .array([])]) }

    private static func number(_ digits: Slice<UnsafeRawBufferPointer>) -> Int? {
        guard (1...4).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }

    private static func members(_ digits: Slice<UnsafeRawBufferPointer>) -> Set<Int>? {
        guard (1...ClusterMembers.capacity / 4).contains(digits.count) else { return nil }
        var members: Set<Int> = []
        for (place, digit) in digits.reversed().enumerated() {
            let value: UInt8
            switch digit {
            case 0x30...0x39: value = digit - 0x30
            case 0x61...0x66: value = digit - 0x61 + 10
            default: return nil
            }
            for bit in 0..<4 where value & 1 << UInt8(bit) != 0 { members.insert(place * 4 + bit) }
        }
        return members
    }
}

extension ClusterServers {
    /// Asks for one page of a scan over the keys of all primaries.
    ///
    /// - Returns: What a server answers to `SCAN`, with a cursor of the cluster.
    /// - Throws: `RedisError` with the code `.invalidCommand` for a cursor that is none of a cluster's.
    func scan(_ command: RedisCommand, _ terms: CallTerms, _ deadline: MonotonicTime) async throws -> RESPValue {
        var position = try command.scanPosition(at: self.name) { self.members.member(ifKnown: $0) != nil }
        while true {
            let primaries = try await self.untilFound(deadline) { try await self.primaries(by: deadline) }
            guard let index = position.advance(among: primaries.map { Int($0.index) }) else {
                return ClusterScanPosition.end
            }
            do {
                let route = ClusterRoute(.primary(UInt16(index)))
                let reply = try await self.send(command.scanning(from: position.cursor), route, terms, deadline)
                return try position.answered(reply, among: self.knownPrimaries.map { Int($0.index) })
            } catch let error as RedisError {
                // Its successor is scanned from the beginning.
                if self.isPrimary(UInt16(index)) { throw error }
            }
        }
    }
}

extension RedisCommand {
    /// Where the scan stands that this command goes on with.
    ///
    /// - Parameters:
    ///   - name: What the error calls the servers.
    ///   - isKnown: Whether there has been a server of that number.
    /// - Returns: The position.
    /// - Throws: `RedisError` with the code `.invalidCommand` for a cursor that no scan of the client has answered with.
    func scanPosition(at name: String, _ isKnown: (Int) -> Bool) throws(RedisError) -> ClusterScanPosition {
        if let position = self.withElement(1, { ClusterScanPosition($0) }) ?? nil,
            position.member.map(isKnown) ?? true
        {
            return position
        }
        throw RedisError(
            .invalidCommand,
            message: "the cursor is none that a scan of this client has answered with",
            server: name,
            command: self.name
        )
    }

    /// The same command with another cursor in place of its first argument.
    func scanning(from cursor: String) -> RedisCommand {
        var command = RedisCommand(self.name)
        command.append(cursor)
        for index in 2..<max(2, self.elementCount) {
            _ = self.withElement(index) { command.append(bytes: $0) }
        }
        return command.repeatable(self.isRepeatable)
    }
}
