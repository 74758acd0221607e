import Foundation
import Testing

@testable import LarderRedisClient

@Suite(.timeLimit(.minutes(1))) struct TopologyDescriptionTests {
    @Test func descriptionSurvivesJSON() throws {
        let description = RedisTopologyDescription(
            kind: .sentinel,
            primaryName: "shop",
            nodes: [
                .init(address: "a:6379", role: .primary, isConnected: true, roundTrip: 0.001),
                .init(address: "s:26379", role: .sentinel, isConnected: false, slots: 3),
            ]
        )
        let data = try JSONEncoder().encode(description)
        #expect(String(decoding: data, as: UTF8.self).contains("\"role\":\"primary\""))
        #expect(try JSONDecoder().decode(RedisTopologyDescription.self, from: data) == description)
    }

    @Test func clientThatNeverConnectedKnowsWhatItWasTold() throws {
        let single = try RedisClient(RedisConfiguration(host: "h", port: 1))
        #expect(
            single.describeTopology()
                == .init(kind: .standalone, nodes: [.init(address: "h:1", role: .primary, isConnected: false)])
        )
        let watched = try RedisClient(url: "redis+sentinel://s1,s2:5/shop")
        let description = watched.describeTopology()
        #expect(description.kind == .sentinel)
        #expect(description.primaryName == "shop")
        #expect(description.nodes.map(\.address) == ["s1:26379", "s2:5"])
        #expect(description.nodes.allSatisfy { $0.role == .sentinel && !$0.isConnected })
    }
}
