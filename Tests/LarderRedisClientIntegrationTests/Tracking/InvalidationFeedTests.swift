import LarderTesting
import NIOCore
import Synchronization
import Testing

@testable import LarderRedisClient

/// Remembers what a feed told.
private final class Told: Sendable {
    private let events = Mutex<[String]>([])

    func hear(_ event: FeedEvent) {
        let word =
            switch event {
            case .changed(let names): names.map { String(buffer: $0) }.sorted().joined(separator: " ")
            case .lost: "<lost>"
            case .unreachable(let error): "<unreachable: \(error.code)>"
            default: "<\(event)>"
            }
        self.events.withLock { $0.append(word) }
    }

    var all: [String] { self.events.withLock { $0 } }

    func tells(_ word: String, times: Int = 1) async throws -> Bool {
        try await eventually { self.all.count { $0 == word } >= times }
    }
}

@Suite(.timeLimit(.minutes(2))) struct InvalidationFeedTests {
    private static let quick = InvalidationTiming(
        interval: 20_000_000,
        patience: 100_000_000,
        longestSilence: 1_000_000_000,
        refusalPause: 50_000_000
    )

    private func withFeed(
        _ options: RedisServer.Options = .init(),
        prefixes: [String] = ["a:", "{@a}:"],
        timing: InvalidationTiming = Self.quick,
        _ change: (inout RedisConfiguration) -> Void = { _ in },
        _ body: (RedisServer, RedisClient, InvalidationFeed, Told) async throws -> Void
    ) async throws {
        try await withRedisServer(options) { server in
            var configuration = server.configuration
            change(&configuration)
            try await withClient(configuration) { client in
                let told = Told()
                let feed = client.invalidationFeed(prefixes: prefixes, timing: timing) { told.hear($0) }
                try await body(server, client, feed, told)
                feed.close()
            }
        }
    }

    @Test func changesOfKeysWithThePrefixesAreToldWhoeverMakesThem() async throws {
        try await self.withFeed { server, client, feed, told in
            #expect(told.all == [], "nobody has asked for it yet")
            feed.start()
            feed.start()
            try await #expect(told.tells("<covered>"))
            _ = try await client.send(RedisCommand("SET", "a:1", "x"))
            try await #expect(told.tells("a:1"))
            try await server.command("SET", "b:1", "x")
            try await server.command("MSET", "{@a}:stamp", "x", "a:2", "x", "other", "x")
            try await #expect(told.tells("a:2"), "each prefix has messages of its own")
            try await #expect(told.tells("{@a}:stamp"))
            try await server.command("DEL", "a:1")
            try await #expect(told.tells("a:1", times: 2))
            try await server.command("PEXPIRE", "a:2", "1")
            try await #expect(told.tells("a:2", times: 2), "one for its end being set, one for its end")
            try await server.command("FLUSHDB")
            try await #expect(told.tells("<flushed>"))
            #expect(told.all.filter { $0.contains("b:") || $0.contains("other") } == [])
            #expect(told.all.first == "<covered>")
        }
    }

    @Test func connectionThatIsKilledIsReplaced() async throws {
        try await self.withFeed { server, _, feed, told in
            feed.start()
            try await #expect(told.tells("<covered>"))
            for round in 1...3 {
                try await server.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                try await #expect(told.tells("<covered>", times: round + 1))
                try await server.command("SET", "a:\(round)", "x")
                try await #expect(told.tells("a:\(round)"))
            }
            #expect(
                told.all.filter { ["<covered>", "<lost>"].contains($0) } == ["<covered>"]
                    + Array(repeating: ["<lost>", "<covered>"], count: 3).flatMap(\.self)
            )
        }
    }

    @Test func serverThatIsKilledIsFoundAgainWhenItIsBack() async throws {
        try await self.withFeed { server, _, feed, told in
            feed.start()
            try await #expect(told.tells("<covered>"))
            await server.kill()
            try await #expect(told.tells("<lost>"))
            try await #expect(told.tells("<unreachable: connectionFailed>"))
            try await server.restart()
            try await #expect(told.tells("<covered>", times: 2))
            try await server.command("SET", "a:1", "x")
            try await #expect(told.tells("a:1"))
        }
    }

    @Test func serverThatHangsIsDoubtedAndBelievedAgain() async throws {
        var timing = Self.quick
        timing.longestSilence = 60_000_000_000
        try await self.withFeed(timing: timing) { server, _, feed, told in
            feed.start()
            try await #expect(told.tells("<covered>"))
            server.pause()
            try await #expect(told.tells("<doubtful>"))
            server.resume()
            try await #expect(told.tells("<resumed>"))
            try await server.command("SET", "a:1", "x")
            try await #expect(told.tells("a:1"))
            #expect(!told.all.contains("<lost>"), "nothing has gone unheard")
        }
    }

    @Test func serverThatHangsForLongIsGivenUp() async throws {
        try await self.withFeed { server, _, feed, told in
            feed.start()
            try await #expect(told.tells("<covered>"))
            server.pause()
            try await #expect(told.tells("<lost>"))
            server.resume()
            try await #expect(told.tells("<covered>", times: 2))
        }
    }

    @Test func primaryThatWasDemotedIsNotListenedToAnyMore() async throws {
        try await self.withFeed { server, _, feed, told in
            feed.start()
            try await #expect(told.tells("<covered>"))
            // The connection stays open, and every question is answered at once.
            try await server.command("REPLICAOF", "127.0.0.1", "1")
            try await #expect(told.tells("<lost>"))
            try await server.command("REPLICAOF", "NO", "ONE")
            try await #expect(told.tells("<covered>", times: 2))
        }
    }

    @Test func newPrimaryOfAClusterIsHeardAlsoIfNobodyUsesTheClient() async throws {
        try await withRedisCluster(primaries: 3, replicas: 0) { cluster in
            try await withClient(cluster.configuration()) { client in
                var timing = Self.quick
                timing.renewal = 100_000_000
                let told = Told()
                let feed = client.invalidationFeed(prefixes: ["a:"], timing: timing) { told.hear($0) }
                feed.start()
                // The first look finds the primaries.
                try await #expect(told.tells("<covered>"))
                let shard = try await cluster.addShard()
                let slot = RedisKeySlot.slot(of: "a:1")
                try await cluster.moveSlots(slot...slot, to: shard)
                try await #expect(told.tells("<covered>", times: 2))
                try await cluster.primary(of: shard).command("SET", "a:1", "x")
                try await #expect(told.tells("a:1"))
                feed.close()
            }
        }
    }

    @Test func userWhoMayNotTrackHearsWhyNot() async throws {
        try await withRedisServer { server in
            try await server.command("ACL", "SETUSER", "poor", "on", ">x", "~*", "&*", "+@all", "-client|tracking")
            var configuration = server.configuration
            configuration.username = "poor"
            configuration.password = "x"
            try await withClient(configuration) { client in
                let told = Told()
                let feed = client.invalidationFeed(prefixes: ["a:"], timing: Self.quick) { told.hear($0) }
                feed.start()
                try await #expect(told.tells("<unreachable: trackingUnavailable>"))
                _ = try await client.send(RedisCommand("SET", "a:1", "x"))
                #expect(Set(told.all) == ["<unreachable: trackingUnavailable>"])
                // Somebody gives the right.
                try await server.command("ACL", "SETUSER", "poor", "+client|tracking")
                try await #expect(told.tells("<covered>"))
                feed.close()
            }
        }
    }

    @Test func serverWithoutRESP3TellsOfNothing() async throws {
        let answer: FakeServer.Answer = { command in
            switch command[0] {
            case "HELLO": "-ERR unknown command 'HELLO'\r\n"
            case "INFO": "$0\r\n\r\n"
            default: "+OK\r\n"
            }
        }
        try await FakeServer.run(answer: answer) { _, configuration in
            try await withClient(configuration) { client in
                let told = Told()
                let feed = client.invalidationFeed(prefixes: ["a:"], timing: Self.quick) { told.hear($0) }
                feed.start()
                try await #expect(told.tells("<unreachable: trackingUnavailable>"))
                feed.close()
            }
        }
    }

    @Test func clientThatSpeaksRESP2HearsOfChangesAllTheSame() async throws {
        try await self.withFeed {
            $0.protocolVersion = .resp2
        } _: { server, client, feed, told in
            feed.start()
            try await #expect(told.tells("<covered>"))
            _ = try await client.send(RedisCommand("SET", "a:1", "x"))
            try await #expect(told.tells("a:1"))
        }
    }

    @Test func feedEndsWithItsClientAndWithItsLastReference() async throws {
        try await withRedisServer { server in
            let told = Told()
            let client = try RedisClient(server.configuration)
            var feed: InvalidationFeed? = client.invalidationFeed(prefixes: ["a:"]) { told.hear($0) }
            feed?.start()
            try await #expect(told.tells("<covered>"))
            feed = nil
            try await #expect(told.tells("<lost>"))
            #expect(try await eventually { try await !server.command("CLIENT", "LIST").contains("flags=t") })
            let other = Told()
            let second = client.invalidationFeed(prefixes: ["a:"]) { other.hear($0) }
            second.start()
            #expect(try await other.tells("<covered>"))
            await client.shutdown()
            #expect(try await other.tells("<lost>"))
            let late = Told()
            let third = client.invalidationFeed(prefixes: ["a:"]) { late.hear($0) }
            third.start()
            #expect(try await late.tells("<lost>"))
        }
    }
}
