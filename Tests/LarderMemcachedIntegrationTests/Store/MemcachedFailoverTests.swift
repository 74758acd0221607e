import Larder
import LarderTesting
import NIOCore
import Testing

@testable import LarderMemcached

/// Servers that are lost and return, some with what they held before.
@Suite(.serialized, .timeLimit(.minutes(2))) struct MemcachedFailoverTests {
    /// Servers, a process that meets with a loss, and one that does not.
    private struct Scene {
        let memcached: MemcachedUnderTest
        let own: Cache
        let other: Cache
        /// A server that has no generations.
        let lost: MemcachedServer
        let home: MemcachedServer
        /// A key that it has, and one that another has.
        let key: CacheKey<String>
        let elsewhere: CacheKey<String>

        func roster() async throws -> ServerRoster {
            let home = NamespaceHome(client: self.memcached.client, names: ItemNames("ns"))
            return try await home.read([], self.memcached.client.deadline).roster
        }

        var number: UInt64 { ServerRoster.number(ofServerNamed: "\(self.lost.host):\(self.lost.port)") }
    }

    private static func withScene(
        failover: Bool,
        pause: Duration = .zero,
        _ body: (Scene) async throws -> Void
    ) async throws {
        let configure = { (configuration: inout MemcachedConfiguration) in
            configuration.requestTimeout = .milliseconds(400)
            configuration.reconnect = .init(base: .milliseconds(2), maximum: .milliseconds(20))
            configuration.failover = failover
            configuration.failoverPause = pause
        }
        try await withMemcached(servers: 3, .init(), configure) { memcached in
            var patient = memcached.client.configuration
            patient.requestTimeout = .seconds(60)
            patient.failover = false
            let unaware = try MemcachedClient(patient)
            let names = ItemNames("ns")
            func server(_ name: String) -> MemcachedServer? {
                let address = memcached.client.server(ofKey: name)
                return memcached.servers.first { "\($0.host):\($0.port)" == address }
            }
            func key(where isWanted: (Int?) -> Bool) -> CacheKey<String> {
                var index = 0
                while !isWanted(server(names.entry(StoreKey(version: 1, name: "key\(index)")).text)?.port) {
                    index += 1
                }
                return CacheKey("key\(index)")
            }
            let home = try #require(server(names.stamp))
            let lost = try #require(memcached.servers.first { $0.port != home.port })
            let scene = Scene(
                memcached: memcached,
                own: memcached.cache(),
                other: Cache(.memcached(unaware), namespace: "ns", defaults: .init(failurePolicy: .throwing)),
                lost: lost,
                home: home,
                key: key { $0 == lost.port },
                elsewhere: key { $0 != lost.port && $0 != home.port }
            )
            do {
                try await body(scene)
            } catch {
                await unaware.shutdown()
                throw error
            }
            await unaware.shutdown()
        }
    }

    /// Freezes a server, and waits until it is: its threads stop one after the other.
    private static func freeze(_ server: MemcachedServer) async throws {
        server.pause()
        try await Self.until { (try? await server.command("mn", atMost: .milliseconds(50))) == nil }
    }

    /// Calls until it does not throw.
    private static func untilAvailable<Value>(_ body: () async throws -> Value) async throws -> Value {
        let deadline = ContinuousClock.now.advanced(by: .seconds(20))
        while true {
            do { return try await body() } catch let error as CacheError where error.code == .unavailable {
                guard ContinuousClock.now < deadline else { throw error }
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    private static func until(_ condition: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now.advanced(by: .seconds(20))
        while try await !condition() {
            try #require(ContinuousClock.now < deadline)
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    @Test func pausedServerIsUnavailableAndWhatItHeldIsNotReadWhenItReturns() async throws {
        try await Self.withScene(failover: false) { scene in
            try await scene.own.set(scene.key, to: "old")
            try await scene.own.set(scene.elsewhere, to: "stays")
            #expect(try await scene.other.get(scene.key) == "old")
            try await Self.freeze(scene.lost)
            let error = await #expect(throws: CacheError.self) { try await scene.own.remove(scene.key) }
            #expect(error?.code == .unavailable)
            #expect(try await scene.own.get(scene.elsewhere) == "stays")
            scene.lost.resume()
            let found = try await Self.untilAvailable { try await scene.own.get(scene.key) }
            #expect(found == nil)
            // Nor by a process that has not noticed anything.
            #expect(try await scene.other.get(scene.key) == nil)
            #expect(try await scene.other.get(scene.elsewhere) == "stays")
            try await scene.other.set(scene.key, to: "new")
            #expect(try await scene.own.get(scene.key) == "new")
            let roster = try await scene.roster()
            #expect(roster.records.map(\.server) == [scene.number])
            #expect(roster.outSince(scene.number) == nil)
        }
    }

    @Test func keysOfAKilledServerGoToTheNextAndComeBackWithIt() async throws {
        try await Self.withScene(failover: true) { scene in
            try await scene.own.set(scene.key, to: "old")
            try await scene.own.set(scene.elsewhere, to: "stays")
            await scene.lost.kill()
            // The same call finds another server.
            #expect(try await scene.own.get(scene.key) == nil)
            try await scene.own.set(scene.key, to: "new")
            #expect(try await scene.own.get(scene.key) == "new")
            #expect(try await scene.own.get(scene.elsewhere) == "stays")
            // A process that would not fail over by itself finds it too.
            #expect(try await scene.other.get(scene.key) == "new")
            #expect(try await scene.roster().outSince(scene.number) != nil)
            #expect(try await scene.own.entryCount() == 2)
            try await scene.lost.restart()
            try await Self.until {
                _ = try await scene.own.get(scene.elsewhere)
                return try await scene.roster().outSince(scene.number) == nil
            }
            #expect(try await scene.own.get(scene.key) == nil)
            try await scene.own.set(scene.key, to: "newer")
            #expect(try await scene.other.get(scene.key) == "newer")
            #expect(try await scene.other.get(scene.elsewhere) == "stays")
        }
    }

    /// The server lives on and has everything; only one process was cut off from it.
    @Test func processThatStillReachesALostServerDoesNotReadItAnyMore() async throws {
        try await Self.withScene(failover: true, pause: .seconds(3_600)) { scene in
            try await scene.own.set(scene.key, to: "old")
            #expect(try await scene.other.get(scene.key) == "old")
            try await Self.freeze(scene.lost)
            _ = try? await scene.own.get(scene.key)
            #expect(try await Self.untilAvailable { try await scene.own.remove(scene.key) } == false)
            scene.lost.resume()
            // From here on the server answers everybody, and has the old entry.
            #expect(try await scene.other.get(scene.key) == nil)
            #expect(try await scene.other.fetch(scene.key) { "new" } == "new")
            #expect(try await scene.own.get(scene.key) == "new")
        }
    }

    /// A fill that began before the loss is not stored after it, on whatever server.
    @Test func fillFromBeforeALossIsNotStored() async throws {
        try await Self.withScene(failover: true, pause: .seconds(3_600)) { scene in
            let value = try await scene.other.fetch(scene.key) {
                try await Self.freeze(scene.lost)
                _ = try? await scene.own.get(scene.key)
                _ = try await Self.untilAvailable { try await scene.own.remove(scene.key) }
                scene.lost.resume()
                return "read before"
            }
            #expect(value == "read before")
            #expect(try await scene.own.get(scene.key) == nil)
            #expect(try await scene.other.get(scene.key) == nil)
        }
    }

    /// Each server that has had a key still has what it was then.
    @Test func whatWasStoredElsewhereMeanwhileIsNotReadInTheNextOutage() async throws {
        try await Self.withScene(failover: true) { scene in
            for round in 0..<3 {
                try await Self.freeze(scene.lost)
                _ = try? await scene.own.get(scene.key)
                #expect(try await Self.untilAvailable { try await scene.own.get(scene.key) } == nil)
                try await scene.own.set(scene.key, to: "elsewhere \(round)")
                #expect(try await scene.other.get(scene.key) == "elsewhere \(round)")
                scene.lost.resume()
                try await Self.until {
                    _ = try await scene.own.get(scene.elsewhere)
                    return try await scene.roster().outSince(scene.number) == nil
                }
                #expect(try await scene.own.get(scene.key) == nil)
                try await scene.own.set(scene.key, to: "at home \(round)")
                #expect(try await scene.other.get(scene.key) == "at home \(round)")
            }
        }
    }

    @Test func nobodyStandsInForTheServerOfTheGenerations() async throws {
        try await Self.withScene(failover: true) { scene in
            try await scene.own.set(scene.elsewhere, to: "value", tags: ["t"])
            try await Self.freeze(scene.home)
            let error = await #expect(throws: CacheError.self) { try await scene.own.get(scene.elsewhere) }
            #expect(error?.code == .unavailable)
            scene.home.resume()
            #expect(try await Self.untilAvailable { try await scene.own.get(scene.elsewhere) } == "value")
            // One that is killed comes back without generations, so nothing is alive.
            try await scene.home.restart()
            #expect(try await Self.untilAvailable { try await scene.own.get(scene.elsewhere) } == nil)
        }
    }

    @Test func removingByAPatternLeavesOutALostServer() async throws {
        try await Self.withScene(failover: true, pause: .seconds(3_600)) { scene in
            try await scene.own.set(scene.key, to: "old")
            try await scene.own.set(scene.elsewhere, to: "old")
            try await Self.freeze(scene.lost)
            _ = try? await scene.own.get(scene.key)
            #expect(try await Self.untilAvailable { try await scene.own.removeAll(matching: "*") } == 1)
            scene.lost.resume()
            #expect(try await scene.other.get(scene.key) == nil)
            #expect(try await scene.other.get(scene.elsewhere) == nil)
        }
    }
}
