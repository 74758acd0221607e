import Testing

@testable import LarderRedisClient

@Suite(.timeLimit(.minutes(1))) struct ServerIdentityTests {
    static let server = "# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\nrun_id:abc\r\n"

    static func replication(_ role: String, _ id: String) -> String {
        "# Replication\r\nrole:\(role)\r\nmaster_replid:\(id)\r\nmaster_replid2:old\r\n"
    }

    @Test func idsAndRoleAreRead() {
        #expect(
            ServerIdentity(server: Self.server, replication: Self.replication("master", "r1"))
                == ServerIdentity(runID: "abc", replicationID: "r1", isPrimary: true)
        )
        #expect(
            ServerIdentity(server: Self.server, replication: Self.replication("slave", "r1"))
                == ServerIdentity(runID: "abc", replicationID: "r1", isPrimary: false)
        )
        #expect(ServerIdentity(server: "", replication: Self.replication("master", "r1")) == nil)
        #expect(ServerIdentity(server: Self.server, replication: "") == nil)
    }

    @Test func sentinelIsWhoItIsWithoutAPartInAnyReplication() {
        let server = "redis_mode:sentinel\r\nrun_id:abc\r\n"
        #expect(
            ServerIdentity(server: server, replication: "")
                == ServerIdentity(runID: "abc", replicationID: "", isPrimary: false)
        )
    }

    @Test func primaryThatWasDemotedAndPromotedIsAnother() {
        let identity = ServerIdentity(runID: "abc", replicationID: "r1", isPrimary: true)
        #expect(identity.mayStillBe(Self.replication("master", "r1")))
        #expect(!identity.mayStillBe(Self.replication("slave", "r1")))
        #expect(!identity.mayStillBe(Self.replication("master", "r2")))
        #expect(identity.mayStillBe(""), "it does not say")
    }
}
