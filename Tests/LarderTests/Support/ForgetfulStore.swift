import LarderTesting
import Synchronization

@testable import Larder

/// A store on servers that forget: the next one takes over without what the last has acknowledged since ``loseTrack()``.
///
/// The entries and leases are those of a memory store, from which lost invalidations are kept away.
final class ForgetfulStore: CacheStore {
    private struct State {
        var meeting: UInt64 = 1
        var isLosing = false
        var onGrant: (@Sendable () async throws -> Void)?
    }

    private let state = Mutex(State())
    let memory: MemoryStore

    init(_ memory: MemoryStore) { self.memory = memory }

    var kind: String { "forgetful" }

    func open(_ namespace: CacheNamespace) -> any NamespaceStore {
        ForgetfulNamespace(store: self, base: self.memory.open(namespace))
    }

    fileprivate var meeting: UInt64 { self.state.withLock { $0.meeting } }
    fileprivate var isLosing: Bool { self.state.withLock { $0.isLosing } }
    fileprivate var onGrant: (@Sendable () async throws -> Void)? {
        self.state.withLock { state in
            defer { state.onGrant = nil }
            return state.onGrant
        }
    }

    /// From now on removals are acknowledged, and will be forgotten.
    func loseTrack() {
        self.state.withLock { $0.isLosing = true }
    }

    /// Another server takes over.
    func takeOver() {
        self.state.withLock { state in
            state.meeting += 1
            state.isLosing = false
        }
    }

    /// Holds the answer that grants the next lease back until `body` has returned.
    func holdNextGrant(_ body: @escaping @Sendable () async throws -> Void) {
        self.state.withLock { $0.onGrant = body }
    }
}

private struct ForgetfulNamespace: ForwardingNamespace {
    let store: ForgetfulStore
    let base: any NamespaceStore

    func readNow(_ key: StoreKey) -> ImmediateLookup { .unknown }

    func read(_ keys: [StoreKey], _ options: ReadOptions) async throws -> [StoreLookup] {
        let meeting = self.store.meeting
        var isGranted = false
        let answers = try await self.base.read(keys, options).map { answer -> StoreLookup in
            switch answer {
            case .absent(.granted(var lease)):
                isGranted = true
                lease.meeting = meeting
                return .absent(.granted(lease))
            case .absent(.held(var holder)):
                holder.meeting = meeting
                return .absent(.held(holder))
            default:
                return answer
            }
        }
        if isGranted { try await self.store.onGrant?() }
        return answers
    }

    func commit(_ commits: [EntryCommit]) async throws -> [Bool] {
        let meeting = self.store.meeting
        var answers: [Bool] = []
        for commit in commits {
            if commit.lease.meeting == meeting {
                answers += try await self.base.commit([commit])
            } else {
                try await self.base.release([commit.lease])
                answers.append(false)
            }
        }
        return answers
    }

    func renew(_ leases: [Lease], for duration: Duration) async throws -> [Bool] {
        let meeting = self.store.meeting
        var answers: [Bool] = []
        for lease in leases {
            answers += lease.meeting == meeting ? try await self.base.renew([lease], for: duration) : [false]
        }
        return answers
    }

    func remove(_ keys: [StoreKey]) async throws -> [Bool] {
        self.store.isLosing ? keys.map { _ in true } : try await self.base.remove(keys)
    }
}
