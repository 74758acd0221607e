import Larder
import NIOCore

/// What of the generations a verb has to know.
struct ViewNeeds: Sendable {
    /// Tags whose records are read.
    var tags: [String] = []
    /// Those of them that get records where they have none.
    var taken: [String] = []
    /// Whether a namespace without a stamp gets one.
    var makesStamp = true
    /// Whether nothing is to be known.
    var isNothing = false

    static let nothing = ViewNeeds(makesStamp: false, isNothing: true)
}

/// A key's item as it was read.
struct FoundItem: Sendable {
    let name: ItemNames.ItemName
    /// The server that has it.
    let place: Int
    /// The number of that server, and those of the servers that it stands in for.
    let server: UInt64
    var detour: [UInt64] = []
    /// What it holds; `nil` where there is none, or where it is not ours, or another name's.
    var item: EntryItem?
    /// The item's number; 0 where there is none.
    var version: UInt64 = 0
    /// The connection that it was read on.
    var connection: UInt64 = 0
    /// The time on its server when it had been read.
    var now: Int64
}

/// A view to judge an item by.
struct JudgingView: Sendable {
    var view: GenerationView
    /// Tags whose records were made for this call.
    var made: Set<TagName>
    /// Whether the view was read after the item, so that a generation which is not the view's is an old one for good.
    var isLater: Bool

    /// What an entry is good for.
    enum Judgement {
        case absent
        /// The view is older than the item, or lacks these tags: it has to be read again.
        case unclear([String])
        /// One of an old generation; of this tag, if it is not the namespace's.
        case dead(String?)
        /// One that is past its time, or under this tag, which was expired.
        case stale(EntryItem.Entry, String?)
        case fresh(EntryItem.Entry)
    }

    /// Judges the entry of an item.
    func judge(_ found: FoundItem) -> Judgement {
        guard let entry = found.item?.entry, entry.end == 0 || found.now < entry.end else { return .absent }
        let header = entry.header
        guard header.generation == self.view.stamp(for: found)?.generation else {
            return self.isLater ? .dead(nil) : .unclear([])
        }
        var expiredTag: String?
        switch self.view.judge(header.marks) {
        case .unknown: return .unclear(header.marks.map(\.name))
        case .dead(let tag):
            guard self.isLater else { return .unclear(header.marks.map(\.name)) }
            return .dead(tag)
        case .stale(let tag): expiredTag = tag
        case .fresh: break
        }
        if expiredTag == nil, case .remaining(let left) = entry.timeLeft(now: found.now), left <= .zero {
            return .stale(entry, nil)
        }
        return expiredTag == nil ? .fresh(entry) : .stale(entry, expiredTag)
    }

    /// What a lease is.
    enum LeaseJudgement: Equatable {
        case none
        case unclear([String])
        case stands
    }

    /// Judges the lease of an item: whether it stands, under the stamp and the generations of its tags as they are.
    func judgeLease(_ found: FoundItem) -> LeaseJudgement {
        guard let lease = found.item?.lease, found.now < lease.end else { return .none }
        guard lease.stamp == self.view.stamp(for: found) else { return self.isLater ? .none : .unclear([]) }
        switch self.view.judge(lease.marks) {
        case .unknown: return .unclear(lease.marks.map(\.name))
        case .dead: return self.isLater ? .none : .unclear(lease.marks.map(\.name))
        case .fresh, .stale: return .stands
        }
    }
}

/// What is to be done with an item.
enum Verdict<Answer> {
    /// Nothing.
    case answer(Answer)
    /// It is written, if it is still what was read.
    case store(EntryItem, Answer)
    /// It is removed, if it is still what was read.
    case remove(Answer)
    /// The generations have to be read once more, after the item, with those of these tags.
    case unclear([String])
}

/// A change of one item.
struct ItemChange: Sendable {
    enum Kind: Sendable {
        case store(EntryItem)
        case remove
    }

    let place: Int
    let found: FoundItem
    let kind: Kind
    /// Whether it is made only if the item is what was read.
    let isBound: Bool

    init(_ place: Int, _ found: FoundItem, _ kind: Kind, isBound: Bool = true) {
        self.place = place
        self.found = found
        self.kind = kind
        self.isBound = isBound
    }
}

extension MemcachedNamespace {
    /// A removal that others get in the way of so often is made whatever the item has become.
    private static let patienceOfRemovals = 3

    /// Changes items, each by itself: reads it, lets the caller judge, and has the server make the change if the item is still the one
    /// that was read; begins again with those that are not.
    ///
    /// - Parameters:
    ///   - keys: The keys. One that stands there twice is changed twice, in order.
    ///   - needs: What has to be known of the generations.
    ///   - deadline: When the call has to end.
    ///   - decide: Says what is to be done, by the place of the key, its item and the view. May be asked several times.
    /// - Returns: An answer for each key.
    /// - Throws: What `decide` throws; ``MemcachedError``; `CacheError`; `CancellationError`.
    func change<Answer>(
        _ keys: [StoreKey],
        _ needs: ViewNeeds,
        _ deadline: MonotonicTime,
        _ decide: (Int, FoundItem, JudgingView) throws -> Verdict<Answer>
    ) async throws -> [Answer] {
        var answers: [Answer?] = Array(repeating: nil, count: keys.count)
        var pending = Array(keys.indices)
        var rounds = 0
        while !pending.isEmpty {
            let (places, later) = Self.firstOfEach(pending, keys)
            var (changes, promised) = ([ItemChange](), [Int: Answer]())
            let gathered = try await self.gather(places.map { keys[$0] }, needs, deadline)
            var unclear: [(place: Int, found: FoundItem)] = []
            var unknown: [String] = []
            func take(_ verdict: Verdict<Answer>, _ place: Int, _ found: FoundItem) -> [String]? {
                switch verdict {
                case .answer(let answer):
                    answers[place] = answer
                case .store(let item, let answer):
                    changes.append(ItemChange(place, found, .store(item)))
                    promised[place] = answer
                case .remove(let answer):
                    let isBound = rounds < Self.patienceOfRemovals
                    changes.append(ItemChange(place, found, .remove, isBound: isBound))
                    promised[place] = answer
                case .unclear(let tags):
                    return tags
                }
                return nil
            }
            for (index, place) in places.enumerated() {
                let found = gathered.items[index]
                if let tags = take(try decide(place, found, gathered.view(for: found)), place, found) {
                    unclear.append((place, found))
                    unknown += tags
                }
            }
            var pendingNext = later
            if !unclear.isEmpty {
                let view = try await self.laterView(needs, adding: unknown, deadline)
                // Where servers have come or gone meanwhile, the items may be others.
                let isElsewhere = view.view.roster != gathered.view.roster
                for (place, found) in unclear
                where try isElsewhere || take(decide(place, found, view), place, found) != nil {
                    pendingNext.append(place)
                }
            }
            for (change, isMade) in zip(changes, try await self.send(changes, deadline)) {
                if isMade { answers[change.place] = promised[change.place] } else { pendingNext.append(change.place) }
            }
            if pendingNext.count > later.count { try await NamespaceHome.pause(&rounds, deadline) }
            pending = pendingNext.sorted()
        }
        return answers.compactMap { $0 }
    }

    /// The first place of each key, and the others.
    private static func firstOfEach(_ places: [Int], _ keys: [StoreKey]) -> (first: [Int], others: [Int]) {
        if places.count == 1 { return (places, []) }
        var seen = Set<StoreKey>()
        var (first, others) = ([Int](), [Int]())
        for place in places {
            if seen.insert(keys[place]).inserted { first.append(place) } else { others.append(place) }
        }
        return (first, others)
    }

    /// A view that is read now, and so after every item that has been read.
    func laterView(_ needs: ViewNeeds, adding tags: [String], _ deadline: MonotonicTime) async throws -> JudgingView {
        let all = TagName.union([needs.tags, tags])
        let read = try await self.home.read(all, deadline)
        guard needs.makesStamp else { return JudgingView(view: read, made: [], isLater: true) }
        let (view, made) = try await self.home.complete(read, all, taking: needs.taken, deadline)
        return JudgingView(view: view, made: made, isLater: true)
    }

    // MARK: Sending

    /// Has servers change items.
    ///
    /// - Returns: For each whether it was changed: false where it is another by now.
    /// - Throws: The first error of any, when all have been answered.
    func send(_ changes: [ItemChange], _ deadline: MonotonicTime) async throws -> [Bool] {
        if changes.isEmpty { return [] }
        var batches: [BatchAddress: [Int]] = [:]
        var requests: [MetaRequest] = []
        for (index, change) in changes.enumerated() {
            let address = BatchAddress(
                place: change.found.place,
                connection: change.isBound ? change.found.connection : 0
            )
            batches[address, default: []].append(index)
            requests.append(try Self.request(change))
        }
        var isMade = Array(repeating: false, count: changes.count)
        var failure: (any Error)?
        let outcomes = await self.client.sendAll(batches.map { ($0.key, $0.value.map { requests[$0] }) }, deadline)
        for (indices, outcome) in zip(batches.values, outcomes) {
            switch outcome {
            case .success(let answers):
                for (index, reply) in zip(indices, answers.replies) {
                    do {
                        isMade[index] = try await self.judge(reply, changes[index], deadline)
                    } catch {
                        failure = failure ?? error
                    }
                }
            case .failure(let error as MemcachedError) where error.code == .notSent && changes[indices[0]].isBound:
                // The connection is another: what was read may be of another run of the server, so all of it is read again.
                break
            case .failure(let error):
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
        return isMade
    }

    private static func request(_ change: ItemChange) throws -> MetaRequest {
        let name = change.found.name.text
        let version: UInt64? = change.isBound ? change.found.version : nil
        switch change.kind {
        case .remove:
            return .delete(name, cas: version)
        case .store(let item):
            let bytes = try item.bytes()
            if version == 0 { return .set(name, bytes, mode: .add, expiry: item.expiry) }
            return .set(name, bytes, cas: version, expiry: item.expiry)
        }
    }

    private func judge(_ reply: MetaReply, _ change: ItemChange, _ deadline: MonotonicTime) async throws -> Bool {
        switch reply.status {
        case .done:
            return true
        case .notFound:
            // What was to be removed is gone; what was to be changed is not there any more.
            if case .remove = change.kind { return !change.isBound }
            return false
        case .changed, .notStored:
            return false
        default:
            let link = self.client.links[change.found.place]
            let error =
                reply.error(at: link.name)
                ?? MemcachedError(.unexpectedReply, message: "an answer to another question", server: link.name)
            guard error.code == .valueTooLarge || error.code == .outOfMemory else { throw error }
            // What was to be replaced is not true any more, whether or not there is room for what is.
            _ = try await link.send([.delete(change.found.name.text)], deadline: deadline)
            if error.code == .outOfMemory { throw error }
            throw await self.tooLarge(change, error, link, deadline)
        }
    }

    private func tooLarge(
        _ change: ItemChange,
        _ error: MemcachedError,
        _ link: ServerLink,
        _ deadline: MonotonicTime
    ) async -> CacheError {
        var size = 0
        if case .store(let item) = change.kind { size = item.entry?.value.readableBytes ?? 0 }
        let settings = try? await link.send(.statistics("settings"), deadline: deadline).statistics
        let limit =
            settings?["item_size_max"].map { "items of \($0) bytes" } ?? "items of its -I option, by default 1 MiB"
        return CacheError(
            .valueTooLarge,
            "a value of \(size) bytes, with what is kept beside it, does not fit memcached, which takes \(limit) at most; start it with "
                + "a larger -I (such as -I 8m), or compress the value. What the key held before was removed",
            underlying: error
        )
    }
}
