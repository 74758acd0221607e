import Foundation
import Testing

@testable import LarderMemcached

/// Where libmemcached puts keys; recorded with pylibmc 1.6.3, `ketama_weighted`, from what each of several servers had.
@Suite struct KetamaRingTests {
    private struct Recording: Decodable {
        struct Ring: Decodable, Sendable, CustomTestStringConvertible {
            struct Server: Decodable, Sendable {
                var host: String
                var port: Int
                var weight: Int
            }

            var name: String
            var servers: [Server]
            var owners: [Int]

            var testDescription: String { self.name }
        }

        var keys: [String]
        var rings: [Ring]
    }

    private static let recording: Recording = {
        do {
            return try JSONDecoder().decode(Recording.self, from: Data(PackageResources.ketama_json))
        } catch {
            preconditionFailure("the recording does not decode: \(error)")
        }
    }()

    @Test(arguments: ["equal", "weighted", "usualPort", "many"])
    func libmemcachedFindsTheSameServers(_ name: String) throws {
        let recorded = try #require(Self.recording.rings.first { $0.name == name })
        let servers = recorded.servers.map {
            MemcachedConfiguration.Server($0.host, port: $0.port, weight: $0.weight)
        }
        let ring = KetamaRing(servers.map { ($0.ringName, $0.weight) })
        #expect(Self.recording.keys.map(ring.server(of:)) == recorded.owners)
    }

    @Test func serverThatLeavesTakesOnlyItsOwnKeysAlong() {
        let names = (0..<5).map { "10.0.0.\($0)" }
        let before = KetamaRing(names.map { ($0, 1) })
        let after = KetamaRing(names.dropLast().map { ($0, 1) })
        for index in 0..<2_000 {
            let owner = before.server(of: "key\(index)")
            let others = before.server(of: "key\(index)") { $0 != 4 }
            #expect(after.server(of: "key\(index)") == others)
            if owner != 4 { #expect(others == owner) }
        }
    }

    @Test func oneServerHasAllKeysAndNoneIsAsked() {
        let ring = KetamaRing([("a", 1)])
        #expect(ring.server(of: "k") == 0)
        #expect(ring.server(of: "k") { _ in false } == 0)
    }
}
