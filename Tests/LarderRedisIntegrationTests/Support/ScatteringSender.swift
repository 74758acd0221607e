import Synchronization
import Testing

@testable import LarderRedisClient

/// A client that behaves as if each slot lay on a server of its own: what goes to several is sent in any order, and no
/// script may reach beyond the slot of its keys.
final class ScatteringSender: RedisCommandSender, RedisPlacement, RedisSubscriber {
    private let client: RedisClient
    /// Whether scripts are declared so that a server in cluster mode refuses those which touch other slots.
    private let isStrict: Bool
    private let trips = Mutex<[[String]]>([])
    private let action = Mutex<(trips: Int, body: @Sendable () async throws -> Void)?>(nil)

    init(_ client: RedisClient, isStrict: Bool = false) {
        self.client = client
        self.isStrict = isStrict
    }

    var spreadsKeys: Bool { true }

    /// The commands of each call since this was asked before.
    func takeTrips() -> [[String]] {
        self.trips.withLock { trips in
            defer { trips = [] }
            return trips
        }
    }

    /// Does something once, before a call from now on is sent.
    ///
    /// - Parameters:
    ///   - trip: Before which: 1, the next.
    ///   - body: What to do.
    func before(_ trip: Int, _ body: @escaping @Sendable () async throws -> Void) {
        self.action.withLock { $0 = (trip, body) }
    }

    private func takeAction() -> (@Sendable () async throws -> Void)? {
        self.action.withLock { action in
            guard let (trips, body) = action else { return nil }
            action = trips > 1 ? (trips - 1, body) : nil
            return trips > 1 ? nil : body
        }
    }

    func listen(
        to channel: String,
        _ listener: @escaping @Sendable (SubscriptionEvent) -> Void
    ) async throws -> Subscription {
        try await self.client.listen(to: channel, listener)
    }

    func send(_ command: RedisCommand) async throws -> RESPValue {
        guard let reply = try await self.pipeline([command]).first else {
            throw RedisError(.unexpectedReply, message: "no reply")
        }
        return try reply.get()
    }

    /// One command to one slot, and where what it brings belongs.
    private struct Part: Sendable {
        var command: RedisCommand
        var index: Int
        /// Of a command that was split, the places of its elements.
        var places: [Int]?
    }

    func pipeline(_ commands: [RedisCommand]) async throws -> [Result<RESPValue, RedisError>] {
        try await self.takeAction()?()
        self.trips.withLock { $0.append(commands.map(\.name)) }
        var groups: [Int: [Part]] = [:]
        for (index, command) in commands.enumerated() {
            for (slot, part) in self.parts(of: command, index) { groups[slot, default: []].append(part) }
        }
        var replies: [Result<RESPValue, RedisError>?] = Array(repeating: nil, count: commands.count)
        let all = groups.values.shuffled()
        try await withThrowingTaskGroup(of: [(Part, Result<RESPValue, RedisError>)].self) { tasks in
            for group in all {
                tasks.addTask {
                    for _ in 0..<(all.count > 1 ? Int.random(in: 0..<30) : 0) { await Task.yield() }
                    return Array(zip(group, try await self.sendPlainly(group.map(\.command))))
                }
            }
            for try await answers in tasks {
                for (part, reply) in answers {
                    guard let places = part.places, case .success(.array(let values)) = reply else {
                        replies[part.index] = reply
                        continue
                    }
                    var whole = Array(repeating: RESPValue.null, count: commands[part.index].argumentCount)
                    switch replies[part.index] {
                    case .success(.array(let others)): whole = others
                    case .failure: continue
                    default: break
                    }
                    for (place, value) in zip(places, values) { whole[place] = value }
                    replies[part.index] = .success(.array(whole))
                }
            }
        }
        return replies.compactMap { $0 }
    }

    private func sendPlainly(_ commands: [RedisCommand]) async throws -> [Result<RESPValue, RedisError>] {
        if self.isStrict, commands.contains(where: { $0.name == "EVALSHA" }) {
            // Each script comes whole then, and can be declared.
            let error = RedisError(RedisServerError("NOSCRIPT to be sent whole"))
            return commands.map { _ in .failure(error) }
        }
        var replies = try await self.client.pipeline(commands.map(self.declared))
        guard commands.first?.name == "SCAN", case .success(.array(let parts))? = replies.first, parts.count == 2,
            let cursor = try? String(resp: parts[0]), cursor != "0"
        else { return replies }
        replies[0] = .success(.array([.simpleString("at \(cursor)"), parts[1]]))
        return replies
    }

    /// A script with the line that makes Redis 7 hold it to its keys; a walk with the server's own cursor.
    private func declared(_ command: RedisCommand) -> RedisCommand {
        let words = command.words
        switch command.name {
        case "EVAL" where self.isStrict:
            var declared = RedisCommand("EVAL", "#!lua\n" + String(decoding: words[1], as: UTF8.self))
            for word in words.dropFirst(2) { declared.append(bytes: word) }
            return declared
        case "SCAN":
            let cursor = String(decoding: words[1], as: UTF8.self)
            guard cursor != "0" else { return command }
            #expect(cursor.hasPrefix("at "))
            var walk = RedisCommand("SCAN", String(cursor.dropFirst(3)))
            for word in words.dropFirst(2) { walk.append(bytes: word) }
            return walk
        default:
            return command
        }
    }

    // MARK: Slots

    private func parts(of command: RedisCommand, _ index: Int) -> [(slot: Int, Part)] {
        let arguments = Array(command.words.dropFirst())
        switch command.name {
        case "MGET":
            let places = Dictionary(grouping: arguments.indices) { Self.slot(of: arguments[$0]) }
            return places.map { slot, places in
                let part = RedisCommand("MGET", arguments: places.map { arguments[$0] })
                return (slot, Part(command: part, index: index, places: places))
            }
        case "PTTL":
            return [(Self.slot(of: arguments[0]), Part(command: command, index: index))]
        case "MSET":
            let keys = stride(from: 0, to: arguments.count, by: 2).map { arguments[$0] }
            return [(Self.commonSlot(of: keys), Part(command: command, index: index))]
        case "EVALSHA", "EVAL":
            let count = Int(String(decoding: arguments[1], as: UTF8.self)) ?? 0
            let keys = Array(arguments.dropFirst(2).prefix(count))
            #expect(keys.count == 2)
            let slot = Self.commonSlot(of: keys)
            // The namespace's own keys go with nothing else.
            let home = keys.count { $0.starts(with: "{@".utf8) }
            #expect(home == 0 || home == 2)
            return [(slot, Part(command: command, index: index))]
        case "SCAN":
            return [(-1, Part(command: command, index: index))]
        default:
            Issue.record("\(command.name) was sent")
            return [(-1, Part(command: command, index: index))]
        }
    }

    private static func commonSlot(of keys: [[UInt8]]) -> Int {
        let slots = Set(keys.map(self.slot))
        #expect(slots.count == 1, "the keys of one command lie in \(slots.count) slots")
        return slots.first ?? -1
    }

    /// The slot of a key, as the cluster specification has it: CRC16 of the hash tag, or of the whole.
    static func slot(of key: [UInt8]) -> Int {
        var hashed = key[...]
        if let open = key.firstIndex(of: UInt8(ascii: "{")),
            let close = key[(open + 1)...].firstIndex(of: UInt8(ascii: "}")), close > open + 1
        {
            hashed = key[(open + 1)..<close]
        }
        var crc: UInt16 = 0
        for byte in hashed {
            crc ^= UInt16(byte) << 8
            for _ in 0..<8 { crc = crc & 0x8000 != 0 ? (crc << 1) ^ 0x1021 : crc << 1 }
        }
        return Int(crc % 16_384)
    }
}

extension RedisCommand {
    /// The name and the arguments.
    fileprivate var words: [[UInt8]] {
        (0...self.argumentCount).compactMap { self.withElement($0) { Array($0) } }
    }
}
