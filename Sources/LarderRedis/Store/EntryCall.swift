import Larder
import LarderRedisClient
import NIOCore

/// A call of a script on entries, described for both manners in which entries and generations can lie.
struct EntryCall {
    /// What the script gets for one entry.
    struct Item {
        var key: StoreKey
        /// What only this entry needs.
        var arguments: [ScriptArgument] = []
        /// Tags whose marks the script may write for this entry, and for how many milliseconds their records are needed.
        var tags: [String] = []
        var milliseconds: Int64 = 0
    }

    let script: EntryScript
    /// What all entries need.
    var shared: [ScriptArgument] = []
    var items: [Item]
    /// For how many milliseconds the records of the tags are needed that the entries have already; `nil`, no longer than now.
    var keepsTagsFor: Int64?
    /// Whether a namespace that has no stamp gets one.
    var makesStamp = true
    /// What the script is sent with; `nil`, with the namespace's own.
    var sender: (any RedisCommandSender)?
    /// What the view is read with, where generations lie apart; `nil`, with the namespace's own.
    ///
    /// A call that goes on from what earlier servers have said reads it with a sender that is bound to them.
    var viewSender: (any RedisCommandSender)?
}

extension RedisNamespace {
    /// How often a script is sent that cannot judge by what it was shown, before the call is given up.
    ///
    /// The second time it nearly always can: each time after that takes somebody who has written or invalidated meanwhile.
    static let mostRounds = 6

    /// Runs a script on entries and their leases.
    ///
    /// - Parameter call: The call.
    /// - Returns: What the script answered: once for all entries where everything is together, else once for each.
    /// - Throws: `CacheError`; `CancellationError`.
    func run(_ call: EntryCall) async throws -> [RESPValue] {
        if self.isApart { return try await self.runApart(call) }
        var names = self.keys.home
        names.reserveCapacity(2 * call.items.count + 2)
        var arguments: [ScriptArgument] = [.random]
        arguments += call.shared
        for item in call.items {
            names += try self.names(of: item.key)
            arguments += item.arguments
        }
        let (allNames, allArguments) = (names, arguments)
        let sender = call.sender ?? self.client
        let reply = try await self.translatingErrors {
            try await call.script.together.run(
                keys: allNames,
                arguments: allArguments,
                on: sender,
                as: RESPValue.self
            )
        }
        return [reply]
    }

    /// Runs a script that answers 1 or 0 for each entry.
    ///
    /// - Throws: `CacheError`; `CancellationError`.
    func flags(_ call: EntryCall) async throws -> [Bool] {
        if call.items.isEmpty { return [] }
        var flags: [Bool] = []
        for reply in try await self.run(call) {
            guard case .array(let parts) = reply else { throw Self.unexpectedReply(to: "a script") }
            flags += parts.map { $0 == .integer(1) }
        }
        guard flags.count == call.items.count else { throw Self.unexpectedReply(to: "a script") }
        return flags
    }

    /// Runs a script on one entry.
    ///
    /// - Throws: `CacheError`; `CancellationError`.
    func answer(_ call: EntryCall) async throws -> RESPValue {
        guard let answer = try await self.run(call).first else { throw Self.unexpectedReply(to: "a script") }
        return answer
    }

    /// The names of an entry and of its lease.
    func names(of key: StoreKey) throws -> [String] {
        let entry = self.keys.entry(key)
        return [entry, try self.keys.lease(of: entry, key)]
    }

    // MARK: Apart

    /// What is known of a key while a script is run on it.
    private struct Knowledge {
        /// The tags whose generations the script is shown.
        var tags: [String]
        /// Generations that the script found and could not judge.
        var seen: [SeenGeneration] = []

        /// Takes what a script could not judge.
        mutating func add(_ others: [SeenGeneration]) {
            self.seen += others.filter { !self.seen.contains($0) }
            self.tags = TagName.union([self.tags, others.compactMap(\.tag)])
        }
    }

    /// Runs a script on each entry by itself, by a view that is read before.
    ///
    /// The entries of one slot could share a call, but in most namespaces hardly two do.
    private func runApart(_ call: EntryCall) async throws -> [RESPValue] {
        var replies: [RESPValue?] = Array(repeating: nil, count: call.items.count)
        var pending = Array(call.items.indices)
        // By key, so that of two writes to one key both can be judged or neither: their order stays.
        var knowledge: [StoreKey: Knowledge] = [:]
        for item in call.items where call.script.needsView {
            let known = knowledge[item.key]?.tags ?? self.rememberedTags.tags(of: [item.key], []) ?? []
            knowledge[item.key] = Knowledge(tags: TagName.union([item.tags, known]))
        }
        var rounds = 0
        while rounds < Self.mostRounds {
            let sender = call.sender ?? self.senderForView()
            let view = try await self.view(for: call, pending, knowledge)
            let requests = try pending.map { place in
                let item = call.items[place]
                let known = knowledge[item.key]
                let shown = view.bytes(tags: known?.tags ?? [], seen: known?.seen ?? [])
                return call.script.apart.request(
                    keys: try self.names(of: item.key),
                    arguments: [.bytes(shown)] + call.shared + item.arguments,
                    as: RESPValue.self
                )
            }
            let sent: [RESPValue]?
            if call.sender == nil {
                sent = try await self.unlessServerChanged { try await self.send(requests, on: sender) }
            } else {
                sent = try await self.send(requests, on: sender)
            }
            // A server was met after the view was read: that may be of a generation that is dead by now.
            guard let answers = sent else { continue }
            rounds += 1
            var unclear: [Int] = []
            for (place, answer) in zip(pending, answers) {
                guard let seen = try Self.unclear(in: answer) else {
                    replies[place] = answer
                    continue
                }
                unclear.append(place)
                knowledge[call.items[place].key]?.add(seen)
            }
            if unclear.isEmpty { return replies.compactMap { $0 } }
            pending = unclear
        }
        throw CacheError(.unavailable, "an entry was changed again and again by others")
    }

    /// The generations that the scripts of a call have to be shown.
    private func view(
        for call: EntryCall,
        _ places: [Int],
        _ knowledge: [StoreKey: Knowledge]
    ) async throws -> GenerationView {
        guard call.script.needsView else { return GenerationView(stamp: nil, names: [], records: []) }
        let tags = TagName.union(places.lazy.map { knowledge[call.items[$0].key]?.tags ?? [] })
        var needs: [Int64: NamespaceGenerations.Need] = [:]
        for place in places where !call.items[place].tags.isEmpty {
            let item = call.items[place]
            needs[item.milliseconds, default: .init(milliseconds: item.milliseconds)].taken += item.tags
        }
        if let milliseconds = call.keepsTagsFor {
            needs[milliseconds, default: .init(milliseconds: milliseconds)].kept = tags
        }
        for (milliseconds, need) in needs { needs[milliseconds]?.taken = TagName.union([need.taken]) }
        let all = Array(needs.values)
        return try await self.translatingErrors {
            if !call.makesStamp, all.isEmpty {
                return try await self.generations.view(of: tags, on: call.viewSender)
            }
            return try await self.generations.view(of: tags, needing: all, on: call.viewSender)
        }
    }

    /// Sends scripts together, each where its keys lie.
    ///
    /// - Throws: The first error of any, when all have been answered.
    func send(
        _ requests: [RedisRequest<RESPValue>],
        on sender: (any RedisCommandSender)? = nil
    ) async throws -> [RESPValue] {
        let sender = sender ?? self.client
        return try await self.translatingErrors {
            if requests.count == 1 { return [try await sender.send(requests[0])] }
            return try await sender.pipeline(requests).map { try $0.get() }
        }
    }

    /// What a script could not judge.
    ///
    /// - Parameter answer: Its answer.
    /// - Returns: The generations that it found; `nil` where it has judged.
    /// - Throws: `CacheError` with `.unavailable` where the answer is none.
    static func unclear(in answer: RESPValue) throws -> [SeenGeneration]? {
        guard case .array(let parts) = answer, parts.first == .simpleString("UNCLEAR") else { return nil }
        guard parts.count == 2, case .bulkString(let bytes) = parts[1],
            let seen = bytes.withUnsafeReadableBytes({ SeenGeneration.parse($0) })
        else { throw Self.unexpectedReply(to: "a script") }
        return seen
    }
}
