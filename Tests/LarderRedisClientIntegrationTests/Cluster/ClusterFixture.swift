import LarderRedisClient
import LarderTesting

extension RedisClusterDeployment {
    /// How a client reaches the cluster, knowing one of its nodes.
    func configuration(seed: Int = 0) -> RedisConfiguration {
        var configuration = RedisConfiguration()
        configuration.topology = .cluster([.hostname("127.0.0.1", port: self.servers[seed].port)])
        return configuration
    }
}

/// Lends a cluster that is started once for all tests that change neither its nodes nor its slots.
///
/// Tests use keys of their own, so that they can run side by side.
enum SharedCluster {
    private static let cluster = Task { try await RedisClusterDeployment(primaries: 3, replicas: 1) }

    static func use(
        _ change: (inout RedisConfiguration) -> Void = { _ in },
        _ body: (RedisClusterDeployment, RedisClient) async throws -> Void
    ) async throws {
        let cluster = try await self.cluster.value
        var configuration = cluster.configuration()
        change(&configuration)
        try await withClient(configuration) { try await body(cluster, $0) }
    }
}

/// The client's error that a body throws; nil if it throws none.
func redisError(_ body: () async throws -> Void) async throws -> RedisError? {
    do {
        try await body()
        return nil
    } catch let error as RedisError {
        return error
    }
}
