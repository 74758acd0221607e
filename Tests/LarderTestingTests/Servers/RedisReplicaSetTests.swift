import Foundation
import LarderTesting
import Testing

extension RedisDeploymentTests {
    @Suite("RedisReplicaSet")
    struct ReplicaSetTests {
        @Test func replicasHaveWhatThePrimaryWasSentAndRefuseWrites() async throws {
            try await withRedisReplicaSet(replicas: 2, server: .init(password: "p@ss word")) { set in
                #expect(set.servers.count == 3)
                #expect(set.replicas.count == 2)
                try await #expect(set.primary.command("SET", "key", "value") == "+OK\r\n")
                try await set.awaitReplication()
                for replica in set.replicas {
                    try await #expect(replica.command("GET", "key") == "$5\r\nvalue\r\n")
                    try await #expect(replica.command("SET", "key", "other").hasPrefix("-READONLY"))
                }
                let hosts = set.servers.map { "127.0.0.1:\($0.port)" }.joined(separator: ",")
                #expect(set.url == "redis://:p%40ss%20word@\(hosts)")
            }
        }

        @Test func promotedReplicaHasEverythingAndTheOthersFollowIt() async throws {
            try await withRedisReplicaSet(replicas: 2) { set in
                let old = set.primary
                try await old.command("SET", "key", "value")
                try await set.awaitReplication()
                try await set.promote(2)
                #expect(set.primary === set.servers[2])
                try await #expect(set.primary.command("SET", "other", "1") == "+OK\r\n")
                try await set.awaitReplication()
                for replica in set.replicas {
                    try await #expect(replica.command("GET", "key") == "$5\r\nvalue\r\n")
                    try await #expect(replica.command("GET", "other") == "$1\r\n1\r\n")
                }
                #expect(set.replicas.contains { $0 === old })
            }
        }

        @Test func killedPrimaryComesBackAsAReplicaOfItsSuccessor() async throws {
            try await withRedisReplicaSet(replicas: 1) { set in
                try await set.primary.command("SET", "key", "value")
                try await set.awaitReplication()
                let killed = await set.killPrimary()
                try await set.promote(1)
                try await set.restart(killed)
                #expect(set.primary !== killed)
                try await #expect(killed.command("GET", "key") == "$5\r\nvalue\r\n")
                try await #expect(killed.command("SET", "key", "other").hasPrefix("-READONLY"))
            }
        }
    }
}
