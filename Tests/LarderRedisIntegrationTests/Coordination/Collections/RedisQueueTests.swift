import Larder
import LarderRedis
import LarderRedisClient
import LarderTesting
import Synchronization
import Testing

/// Waiting for elements of queues on a real server.
@Suite(.serialized, .timeLimit(.minutes(5))) struct RedisQueueTests {
    /// Far longer than anything here takes: who returns earlier was woken.
    private static let long = Duration.seconds(100)

    /// What many tasks have found.
    private final class Elements: Sendable {
        private let elements = Mutex<[Int]>([])

        var all: [Int] { self.elements.withLock { $0 } }

        func add(_ element: Int) { self.elements.withLock { $0.append(element) } }
    }

    /// How many clients a server has, that of this question not included.
    private static func clients(of server: RedisServer) async throws -> Int {
        let list = try await server.command("CLIENT", "LIST")
        return list.split(whereSeparator: \.isNewline).count { $0.contains("addr=") } - 1
    }

    @Test func hundredsOfTasksThatWaitTakeTwoConnections() async throws {
        try await withRedis { redis in
            let collections = Collections(.redis(redis.client), namespace: "shop")
            let pusher = try RedisClient(RedisConfiguration(host: redis.server.host, port: redis.server.port))
            let others = Collections(.redis(pusher), namespace: "shop")
            let found = try await withThrowingTaskGroup(of: Int?.self) { group in
                for index in 0..<400 {
                    let queue = collections.queue("q\(index % 10)", of: Int.self)
                    group.addTask { try await queue.pop(waitingAtMost: Self.long) }
                }
                // The ten queues are listened for on one connection, and one is for commands.
                let listen = try await eventually {
                    try await redis.server.command("PUBSUB", "NUMSUB", "@shop:queue:q9").contains(":1")
                }
                #expect(listen)
                let clients = try await Self.clients(of: redis.server)
                #expect(clients <= 3, "\(clients) connections")
                for index in 0..<400 { try await others.queue("q\(index % 10)", of: Int.self).push(index) }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(found.compactMap { $0 }.sorted() == Array(0..<400))
            await pusher.shutdown()
        }
    }

    @Test func elementThatAnotherProgramAddsIsFoundWithinASecondOrTwo() async throws {
        try await withRedis { redis in
            let queue = Collections(.redis(redis.client), namespace: "shop").queue("q", of: String.self)
            async let waiting = queue.pop(waitingAtMost: Self.long)
            try await Task.sleep(for: .milliseconds(100))
            try await redis.server.command("RPUSH", "@shop:queue:q", "from afar")
            let start = ContinuousClock.now
            #expect(try await waiting == "from afar")
            #expect(start.duration(to: .now) < .seconds(20))
        }
    }

    @Test(arguments: Spread.allCases)
    func waitersOnSeveralServersAreWoken(_ spread: Spread) async throws {
        try await withSpreadRedis(spread) { redis in
            try await redis.withClient { client in
                try await redis.withClient { other in
                    let collections = Collections(.redis(client), namespace: "shop")
                    let others = Collections(.redis(other), namespace: "shop")
                    for index in 0..<8 {
                        async let waiting = collections.queue("q\(index)", of: Int.self).pop(waitingAtMost: Self.long)
                        try await Task.sleep(for: .milliseconds(30))
                        try await others.queue("q\(index)", of: Int.self).push(index)
                        #expect(try await waiting == index)
                    }
                }
            }
        }
    }

    @Test func cancelledWaitersLoseNoElementAndNoneIsDoubled() async throws {
        try await withRedis { redis in
            let collections = Collections(.redis(redis.client), namespace: "shop")
            let queue = collections.queue("q", of: Int.self)
            let total = 2_000
            let found = Elements()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for index in 0..<total { try await queue.push(index) }
                }
                for _ in 0..<20 {
                    group.addTask {
                        // Each pop lives for a moment only, so that many end while an element is on its way.
                        while found.all.count < total {
                            let pop = Task { try await queue.pop(waitingAtMost: .seconds(5)) }
                            try await Task.sleep(for: .microseconds(Int.random(in: 0...3_000)))
                            pop.cancel()
                            do {
                                if let element = try await pop.value { found.add(element) }
                            } catch is CancellationError {
                                continue
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(found.all.sorted() == Array(0..<total))
            #expect(try await queue.count() == 0)
        }
    }

    @Test func elementsOfAWorkerThatDiedComeBack() async throws {
        try await withRedis { redis in
            let collections = Collections(.redis(redis.client), namespace: "shop")
            let queue = collections.queue("q", of: Int.self, lifetime: .sliding(.days(1)))
            try await queue.push(contentsOf: 0..<10)
            // A worker that is never heard of again.
            for _ in 0..<4 { _ = try await queue.reserve(for: .milliseconds(200)) }
            var done: [Int] = []
            while done.count < 10 {
                let reservation = try #require(try await queue.reserve(for: .seconds(60), waitingAtMost: Self.long))
                #expect(try await reservation.acknowledge())
                done.append(reservation.element)
            }
            #expect(done.sorted() == Array(0..<10))
            #expect(try await queue.exists() == false)
            #expect(try await redis.server.command("DBSIZE") == ":0\r\n")
        }
    }

    @Test func waitersOutliveALostSubscription() async throws {
        try await withRedis { redis in
            let collections = Collections(.redis(redis.client), namespace: "shop")
            let queue = collections.queue("q", of: Int.self)
            async let waiting = queue.pop(waitingAtMost: Self.long)
            let listens = try await eventually {
                try await redis.server.command("PUBSUB", "NUMSUB", "@shop:queue:q").contains(":1")
            }
            #expect(listens)
            try await redis.server.command("CLIENT", "KILL", "TYPE", "pubsub")
            try await redis.server.command("RPUSH", "@shop:queue:q", "7")
            #expect(try await waiting == 7)
        }
    }
}
