import NIOCore

extension MemcachedClient {
    /// Sends requests, those of each server together, and waits for all.
    ///
    /// - Parameters:
    ///   - requests: Requests that have keys.
    ///   - deadline: When the call has to end.
    /// - Returns: A reply to each, in order, errors included.
    /// - Throws: ``MemcachedError``; `CancellationError`.
    func send(_ requests: [MetaRequest], deadline: MonotonicTime) async throws -> [MetaReply] {
        if requests.isEmpty { return [] }
        if self.links.count == 1 { return try await self.links[0].send(requests, deadline: deadline).replies }
        var batches: [Int: [Int]] = [:]
        for (place, request) in requests.enumerated() {
            batches[self.ring.server(of: request.key), default: []].append(place)
        }
        var replies = Array(repeating: MetaReply(.miss), count: requests.count)
        try await withThrowingTaskGroup(of: ([Int], [MetaReply]).self) { group in
            for (server, places) in batches {
                let (link, batch) = (self.links[server], places.map { requests[$0] })
                group.addTask { (places, try await link.send(batch, deadline: deadline).replies) }
            }
            for try await (places, answers) in group {
                for (place, answer) in zip(places, answers) { replies[place] = answer }
            }
        }
        return replies
    }
}
