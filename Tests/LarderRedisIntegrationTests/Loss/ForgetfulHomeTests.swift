import Larder
import LarderRedis
import LarderRedisClient
import LarderTesting
import NIOCore
import Testing

/// What becomes of fills when the server of the generations is replaced by one that has forgotten what ended them, while
/// the entries' servers stay.
@Suite(.timeLimit(.minutes(2))) struct ForgetfulHomeTests {
    /// A namespace over a home that can be replaced, and the same as another process has it.
    private struct Two {
        let space: TagSpace
        let other: TagSpace
        let home: ReplaceableHome
        let sender: ScatteringSender
        let client: RedisClient

        /// Lets something happen at home that its successor has not heard of.
        func forget(_ names: [String], _ change: () async throws -> Void) async throws {
            let remembered = try await self.client.send(RedisCommand("MGET", arguments: names))
            guard case .array(let values) = remembered, values.count == names.count else {
                Issue.record("the home has nothing to remember")
                return
            }
            try await change()
            for (name, value) in zip(names, values) {
                guard case .bulkString(let bytes) = value else { continue }
                _ = try await self.client.send(RedisCommand("SET", name, Array(bytes.readableBytesView)))
            }
            self.home.replace()
        }
    }

    private static let stamp = ["{@ns}:stamp", "{@ns}:serial"]

    private func withTwo(_ body: (Two) async throws -> Void) async throws {
        try await withRedis(.init(), .apart) { redis in
            let sender = ScatteringSender(redis.client)
            let home = ReplaceableHome(sender)
            try await body(
                Two(
                    space: TagSpace(redis, on: RedisStore(home)),
                    other: TagSpace(redis),
                    home: home,
                    sender: sender,
                    client: redis.client
                )
            )
        }
    }

    @Test func commitWithoutTagsWritesNothingWhenTheClearIsForgotten() async throws {
        try await self.withTwo { two in
            let lease = try await two.space.take("k")
            try await two.forget(Self.stamp) { try await two.other.space.clear() }
            try await #expect(two.space.commit(lease) == false)
            try await #expect(two.space.exists("ns:1:k") == false)
            try await #expect(two.other.value("k") == nil)
            try await #expect(two.space.exists("{ns:1:k}:lease") == false)
        }
    }

    @Test func commitIsTakenBackWhenTheHomeIsReplacedBetweenItsSteps() async throws {
        for tags in [[], ["a"]] {
            try await self.withTwo { two in
                // Both scripts of the commit are known then, and its steps are two trips.
                let first = try await two.space.take("first", tags: tags)
                try await #expect(two.space.commit(first))
                let lease = try await two.space.take("k", tags: tags)
                two.sender.before(2) {
                    try await two.forget(Self.stamp) { try await two.other.space.clear() }
                    two.home.meet()
                }
                try await #expect(two.space.commit(lease) == false)
                try await #expect(two.other.value("k") == nil, "\(tags)")
                // The next fill is one under the new server, and stays.
                let next = try await two.space.take("k", tags: tags)
                try await #expect(two.space.commit(next))
                try await #expect(two.other.value("k") == 7)
            }
        }
    }

    @Test func commitWithoutTagsIsRefusedAfterAClear() async throws {
        try await self.withTwo { two in
            let lease = try await two.space.take("k")
            try await two.other.space.clear()
            try await #expect(two.space.commit(lease) == false)
            try await #expect(two.space.exists("ns:1:k") == false)
            try await #expect(two.space.exists("{ns:1:k}:lease") == false)
        }
    }

    @Test func leaseIsNotRenewedWhenTheInvalidationThatVoidedItIsForgotten() async throws {
        try await self.withTwo { two in
            let lease = try await two.space.take("k", tags: ["a"])
            try await #expect(two.space.space.renew([lease], for: .seconds(60)) == [true])
            let left = try await two.space.left("{ns:1:k}:lease")
            try await two.forget(["{@ns}:tag:a"]) { try await two.other.space.invalidate(["a"], .dead) }
            try await #expect(two.space.space.renew([lease], for: .seconds(600)) == [false])
            try await #expect(two.space.left("{ns:1:k}:lease") <= left)
        }
    }
}
