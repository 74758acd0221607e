import Larder
import LarderRedisClient
import Logging
import NIOCore

/// The copies of one namespace, kept true by what the servers tell of changes.
final class NearCopies: Sendable {
    let upper: UpperTier
    let gate: CopyGate
    let tally = NearCacheTally()
    private let generations: RememberedGenerations
    private let keys: EntryKeys
    private let logger: Logger

    /// - Parameters:
    ///   - upper: The copies.
    ///   - gate: Their gate.
    ///   - generations: What is remembered of the namespace's generations, under the same gate.
    ///   - keys: The names of the namespace's keys.
    ///   - logger: Where it is reported that the servers do not tell of changes.
    init(
        _ upper: UpperTier,
        gate: CopyGate,
        generations: RememberedGenerations,
        keys: EntryKeys,
        logger: Logger
    ) {
        self.upper = upper
        self.gate = gate
        self.generations = generations
        self.keys = keys
        self.logger = logger
    }

    /// Takes what a feed tells, one event after another.
    func hear(_ event: FeedEvent) {
        switch event {
        case .covered:
            // Once more: leases that were taken while nobody listened are void then.
            self.forgetAll()
            _ = self.tally.note(trouble: nil)
            self.gate.open()
        case .changed(let names):
            self.forget(names)
        case .flushed:
            self.forgetAll()
            self.tally.emptied(.flushed)
        case .doubtful:
            self.gate.pause()
            _ = self.tally.note(trouble: .silent)
        case .resumed:
            _ = self.tally.note(trouble: nil)
            self.gate.open()
        case .lost(let error):
            self.gate.close()
            self.forgetAll()
            self.tally.emptied(.connectionLost)
            self.note(.init(error), error)
        case .unreachable(let error):
            self.note(.init(error), error)
        }
    }

    /// Reports trouble, once for each kind of it until all is well again.
    ///
    /// A lost connection mostly comes back by itself; what a server refuses it will go on to refuse.
    private func note(_ trouble: NearCacheStatistics.Trouble, _ error: RedisError) {
        guard self.tally.note(trouble: trouble), error.code != .shutdown else { return }
        self.logger.log(
            level: trouble == .disconnected ? .notice : .warning,
            "The near cache stays empty: the servers do not tell of changes",
            metadata: [
                "larder.namespace": "\(self.keys.prefix)",
                "larder.trouble": "\(trouble)",
                "larder.error": "\(error)",
            ]
        )
    }

    /// Lets no copy be served any more.
    func close() {
        self.gate.close()
        self.forgetAll()
    }

    /// Generations go before the copies that are judged by them: a lease taken in between would outlive the forgetting,
    /// and its copy rest on what is not true any more.
    private func forgetAll() {
        self.generations.forgetAll()
        self.upper.forgetAll()
    }

    private func forget(_ names: [ByteBuffer]) {
        var keys: [StoreKey] = []
        var tags: [String] = []
        var isNamespaceChanged = false
        for name in names {
            switch self.keys.tracked(name) {
            case .entry(let key): keys.append(key)
            case .tag(let tag): tags.append(tag)
            case .namespace: isNamespaceChanged = true
            case .other: break
            }
        }
        if isNamespaceChanged {
            self.forgetAll()
            self.tally.emptied(.namespaceChanged)
        } else {
            if !keys.isEmpty { self.upper.forget(keys) }
            if !tags.isEmpty {
                self.generations.forget(tags)
                self.upper.forget(tags: tags)
            }
        }
        self.tally.heard(keys, names: names.count)
    }
}
