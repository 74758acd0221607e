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
            let others = before.path(of: "key\(index)") { $0 == 4 }.server
            #expect(after.server(of: "key\(index)") == others)
            if owner != 4 { #expect(others == owner) }
        }
    }

    @Test func keysOfServersThatAreOutGoToTheNextOnTheCircle() {
        let ring = KetamaRing((0..<4).map { ("10.0.0.\($0)", 1) })
        for index in 0..<500 {
            let key = "key\(index)"
            let own = ring.server(of: key)
            #expect(ring.path(of: key) { _ in false } == (own, []))
            #expect(ring.path(of: key) { $0 != own } == (own, []))
            let first = ring.path(of: key) { $0 == own }
            #expect(first.server != own && first.detour == [own])
            let second = ring.path(of: key) { $0 == own || $0 == first.server }
            #expect(second.detour == [own, first.server])
            #expect(![own, first.server].contains(second.server))
            let last = ring.path(of: key) { $0 == own || $0 == first.server || $0 == second.server }
            #expect(last.detour == [own, first.server, second.server])
            #expect(ring.path(of: key) { _ in true } == (own, []))
        }
    }

    @Test func oneServerHasAllKeysAndNoneIsAsked() {
        let ring = KetamaRing([("a", 1)])
        #expect(ring.server(of: "k") == 0)
        #expect(ring.path(of: "k") { _ in true }.server == 0)
    }
}
