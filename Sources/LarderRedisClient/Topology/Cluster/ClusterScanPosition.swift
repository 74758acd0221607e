/// Where a scan over all primaries (or over all shards) stands, and its form as a cursor.
///
/// A server's cursor means nothing to another, so a cursor over several names the server, its cursor, and the servers
/// that are done: `3:1234:7` is cursor 1234 of member 3, and members 0, 1 and 2 are done (7 is binary 111). `0` is the
/// beginning and the end, as on one server.
///
/// In a cluster, keys go from one server to another while the scan is under way. So it goes in rounds (`Round`): the first
/// looks for the keys of all slots, each further one for those of the slots that have changed hands during the one before.
struct ClusterScanPosition: Sendable, Equatable {
    /// More servers than these have no place in a cursor.
    static let capacity = ClusterMembers.capacity

    /// A round of a scan over a cluster.
    struct Round: Sendable, Equatable {
        /// Which round it is, from 1.
        var number: Int
        /// The slots whose keys it is to find.
        var slots: SlotSet
        /// How many changes of slots there had been when it began, see `SlotPlaces`.
        var changes: UInt64
        /// The members that were scanned after all those from which they are to get slots.
        var late: Set<Int> = []

        /// So many rounds are enough but for slots that do nothing else than change hands.
        static let most = 64
    }

    /// The member that is being scanned; nil at the beginning.
    private(set) var member: Int?
    /// The member's own cursor.
    private(set) var cursor = "0"
    /// The members that are done.
    private(set) var done: Set<Int> = []
    /// The round; nil before the first, and over shards, which have no slots.
    private(set) var round: Round?

    /// The beginning.
    init() {}

    /// Reads a cursor; nil for what no scan has ever said.
    init?(_ text: UnsafeRawBufferPointer) {
        // Twenty digits of a cursor, four of a member, and four members to each digit of a set.
        guard text.count <= 80 + ClusterMembers.capacity / 2 + SlotSet.longestText else { return nil }
        if text.elementsEqual("0".utf8) { return }
        let fields = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard fields.count == 3 || fields.count == 7, let member = Self.number(fields[0]),
            member < ClusterMembers.capacity,
            (1...20).contains(fields[1].count), fields[1].allSatisfy({ (0x30...0x39).contains($0) }),
            let done = Self.members(fields[2])
        else { return nil }
        self.member = member
        self.cursor = String(decoding: fields[1], as: UTF8.self)
        self.done = done
        if fields.count == 3 {
            if done.contains(member) { return nil }
            return
        }
        guard let late = Self.members(fields[3]), late.isSubset(of: done), !late.contains(member),
            let number = Self.number(fields[4]), (1...Round.most).contains(number),
            let changes = UInt64(String(decoding: fields[5], as: UTF8.self)), changes > 0,
            let slots = SlotSet(String(decoding: fields[6], as: UTF8.self))
        else { return nil }
        self.round = Round(number: number, slots: slots, changes: changes, late: late)
    }

    /// The cursor, as a caller gets it while the scan goes on.
    var text: String {
        guard let member = self.member else { return "0" }
        let text = "\(member):\(self.cursor):\(Self.text(self.done))"
        guard let round = self.round else { return text }
        return text + ":\(Self.text(round.late)):\(round.number):\(round.changes):\(round.slots.text)"
    }

    // MARK: Shards

    /// Goes to a shard that is not done, unless the scan is at one.
    ///
    /// - Parameter shards: The shards.
    /// - Returns: The shard to scan; nil if all are done.
    mutating func advance(among shards: [Int]) -> Int? {
        if let member = self.member, shards.contains(member) { return member }
        if let member = self.member { self.done.insert(member) }
        self.cursor = "0"
        self.member = shards.filter { !self.done.contains($0) }.min()
        return self.member
    }

    /// The shard has answered with a page.
    ///
    /// - Parameters:
    ///   - reply: Its answer to `SCAN`.
    ///   - shards: The shards.
    /// - Returns: The same page with the cursor to go on from.
    /// - Throws: `RedisError` with the code `.unexpectedReply` for an answer that is no page.
    mutating func answered(_ reply: RESPValue, among shards: [Int]) throws(RedisError) -> RESPValue {
        let (cursor, page) = try Self.page(reply)
        self.answered(cursor)
        // Whether there is more to do, the next page would have to find out: there is no end in the middle.
        let next = self.advance(among: shards) == nil ? "0" : self.text
        return .array([.simpleString(next), page])
    }

    /// The shard has answered with its next cursor.
    mutating func answered(_ cursor: String) {
        self.cursor = cursor
        guard cursor == "0", let member = self.member else { return }
        self.done.insert(member)
        self.member = nil
    }

    // MARK: Clusters

    /// Begins a round.
    ///
    /// - Parameters:
    ///   - slots: The slots whose keys it is to find.
    ///   - changes: How many changes of slots there have been.
    mutating func begin(_ slots: SlotSet, changes: UInt64) {
        self.round = Round(number: (self.round?.number ?? 0) + 1, slots: slots, changes: changes)
        self.done = []
        self.leave()
    }

    /// Goes to the next member of a round, unless the scan is at one.
    ///
    /// - Parameter itinerary: Where the round has to go.
    /// - Returns: The member to scan; nil at the end of the round.
    mutating func advance(on itinerary: ScanItinerary) -> Int? {
        if self.member == nil, let round = self.round {
            self.member = itinerary.next(done: self.done, late: round.late)
        }
        return self.member
    }

    /// The member has answered with its next cursor.
    mutating func answered(_ cursor: String, on itinerary: ScanItinerary) {
        self.cursor = cursor
        guard cursor == "0", let member = self.member else { return }
        if itinerary.isLate(member, done: self.done) { self.round?.late.insert(member) }
        self.done.insert(member)
        self.leave()
    }

    /// The member cannot be scanned any more, and need not be.
    mutating func leave() {
        self.member = nil
        self.cursor = "0"
    }

    // MARK: Replies

    /// The last page, with nothing on it.
    static var end: RESPValue { .array([.simpleString("0"), .array([])]) }

    /// Reads an answer to `SCAN`.
    ///
    /// - Returns: The server's next cursor, and what it has found.
    /// - Throws: `RedisError` with the code `.unexpectedReply` for an answer that is no page.
    static func page(_ reply: RESPValue) throws(RedisError) -> (cursor: String, page: RESPValue) {
        guard case .array(let parts) = reply, parts.count == 2 else {
            throw RedisError.unexpectedReply(reply, expected: "a cursor and a page").with(command: "SCAN")
        }
        return (try String(resp: parts[0]), parts[1])
    }

    // MARK: Texts

    private static func text(_ members: Set<Int>) -> String {
        var digits = [UInt8](repeating: 0, count: (members.max() ?? 0) / 4 + 1)
        for member in members { digits[member / 4] |= 1 << UInt8(member % 4) }
        return digits.reversed().map { String($0, radix: 16) }.joined()
    }

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
