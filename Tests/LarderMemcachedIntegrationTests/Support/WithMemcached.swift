import Larder
import LarderTesting
import NIOCore
import Testing

@testable import LarderMemcached

/// What a test against real servers works with.
struct MemcachedUnderTest: Sendable {
    let servers: [MemcachedServer]
    let client: MemcachedClient

    var server: MemcachedServer { self.servers[0] }

    var store: MemcachedStore { MemcachedStore(self.client) }

    func cache(_ namespace: CacheNamespace = "ns", failurePolicy: FailurePolicy = .throwing) -> Cache {
        Cache(self.store, namespace: namespace, defaults: .init(failurePolicy: failurePolicy))
    }

    /// How tests reach the servers.
    static func configuration(_ servers: [MemcachedServer]) -> MemcachedConfiguration {
        var configuration = MemcachedConfiguration(servers: servers.map { .init($0.host, port: $0.port) })
        // Other tests compute on all cores meanwhile; a slow reply is no failure here.
        configuration.requestTimeout = .seconds(60)
        return configuration
    }

    // MARK: Time

    /// Makes everything on the servers older, so that no test has to wait for an end.
    ///
    /// - Parameter duration: By how much.
    /// - Throws: What the servers answer if they refuse.
    func pass(_ duration: Duration) async throws {
        let milliseconds = Int64(duration / .milliseconds(1))
        for link in self.client.links {
            for name in try await NameCrawl(link: link, prefix: "").names() {
                try await self.age(name, by: milliseconds, on: link)
            }
        }
    }

    private func age(_ name: String, by milliseconds: Int64, on link: ServerLink) async throws {
        let read = try await link.send([.get(name, wants: " v t")], deadline: self.client.deadline)
        let reply = read.replies[0]
        guard reply.status == .value else { return }
        var request: MetaRequest
        if var item = EntryItem(reply.value) {
            let end = { (end: Int64) in end == 0 ? 0 : max(1, end - milliseconds) }
            if let entry = item.entry { item.entry?.end = end(entry.end) }
            if let lease = item.lease { item.lease?.end = end(lease.end) }
            request = .set(name, try item.bytes(), expiry: item.expiry)
        } else if let left = reply.secondsLeft, left >= 0 {
            let seconds = left - milliseconds / 1_000
            request = .get(name, wants: "")
            request.expiry = seconds <= 0 ? -1 : ServerSecond.fit(link.clock.now / 1_000 + seconds)
        } else {
            return
        }
        let answers = try await link.send([request], deadline: self.client.deadline)
        if let error = answers.replies[0].error(at: link.name) { throw error }
    }
}

/// Lends servers and a client of them to a test.
func withMemcached<Value>(
    servers count: Int = 1,
    _ options: MemcachedServer.Options = .init(),
    _ configure: (inout MemcachedConfiguration) -> Void = { _ in },
    _ body: (MemcachedUnderTest) async throws -> Value
) async throws -> Value {
    try await withMemcachedServers(count, options) { servers in
        var configuration = MemcachedUnderTest.configuration(servers)
        configure(&configuration)
        let client = try MemcachedClient(configuration)
        do {
            let value = try await body(MemcachedUnderTest(servers: servers, client: client))
            await client.shutdown()
            return value
        } catch {
            await client.shutdown()
            throw error
        }
    }
}
