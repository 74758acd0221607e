import Foundation
import LarderTesting
import Testing

extension RedisDeploymentTests {
    @Suite("RedisSentinelDeployment")
    struct SentinelTests {
        @Test func everySentinelKnowsThePrimaryAndAllGoAfterwards() async throws {
            let traces = try await withRedisSentinels(sentinels: 3, replicas: 2) { deployment in
                #expect(deployment.servers.count == 3)
                let hosts = deployment.sentinels.map { "127.0.0.1:\($0.port)" }.joined(separator: ",")
                #expect(deployment.url == "redis+sentinel://\(hosts)/mymaster/0")
                try await #expect(deployment.primary() === deployment.servers[0])
                for sentinel in deployment.sentinels {
                    let reply = try await sentinel.command("SENTINEL", "CKQUORUM", "mymaster")
                    #expect(reply.hasPrefix("+OK 3 usable Sentinels"))
                    try await #expect(sentinel.command("SENTINEL", "REPLICAS", "mymaster").hasPrefix("*2\r\n"))
                }
                return try RedisDeploymentTests.traces(of: deployment.servers + deployment.sentinels)
            }
            #expect(traces.count == 6)
            #expect(RedisDeploymentTests.remains(of: traces) == [])
        }

        @Test func orderedFailoverHasANewPrimaryAndTheOldOneFollowsIt() async throws {
            try await withRedisSentinels { deployment in
                let old = try await deployment.primary()
                try await old.command("SET", "key", "value")
                try await #expect(old.command("WAIT", "2", "5000") == ":2\r\n")
                let promotion = try await deployment.failover()
                #expect(promotion.primary !== old)
                #expect(promotion.moment <= .now)
                try await deployment.awaitReady()
                try await #expect(deployment.primary() === promotion.primary)
                try await #expect(promotion.primary.command("GET", "key") == "$5\r\nvalue\r\n")
                try await #expect(old.command("SET", "key", "other").hasPrefix("-READONLY"))
            }
        }

        @Test func killedPrimaryHasASuccessorAndRejoinsAsItsReplica() async throws {
            try await withRedisSentinels { deployment in
                let before = ContinuousClock.now
                let killed = try await deployment.killPrimary()
                let promotion = try await deployment.awaitFailover(from: killed)
                #expect(promotion.primary !== killed)
                #expect(promotion.moment > before)
                try await #expect(promotion.primary.command("SET", "key", "value") == "+OK\r\n")
                try await deployment.restart(killed)
                try await deployment.awaitReady()
                // It follows the new primary; a sentinel may tell it so once more, and then it begins to copy anew.
                let deadline = ContinuousClock.now.advanced(by: .seconds(20))
                var copied = try await killed.command("GET", "key")
                while copied != "$5\r\nvalue\r\n", ContinuousClock.now < deadline {
                    try await Task.sleep(for: .milliseconds(20))
                    copied = try await killed.command("GET", "key")
                }
                #expect(copied == "$5\r\nvalue\r\n")
                try await #expect(killed.command("SET", "key", "other").hasPrefix("-READONLY"))
            }
        }

        @Test func passwordsOfServersAndSentinelsAreAskedForAndFailoverWorksWithThem() async throws {
            let options = RedisSentinelDeployment.Options(name: "shop", sentinelPassword: "watch/men")
            try await withRedisSentinels(replicas: 1, options, server: .init(password: "serv:er")) { deployment in
                #expect(deployment.url.hasPrefix("redis+sentinel://:serv%3Aer@127.0.0.1:"))
                #expect(deployment.url.hasSuffix("/shop/0?sentinel_password=watch%2Fmen"))
                let paused = try await deployment.pausePrimary()
                let promotion = try await deployment.awaitFailover(from: paused)
                #expect(promotion.primary === deployment.servers[1])
                paused.resume()
                try await deployment.awaitReady()
                try await #expect(paused.command("SET", "key", "value").hasPrefix("-READONLY"))
            }
        }

        @Test func minorityOfSentinelsStartsNoFailoverUntilAnotherIsBack() async throws {
            try await withRedisSentinels(replicas: 1) { deployment in
                let killed = await deployment.killMajorityOfSentinels()
                #expect(killed.count == 2)
                let primary = try await deployment.killPrimary()
                let error = await #expect(throws: TestServerError.self) {
                    try await deployment.awaitFailover(from: primary, atMost: .seconds(1))
                }
                #expect(error?.code == .notReady)
                try await deployment.restart(killed[0])
                let promotion = try await deployment.awaitFailover(from: primary)
                #expect(promotion.primary === deployment.servers[1])
            }
        }

        @Test func serversAndSentinelsTalkTLSAmongThemselves() async throws {
            let certificates = try await TLSCertificates()
            defer { certificates.remove() }
            let server = RedisServer.Options(tls: certificates, clientCertificates: .required)
            try await withRedisSentinels(replicas: 1, server: server) { deployment in
                #expect(deployment.url.hasPrefix("rediss+sentinel://127.0.0.1:"))
                let promotion = try await deployment.failover()
                #expect(promotion.primary === deployment.servers[1])
            }
        }
    }
}
