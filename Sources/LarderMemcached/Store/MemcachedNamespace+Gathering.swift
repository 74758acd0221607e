import Larder
import NIOCore
import Synchronization

/// Where a batch of requests goes: a server, and the connection to it that has to carry them, if any.
struct BatchAddress: Sendable, Hashable {
    var place: Int
    var connection: UInt64
}

extension MemcachedClient {
    /// Sends several batches at the same time.
    ///
    /// - Parameters:
    ///   - batches: Where to send what.
    ///   - deadline: When the call has to end.
    ///   - endsWait: Says of a batch, by its place, and what became of it, whether the others need not be waited for any more.
    /// - Returns: What became of each, in order.
    func sendAll(
        _ batches: [(address: BatchAddress, requests: [MetaRequest])],
        _ deadline: MonotonicTime,
        endsWait: (Int, Result<ServerLink.Answers, any Error>) -> Bool = { _, _ in false }
    ) async -> [Result<ServerLink.Answers, any Error>] {
        if batches.count == 1 {
            return [await self.send(batches[0].requests, to: batches[0].address, deadline)]
        }
        return await withTaskGroup(of: (Int, Result<ServerLink.Answers, any Error>).self) { group in
            for (index, batch) in batches.enumerated() {
                group.addTask { (index, await self.send(batch.requests, to: batch.address, deadline)) }
            }
            var results: [Result<ServerLink.Answers, any Error>] = batches.map { _ in
                .failure(CancellationError())
            }
            for await (index, result) in group {
                results[index] = result
                if endsWait(index, result) { group.cancelAll() }
            }
            return results
        }
    }

    private func send(
        _ requests: [MetaRequest],
        to address: BatchAddress,
        _ deadline: MonotonicTime
    ) async -> Result<ServerLink.Answers, any Error> {
        do {
            let link = self.links[address.place]
            return .success(try await link.send(requests, deadline: deadline, bound: address.connection))
        } catch {
            return .failure(error)
        }
    }
}

/// Items and generations as one round trip shows them.
struct Gathered: Sendable {
    var items: [FoundItem]
    var view: GenerationView
    var made: Set<TagName> = []
    /// Whether the view was read once more, after all items.
    var isLater = false
    /// The server of the generations: items from there were read before them.
    var home: Int

    /// The view to judge an item by.
    func view(for found: FoundItem) -> JudgingView {
        JudgingView(view: self.view, made: self.made, isLater: self.isLater || found.place == self.home)
    }
}

extension MemcachedNamespace {
    /// A key's item before anybody has looked at it, where it is by a roster of servers.
    func unread(_ key: StoreKey, _ roster: ServerRoster) -> FoundItem {
        let name = self.names.entry(key)
        let numbers = self.client.numbers
        guard !roster.records.isEmpty else {
            let place = self.client.ring.server(of: name.text)
            return FoundItem(name: name, place: place, server: numbers[place], now: self.client.links[place].clock.now)
        }
        let (place, detour) = self.client.ring.path(of: name.text) { roster.outSince(numbers[$0]) != nil }
        return FoundItem(
            name: name,
            place: place,
            server: numbers[place],
            detour: detour.map { numbers[$0] },
            now: self.client.links[place].clock.now
        )
    }

    /// Reads items and generations, at the same time from all servers that have them.
    ///
    /// On the server of the generations the items come first, so that what they say of those items is of later.
    ///
    /// Where an item lies is known from the roster that was read last. If the view has another one, all is read again.
    func gather(_ keys: [StoreKey], _ needs: ViewNeeds, _ deadline: MonotonicTime) async throws -> Gathered {
        var rounds = 0
        while true {
            let roster = try await self.settledRoster(before: keys, deadline)
            let gathered = try await self.gather(keys, needs, by: roster, deadline)
            if needs.isNothing { return gathered }
            self.watch.withLock { $0.take(gathered.view.roster) }
            if gathered.view.roster == roster { return gathered }
            try NamespaceHome.checkPatience(&rounds, deadline)
        }
    }

    private func gather(
        _ keys: [StoreKey],
        _ needs: ViewNeeds,
        by roster: ServerRoster,
        _ deadline: MonotonicTime
    ) async throws -> Gathered {
        let home = self.home.place
        var gathered = Gathered(items: keys.map { self.unread($0, roster) }, view: GenerationView(), home: home)
        var order: [Int] = []
        var places: [Int: [Int]] = [:]
        for (index, item) in gathered.items.enumerated() {
            if places[item.place] == nil { order.append(item.place) }
            places[item.place, default: []].append(index)
        }
        if !needs.isNothing, places[home] == nil { order.append(home) }
        let begun = order.map { self.client.links[$0].clock.machineTime }
        let batches = order.map { place in
            var requests = (places[place] ?? []).map { MetaRequest.get(gathered.items[$0].name.text, wants: " v c t") }
            if place == home, !needs.isNothing { requests += self.home.requests(needs.tags) }
            return (address: BatchAddress(place: place, connection: 0), requests: requests)
        }
        let homeIndex = needs.isNothing ? nil : order.firstIndex(of: home)
        let homeCount = places[home]?.count ?? 0
        // By another roster the items may lie elsewhere. Then nothing is of interest that servers say of them, above all not of those
        // that say nothing because they are lost.
        let results = await self.client.sendAll(batches, deadline) { index, result in
            guard index == homeIndex, case .success(let answers) = result, let stamp = answers.replies.last else {
                return false
            }
            return (StampItem(stamp.value)?.roster ?? ServerRoster()) != roster
        }
        if let homeIndex {
            let answers = try results[homeIndex].get()
            gathered.view = try self.home.view(answers.replies.dropFirst(homeCount), needs.tags, on: answers.connection)
            if gathered.view.roster != roster { return gathered }
        }
        for (index, place) in order.enumerated() {
            let answers = try results[index].get()
            let indices = places[place] ?? []
            for (item, reply) in zip(indices, answers.replies) {
                try self.take(reply, on: answers.connection, begun[index], into: &gathered.items[item])
            }
        }
        if needs.makesStamp, gathered.view.stamp == nil || gathered.view.marks(of: needs.taken) == nil {
            let completed = try await self.home.complete(gathered.view, needs.tags, taking: needs.taken, deadline)
            gathered.view = completed.view
            gathered.made = completed.made
            gathered.isLater = true
        }
        return gathered
    }

    /// Takes what a server says of an item.
    private func take(
        _ reply: MetaReply,
        on connection: UInt64,
        _ begun: Int64,
        into found: inout FoundItem
    ) throws {
        let link = self.client.links[found.place]
        found.connection = connection
        switch reply.status {
        case .miss:
            found.now = link.clock.now
        case .value:
            found.version = reply.cas
            let item = EntryItem(reply.value)
            if let seconds = reply.secondsLeft, seconds >= 0, let expiry = item?.expiry, expiry != 0 {
                link.clock.observe(second: expiry - seconds, asked: begun, answered: link.clock.machineTime)
            }
            found.now = link.clock.now
            // Else it is another name's.
            if let item, item.name == found.name.whole { found.item = item }
        default:
            throw reply.error(at: link.name)
                ?? MemcachedError(.unexpectedReply, message: "an answer to another question", server: link.name)
        }
    }
}
