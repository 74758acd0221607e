import Testing

@testable import LarderRedisClient

@Suite("URLs of several servers", .timeLimit(.minutes(1)))
struct TopologyURLTests {
    typealias Address = RedisConfiguration.Address

    @Test(arguments: [
        ("redis+sentinel://h1,h2:5000,[::1]/mymaster", "redis+sentinel://h1:26379,h2:5000,[::1]:26379/mymaster/0"),
        ("redis+sentinel://h1:1/shop/3", "redis+sentinel://h1:1/shop/3"),
        ("redis+sentinel:///shop", "redis+sentinel://127.0.0.1:26379/shop/0"),
        ("redis+sentinel://h1:1?service_name=shop&db=2", "redis+sentinel://h1:1/shop/2"),
        ("redis+sentinel://h/shop?service_name=other", "redis+sentinel://h:26379/shop/0"),
        ("rediss+sentinel://h1:1/my%20shop%2Feu", nil),
        ("rediss+sentinel://u:p@h1:1,h2:2/shop/1", "rediss+sentinel://h1:1,h2:2/shop/1"),
        ("redis+cluster://h1,h2:7001", "redis+cluster://h1:6379,h2:7001"),
        ("rediss+cluster://:pw@h1:7000/0", "rediss+cluster://h1:7000"),
        ("redis://h1,h2:7001/4", "redis://h1:6379,h2:7001/4"),
        ("rediss://u:p@h1:1,h2:2", "rediss://h1:1,h2:2/0"),
        ("redis://h1:1", "redis://h1:1/0"),
        ("redis+shards://h1,h2:7001,[::1]/4", "redis+shards://h1:6379,h2:7001,[::1]:6379/4"),
        ("rediss+shards://u:p@h1:1", "rediss+shards://h1:1/0"),
    ])
    func topologyAndDatabaseAreRead(url: String, description: String?) throws {
        guard let description else {
            #expect(throws: RedisError.self) { try RedisConfiguration(url: url) }
            return
        }
        let configuration = try RedisConfiguration(url: url)
        #expect("\(configuration)" == description)
        #expect(configuration.tls.isEnabled == url.hasPrefix("rediss"))
    }

    @Test func sentinelsHaveTheirOwnLogin() throws {
        let configuration = try RedisConfiguration(
            url:
                "redis+sentinel://ann:one@h/shop?sentinel_username=watch&sentinel_password=tw%6F&read_preference=replica"
        )
        #expect(configuration.username == "ann")
        #expect(configuration.password == "one")
        #expect(configuration.readPreference == .replica)
        let topology = RedisConfiguration.Topology.sentinel(
            [.hostname("h", port: 26_379)],
            primaryName: "shop",
            username: "watch",
            password: "two"
        )
        #expect(configuration.topology == topology)
    }

    @Test func listsOfHostsAndClustersAreTheirTopologies() throws {
        let addresses = [Address.hostname("a", port: 1), .hostname("b", port: 6379)]
        #expect(try RedisConfiguration(url: "redis://a:1,b").topology == .replicated(addresses))
        #expect(try RedisConfiguration(url: "redis+cluster://a:1,b").topology == .cluster(addresses))
        #expect(try RedisConfiguration(url: "redis://a:1").topology == .standalone)
        #expect(try RedisConfiguration(url: "redis+cluster://a").topology == .cluster([.hostname("a")]))
        #expect(try RedisConfiguration(url: "redis://a,b?read_preference=nearest").readPreference == .nearest)
        #expect(try RedisConfiguration(url: "redis://a").readPreference == .primary)
        let shards = addresses.map { RedisConfiguration.Shard($0) }
        #expect(try RedisConfiguration(url: "redis+shards://a:1,b").topology == .sharded(shards))
        #expect(shards.map(\.name) == ["a:1", "b:6379"])
        #expect(shards.map(\.weight) == [1, 1])
    }

    @Test(arguments: [
        ("redis+sentinel://h", "the path must begin with the primary's name"),
        ("redis+sentinel://h/", "such as /mymaster"),
        (
            "redis+sentinel://h/shop/x",
            "behind the primary's name the path must be the number of a database, such as /1"
        ),
        ("redis+sentinel://h/shop?service_name=", "service_name"),
        ("redis+sentinel://h/my%20shop", "the primary's name must not be empty and have no spaces"),
        ("redis+sentinel://h/a@b", "the primary's name must not have an @ in it"),
        ("redis+sentinel://h,/shop", "in the list of hosts one is empty"),
        ("redis+sentinel://h/shop?sentinel_username=x", "a user of the sentinels needs a password"),
        ("redis://h1,,h2", "in the list of hosts one is empty"),
        ("redis://h1,h2:x", "the port must be a number from 1 to 65535"),
        ("redis://h1?sentinel_password=x", "\"sentinel_password\" needs sentinels: use redis+sentinel://"),
        ("redis+cluster://h?sentinel_username=x", "needs sentinels"),
        ("redis+cluster://h/1", "a cluster has database 0 only"),
        ("redis+cluster://h?db=1", "a cluster has database 0 only"),
        ("redis+cluster://h?ssl_cert_reqs=none", "needs TLS: use rediss+cluster://"),
        ("redis+sentinel://h/m?ssl_cert_reqs=none", "needs TLS: use rediss+sentinel://"),
        (
            "redis://h,h2?read_preference=slave",
            "\"read_preference\" must be primary, replica or nearest, not \"slave\""
        ),
        ("redis+replica://h", "redis+sentinel:// and redis+cluster://"),
        ("unix://a,b/x", "three slashes"),
        ("redis+shards://a,,b", "in the list of hosts one is empty"),
        ("redis+shards://a,b,a", "each needs a name of its own"),
        ("redis+shards://a/x", "the path must be the number of a database"),
        ("redis+shards://a?ssl_cert_reqs=none", "needs TLS: use rediss+shards://"),
        ("redis+shard://a", "redis+shards://"),
    ])
    func wrongURLsAreRefusedWithTheirReason(url: String, reason: String) {
        let error = #expect(throws: RedisError.self) { try RedisConfiguration(url: url) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }

    @Test(arguments: [
        "redis+sentinel://:hunter2@h,i/shop", "redis+sentinel://h/shop?sentinel_password=hunter2",
        "redis+sentinel://h/shop?sentinel_password=hunter2&db=x", "redis+sentinel://:hunter2/x@h/shop",
        "redis+sentinel://h,:hunter2/shop", "redis://:hunter2,h", "redis+cluster://:hunter2@h/3",
        "redis+sentinel://:1/hunter2@h", "redis://:a,hunter2/b@h", "redis+cluster://:hunter2",
        "redis+shards://:hunter2@h,i/3", "redis+shards://h,:hunter2", "rediss+shards://:a/hunter2@h,i",
    ])
    func noErrorAndNoLogShowsAPassword(url: String) {
        do {
            let configuration = try RedisConfiguration(url: url)
            var dumped = ""
            dump(configuration, to: &dumped)
            dump(configuration.topology, to: &dumped)
            let shown = "\(configuration) \(configuration.topology) \(String(reflecting: configuration)) \(dumped)"
            #expect(!shown.contains("hunter2"))
        } catch {
            #expect(!"\(error)".contains("hunter2"), "\(error)")
        }
        #expect(!RedisConfiguration.redacted(url: url).contains("hunter2"))
    }

    @Test(arguments: [
        (
            "redis+sentinel://ann:secret@h1:1,[::1]/shop/2?sentinel_password=secret&db=3",
            "redis+sentinel://ann:***@h1:1,[::1]/shop/2?sentinel_password=***&db=3"
        ),
        ("rediss+cluster://:secret@a,b:2", "rediss+cluster://:***@a,b:2"),
        ("redis+cluster://:se/cret@h", "redis+cluster://***"),
        ("rediss+shards://ann:secret@a,b:2/1", "rediss+shards://ann:***@a,b:2/1"),
    ])
    func redactedURLKeepsAllButThePasswords(url: String, redacted: String) {
        #expect(RedisConfiguration.redacted(url: url) == redacted)
    }

    @Test func topologyOutOfItsRangeIsNamed() {
        let socket = Address.unixSocket(path: "/run/redis.sock")
        let topologies: [RedisConfiguration.Topology] = [
            .replicated([]), .cluster([]), .sentinel([], primaryName: "m"),
            .sentinel([.hostname("h")], primaryName: ""),
            .sentinel([socket], primaryName: "m"), .cluster([socket]), .replicated([.hostname("h", port: 0)]),
            .sentinel([.hostname("h")], primaryName: "m", username: "u"),
            .sharded([]), .sharded([.init(.hostname("h", port: 0))]), .sharded([.init(.hostname("h"), name: "")]),
            .sharded([.init(.hostname("a"), name: "x"), .init(.hostname("b"), name: "x")]),
            .sharded([.init(.hostname("a"), name: "x"), .init(.hostname("a"), name: "y")]),
            .sharded([.init(.hostname("a"), weight: 0)]), .sharded([.init(.hostname("a"), weight: 101)]),
            .sharded((1...1_001).map { .init(.hostname("a", port: $0)) }),
        ]
        for topology in topologies {
            var configuration = RedisConfiguration()
            configuration.topology = topology
            let error = #expect(throws: RedisError.self) { try configuration.validate() }
            #expect(error?.message.hasPrefix("topology") == true)
        }
        var configuration = RedisConfiguration()
        configuration.topology = .replicated([socket])
        #expect(throws: Never.self) { try configuration.validate() }
        configuration.topology = .sharded([.init(socket), .init(.hostname("h"), name: "other", weight: 100)])
        #expect(throws: Never.self) { try configuration.validate() }
        configuration.topology = .cluster([.hostname("h")])
        configuration.database = 1
        #expect(
            #expect(throws: RedisError.self) { try configuration.validate() }?.message.hasPrefix("database") == true
        )
    }
}
