/// Where a scan over all primaries (or over all shards) stands, and its form as a cursor.
///
/// A server's cursor means nothing to another, so a cursor over several names the server, its cursor, and the servers
/// that are done: `3:1234:7` is cursor 1234 of member 3, and members 0, 1 and 2 are done (7 is binary 111). `0` is the
/// beginning and the end, as on one server.
///
/// A primary that comes while the scan is under way has not been done, so it is done, too: its keys may have been those
/// of a primary that is gone. And one that was done before it got slots of another, in a cluster, is done again: their keys
/// may have moved there before the scan came to the other. For that the cursor has a fourth number, of the changes that
/// the client knew of when the scan began, or began again.
struct ClusterScanPosition: Sendable, Equatable {
    /// More servers than these have no place in a cursor.
    static let capacity = ClusterMembers.capacity

    /// The member that is being scanned; nil at the beginning.
    private(set) var member: Int?
    /// The member's own cursor.
    private(set) var cursor = "0"
    /// The members that are done.
    private(set) var done: Set<Int> = []
    /// How many changes of slots' owners had been known when what is done was begun; 0 where none matter.
    private(set) var changes: UInt64 = 0

    /// The beginning.
    init() {}

    /// Reads a cursor; nil for what no scan has ever said.
    init?(_ text: UnsafeRawBufferPointer) {
        // Twenty digits of a cursor, four of a member, and four members to each digit of the set.
        guard text.count <= 53 + ClusterMembers.capacity / 4 else { return nil }
        if text.elementsEqual("0".utf8) { return }
        let fields = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard (3...4).contains(fields.count), let member = Self.number(fields[0]), member < ClusterMembers.capacity,
            (1...20).contains(fields[1].count), fields[1].allSatisfy({ (0x30...0x39).contains($0) }),
            let done = Self.members(fields[2]), !done.contains(member)
        else { return nil }
        self.member = member
        self.cursor = String(decoding: fields[1], as: UTF8.self)
        self.done = done
        guard fields.count == 4 else { return }
        guard let changes = UInt64(String(decoding: fields[3], as: UTF8.self)), changes > 0 else { return nil }
        self.changes = changes
    }

    /// The cursor, as a caller gets it while the scan goes on.
    var text: String {
        guard let member = self.member else { return "0" }
        var digits = [UInt8](repeating: 0, count: (self.done.max() ?? 0) / 4 + 1)
        for member in self.done { digits[member / 4] |= 1 << UInt8(member % 4) }
        let done = digits.reversed().map { String($0, radix: 16) }.joined()
        return "\(member):\(self.cursor):\(done)" + (self.changes > 0 ? ":\(self.changes)" : "")
    }

    /// Whether nothing has been scanned yet.
    var isBeginning: Bool { self.member == nil && self.done.isEmpty }

    /// Begins, or does some members again.
    ///
    /// - Parameters:
    ///   - members: Those that are not done after all.
    ///   - changes: How many changes of slots' owners are known now.
    mutating func begin(again members: [Int] = [], changes: UInt64) {
        self.done.subtract(members)
        self.changes = changes
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
            if position.isBeginning { position.begin(changes: self.routeChanges) }
            guard let index = position.advance(among: primaries.map { Int($0.index) }) else {
                if try await self.goesOn(&position, deadline) { continue }
                return ClusterScanPosition.end
            }
            let page: RESPValue
            do {
                let route = ClusterRoute(.primary(UInt16(index)))
                let reply = try await self.send(command.scanning(from: position.cursor), route, terms, deadline)
                page = try position.answered(reply, among: self.knownPrimaries.map { Int($0.index) })
            } catch let error as RedisError {
                // Its successor is scanned from the beginning.
                if self.isPrimary(UInt16(index)) { throw error }
                continue
            }
            guard position.member == nil, case .array(let parts) = page, try await self.goesOn(&position, deadline)
            else { return page }
            return .array([.simpleString(position.text), parts[1]])
        }
    }

    /// Whether a scan that has come to its end has to scan servers again that have got slots since it began.
    ///
    /// A scan gets no redirections, so one of the servers is asked for the map.
    private func goesOn(_ position: inout ClusterScanPosition, _ deadline: MonotonicTime) async throws -> Bool {
        let map = try await self.untilFound(deadline) {
            let place = try await self.place(ClusterRoute(.anyPrimary), deadline)
            switch await place.node.lane.execute(RedisCommand("CLUSTER", "SLOTS"), deadline: deadline) {
            case .reply(let reply): return try SlotMap(slots: reply, askedHost: place.member.address.host)
            case .failure(let error): throw error.with(command: "SCAN")
            case .replies, .cancelled: throw CancellationError()
            }
        }
        if !self.knows(map) {
            let late = RedisError(
                .timedOut,
                message: "the cluster's new slots were not known in time",
                server: self.name,
                command: "SCAN"
            )
            try await self.refreshMap(by: deadline, orElse: late)
        }
        let (members, changes) = self.gains(since: position.changes)
        guard position.done.contains(where: members.contains) else { return false }
        position.begin(again: members, changes: changes)
        return position.advance(among: self.knownPrimaries.map { Int($0.index) }) != nil
    }

    /// Whether the table says of every slot what a map says.
    private func knows(_ map: SlotMap) -> Bool {
        map.ranges.allSatisfy { range in
            range.slots.allSatisfy { slot in
                self.table.load(slot).map { self.members[$0].address == range.primary.address } ?? false
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
