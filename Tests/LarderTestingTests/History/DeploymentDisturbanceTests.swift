import Larder
@_spi(Testing) import LarderRedis
import LarderRedisClient
import LarderTesting
import Testing

/// Histories on deployments whose servers take each other's place.
@Suite(.timeLimit(.minutes(4))) struct DeploymentDisturbanceTests {
    private static let commandTimeout = Duration.milliseconds(500)

    private static func expectKeptPromises(
        on deployment: some HistoryDeployment,
        _ kinds: Set<HistoryEvent>,
        spreadsKeys: Bool
    ) async throws {
        var options = HistoryOptions.deployed(tasks: 24)
        options.caches = 2
        options.keys = 24
        options.rest = .milliseconds(60)
        var configuration = try RedisConfiguration(url: deployment.url)
        configuration.commandTimeout = Self.commandTimeout
        let clients = [try RedisClient(configuration), try RedisClient(configuration)]
        let disturbance = DeploymentDisturbance(
            deployment,
            kinds,
            events: kinds.count,
            processes: clients.count,
            commandTimeout: Self.commandTimeout
        ) { process, key, member in
            _ = try await clients[process].send(RedisCommand("SADD", key, member))
        }
        let history = try await HistoryRun.live(seed: 1, options, namespace: "history") { _, _ in
            clients.map { RedisStore($0, spreadsKeys: spreadsKeys) }
        } disturbance: {
            try await disturbance.run($0)
        }
        for client in clients { await client.shutdown() }
        let judgement = HistoryChecker(.disturbed).judgement(of: history)
        #expect(judgement.violations.isEmpty, "\(judgement.violations.first.map { "\($0)" } ?? "")")
        #expect(Set(history.incidents.map(\.event)) == kinds)
        let losing = kinds.filter { deployment.losesWrites($0) }
        #expect(history.losses.isEmpty == losing.isEmpty)
        for incident in history.incidents where incident.event != .move {
            let writableAfter = try #require(incident.writableAfter)
            #expect(writableAfter < 10_000)
            #expect(history.calls.contains { $0.begin > incident.end && $0.hasSucceeded })
        }
        // So many calls that keys were read and changed while servers changed.
        #expect(history.calls.count { $0.hasSucceeded } > 500)
        #expect(disturbance.commandCount > 50)
        let deadlines = HistoryDeadlines(commandTimeout: Self.commandTimeout, hardTimeout: options.hardTimeout)
        #expect(deadlines.lateCalls(in: history).isEmpty)
        #expect(disturbance.lateCommands.isEmpty)
    }

    @Test func promisesAreKeptWhileSentinelsReplaceAPrimary() async throws {
        try await withRedisSentinels(replicas: 1) { deployment in
            try await Self.expectKeptPromises(on: deployment, [.kill], spreadsKeys: false)
        }
    }

    @Test func promisesAreKeptWhileAClusterReplacesAPrimaryAndMovesSlots() async throws {
        try await withRedisCluster { deployment in
            try await Self.expectKeptPromises(on: deployment, [.failover, .move], spreadsKeys: true)
        }
    }

    @Test func eachKindOfEventComesBeforeOneComesAgain() async throws {
        try await withRedisSentinels(sentinels: 1, replicas: 1) { deployment in
            let disturbance = DeploymentDisturbance(
                deployment,
                events: 7,
                processes: 1,
                commandTimeout: Self.commandTimeout
            ) { _, _, _ in }
            let events = disturbance.events(seed: 5)
            #expect(events.count == 7)
            #expect(events == disturbance.events(seed: 5))
            #expect(Set(events.prefix(3)) == [.failover, .kill, .pause])
            #expect(Set(events.dropFirst(3).prefix(3)) == [.failover, .kill, .pause])
        }
    }
}
