import Foundation
import LarderTesting
import Testing

extension RedisDeploymentTests {
    @Suite("RedisClusterDeployment")
    struct ClusterTests {
        @Test func clusterServesAllSlotsAndFailsOverByOrderAndByItself() async throws {
            let traces = try await withRedisCluster(primaries: 3, replicas: 1) { cluster in
                #expect(cluster.shardCount == 3)
                let hosts = cluster.servers.map { "127.0.0.1:\($0.port)" }.joined(separator: ",")
                #expect(cluster.url == "redis+cluster://\(hosts)")
                for server in cluster.servers {
                    let info = try await server.command("CLUSTER", "INFO")
                    #expect(info.contains("cluster_state:ok") && info.contains("cluster_slots_ok:16384"))
                    #expect(info.contains("cluster_known_nodes:6") && info.contains("cluster_size:3"))
                }
                let primaries = try await cluster.primaries()
                #expect(primaries.map(\.port) == [0, 2, 4].map { cluster.servers[$0].port })

                let ordered = try await cluster.failover(1)
                #expect(ordered.primary === cluster.servers(of: 1)[1])
                try await cluster.awaitReady()
                try await #expect(cluster.replicas(of: 1).map(\.port) == [cluster.servers(of: 1)[0].port])

                // The slot of "key" is 12,539, the last shard's.
                let key = try await cluster.node(owning: cluster.slot(of: "key"))
                #expect(key === primaries[2])
                try await key.command("SET", "key", "value")
                try await #expect(key.command("WAIT", "1", "5000") == ":1\r\n")
                let killed = try await cluster.killPrimary(of: 2)
                let elected = try await cluster.awaitNewPrimary(of: 2, not: killed)
                #expect(elected.primary === cluster.servers(of: 2)[1])
                try await #expect(elected.primary.command("GET", "key") == "$5\r\nvalue\r\n")
                try await cluster.restart(killed)
                try await cluster.awaitReady()
                try await #expect(cluster.primary(of: 2) === elected.primary)
                try await #expect(
                    killed.command("GET", "key").hasPrefix("-MOVED 12539 127.0.0.1:\(elected.primary.port)")
                )
                return try RedisDeploymentTests.traces(of: cluster.servers)
            }
            #expect(traces.count == 6)
            #expect(RedisDeploymentTests.remains(of: traces) == [])
        }

        @Test func slotsMoveWithTheirKeysAndClientsAreSentAfterThem() async throws {
            try await withRedisCluster(primaries: 2, replicas: 0, server: .init(password: "secret word")) { cluster in
                let slot = try await cluster.slot(of: "{tag}a")
                try await #expect(cluster.shard(owning: slot) == 1)
                let source = cluster.servers[1]
                let target = cluster.servers[0]
                for key in ["{tag}a", "{tag}b"] { try await source.command("SET", key, key) }

                let move = try await cluster.beginMove(of: slot, to: 0)
                #expect(move.source === source && move.target === target)
                let ask = "-ASK \(slot) 127.0.0.1:\(target.port)\r\n"
                try await #expect(source.command("GET", "{tag}a") == "$6\r\n{tag}a\r\n")
                try await #expect(source.command("GET", "{tag}none") == ask)
                try await #expect(target.command("GET", "{tag}a") == "-MOVED \(slot) 127.0.0.1:\(source.port)\r\n")
                try await cluster.moveKeys(["{tag}a", "{tag}none"], of: move)
                try await #expect(source.command("GET", "{tag}a") == ask)
                try await #expect(source.command("MGET", "{tag}a", "{tag}b").hasPrefix("-TRYAGAIN"))
                try await cluster.endMove(move)
                let moved = "-MOVED \(slot) 127.0.0.1:\(target.port)\r\n"
                try await #expect(source.command("GET", "{tag}b") == moved)
                try await #expect(
                    target.command("MGET", "{tag}a", "{tag}b") == "*2\r\n$6\r\n{tag}a\r\n$6\r\n{tag}b\r\n"
                )
            }
        }

        @Test func reshardingToANewShardKeepsAllKeys() async throws {
            try await withRedisCluster(primaries: 1, replicas: 0) { cluster in
                let first = cluster.servers[0]
                for number in 0..<40 { try await first.command("SET", "key\(number)", "\(number)") }
                let many = "for n = 1, 250 do redis.call('SET', '{many}' .. n, n) end return redis.call('DBSIZE')"
                try await #expect(first.command("EVAL", many, "1", "{many}") == ":290\r\n")
                let shard = try await cluster.addShard()
                #expect(shard == 1 && cluster.shardCount == 2)
                let second = try await cluster.primary(of: 1)
                try await #expect(second.command("DBSIZE") == ":0\r\n")
                try await cluster.moveSlots(0...8191, to: 1)
                try await cluster.awaitReady()
                for number in 0..<40 {
                    let key = "key\(number)"
                    let isMoved = try await cluster.slot(of: key) < 8192
                    let owner = isMoved ? second : first
                    try await #expect(owner.command("GET", key) == "$\("\(number)".count)\r\n\(number)\r\n")
                    try await #expect((isMoved ? first : second).command("GET", key).hasPrefix("-MOVED"))
                }
                let many250 = try await cluster.node(owning: cluster.slot(of: "{many}250"))
                try await #expect(many250.command("GET", "{many}250") == "$3\r\n250\r\n")
                let counts = [try await first.command("DBSIZE"), try await second.command("DBSIZE")]
                    .compactMap { Int($0.dropFirst().prefix { $0.isNumber }) }
                #expect(counts.reduce(0, +) == 290)
                #expect(counts.allSatisfy { $0 > 0 })
            }
        }

        @Test func takeoverOverTLSReplacesAPausedPrimaryWithoutAMajority() async throws {
            let certificates = try await TLSCertificates()
            defer { certificates.remove() }
            let server = RedisServer.Options(tls: certificates, clientCertificates: .required)
            try await withRedisCluster(primaries: 1, replicas: 1, server: server) { cluster in
                #expect(cluster.url.hasPrefix("rediss+cluster://127.0.0.1:"))
                try await cluster.servers[0].command("SET", "key", "value")
                try await #expect(cluster.servers[0].command("WAIT", "1", "5000") == ":1\r\n")
                let paused = try await cluster.pausePrimary(of: 0)
                let promotion = try await cluster.failover(0, .takeover)
                #expect(promotion.primary === cluster.servers[1])
                paused.resume()
                try await cluster.awaitReady()
                try await #expect(cluster.primary(of: 0) === promotion.primary)
                try await #expect(promotion.primary.command("GET", "key") == "$5\r\nvalue\r\n")
            }
        }
    }
}
