import Larder
import LarderRedisClient

/// The one place where the generations of a namespace are read for readers and for views.
///
/// Views are always asked for. Readers who do not insist on what Redis says now are told what is remembered, where there is
/// somebody who hears of changes.
struct NamespaceGenerations: Sendable {
    let keys: EntryKeys
    let client: any RedisCommandSender
    /// What is known until its change is told; `nil` where nobody listens.
    var memory: RememberedGenerations?

    /// Tags whose records are needed for a time.
    struct Need {
        var milliseconds: Int64
        /// Tags that get a record where they have none.
        var taken: [String] = []
        /// Tags whose records are kept where there are some.
        var kept: [String] = []
    }

    /// What can be said without asking.
    ///
    /// - Parameter tags: The tags that are wanted.
    /// - Returns: What is known; the caller reads the rest along with what else it reads.
    func remembered(_ tags: [String]) -> GenerationView? { self.memory?.view(of: tags) }

    /// The generations, without making any.
    ///
    /// - Parameters:
    ///   - tags: The tags that are wanted, each once.
    ///   - sender: What asks; `nil`, the namespace's own.
    /// - Returns: The view, without a stamp where there is none or it has lost its serial.
    /// - Throws: `RedisError`; `CacheError` with `.unavailable`; `CancellationError`.
    func view(of tags: [String], on sender: (any RedisCommandSender)? = nil) async throws -> GenerationView {
        let names = self.keys.home + tags.map(self.keys.tag)
        let sender = sender ?? self.client
        let reply = try await sender.send(RedisCommand("MGET", arguments: names))
        guard case .array(let values) = reply, values.count == tags.count + 2 else {
            throw RedisNamespace.unexpectedReply(to: "MGET")
        }
        let records = values.dropFirst(2).map { TagRecord(reply: $0) }
        guard let stamp = NamespaceStamp(reply: values[0]), let serial = values[1].integers(1)?.first else {
            return GenerationView(stamp: nil, names: tags, records: records)
        }
        return GenerationView(stamp: stamp, serial: serial, names: tags, records: records)
    }

    /// The generations; a namespace that has none gets some, and so do tags that are taken.
    ///
    /// - Parameters:
    ///   - tags: The tags that are wanted, each once.
    ///   - needs: For how long which of them are needed.
    ///   - sender: What asks; `nil`, the namespace's own.
    /// - Returns: The view, all of it as it was at one moment.
    /// - Throws: `RedisError`; `CacheError` with `.unavailable` or `.invalidTag`; `CancellationError`.
    func view(
        of tags: [String],
        needing needs: [Need],
        on sender: (any RedisCommandSender)? = nil
    ) async throws -> GenerationView {
        let needs = needs.filter { !$0.taken.isEmpty || !$0.kept.isEmpty }
        if needs.isEmpty {
            let view = try await self.view(of: tags, on: sender)
            if view.stamp != nil { return view }
        }
        var arguments: [ScriptArgument] = [.random]
        for need in needs {
            arguments += [.integer(need.milliseconds), try .names(of: need.taken), try .names(of: need.kept)]
        }
        arguments.append(try .names(of: tags))
        let reply = try await self.run(EntryScripts.generations, arguments, on: sender)
        guard case .array(let values) = reply, values.count == tags.count + 1,
            let stamp = StampRecord(reply: values[0])
        else { throw RedisNamespace.unexpectedReply(to: "the generations script") }
        return GenerationView(
            stamp: stamp.stamp,
            serial: stamp.serial,
            names: tags,
            records: values.dropFirst().map { TagRecord(reply: $0) }
        )
    }

    /// Runs a script in the home slot.
    ///
    /// - Throws: `RedisError`; `CancellationError`.
    func run(
        _ script: RedisScript,
        _ arguments: [ScriptArgument],
        on sender: (any RedisCommandSender)? = nil
    ) async throws -> RESPValue {
        let sender = sender ?? self.client
        return try await script.run(keys: self.keys.home, arguments: arguments, on: sender)
    }
}
