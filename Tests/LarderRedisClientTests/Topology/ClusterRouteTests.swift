import Testing

@testable import LarderRedisClient

@Suite(.timeLimit(.minutes(1))) struct ClusterRouteTests {
    static let retries = RetryPolicy(hasSeveralServers: true)
    static let moved = RedisError(.server("MOVED"), message: "MOVED 1 b:1", server: "a:1", command: "GET")

    static func error(_ prefix: String) -> RedisError { RedisError(.server(prefix), message: prefix) }

    /// The pause before the next attempt, and whether the map is looked at anew; nil if there is none.
    static func again(_ step: ClusterRoute.Step) -> (pause: Int64, refreshes: Bool)? {
        if case .again(let pause, let refreshes) = step { (pause, refreshes) } else { nil }
    }

    @Test func redirectedCommandGoesAtOnceWhereTheServerSays() throws {
        var route = ClusterRoute(.slot(1))
        #expect(route.destination == .target)
        let moved = try #require(Self.again(route.redirected(.moved, to: 7, Self.moved)))
        #expect(moved.pause == 0 && moved.refreshes)
        #expect(route.destination == .member(7))
        let asked = try #require(Self.again(route.redirected(.ask, to: 3, Self.error("ASK"))))
        #expect(asked.pause == 0)
        #expect(route.destination == .asking(3))
    }

    @Test func redirectionToNobodyKnownWaitsForTheMap() throws {
        var route = ClusterRoute(.slot(1))
        let step = try #require(Self.again(route.redirected(.moved, to: nil, Self.moved)))
        #expect(step.pause > 0 && step.refreshes)
        #expect(route.destination == .target)
    }

    @Test func loopOfRedirectionsEndsWithAnErrorThatNamesIt() {
        var route = ClusterRoute(.slot(1))
        var steps = 0
        while steps < 100 {
            steps += 1
            guard case .end(let error) = route.redirected(.moved, to: UInt16(steps % 2), Self.moved) else { continue }
            #expect(steps == 17)
            #expect(error.code == .server("MOVED"))
            #expect(error.message.contains("loop"))
            #expect(error.server == "a:1")
            return
        }
        Issue.record("the loop has no end")
    }

    @Test func laterRedirectionsTakeTheirTime() throws {
        var route = ClusterRoute(.slot(1))
        var pauses: [Int64] = []
        for _ in 0..<16 { pauses.append(try #require(Self.again(route.redirected(.moved, to: 1, Self.moved))).pause) }
        #expect(pauses.prefix(2).allSatisfy { $0 == 0 })
        #expect(pauses.dropFirst(2).allSatisfy { $0 > 0 })
        // Long enough for two servers to agree on a slot that changes hands.
        #expect(pauses.reduce(0, +) > 150_000_000)
    }

    @Test(arguments: ["TRYAGAIN", "CLUSTERDOWN", "LOADING", "READONLY", "MASTERDOWN"])
    func refusalThatPassesIsSentToTheOwnerAgainAfterAPause(prefix: String) throws {
        var route = ClusterRoute(.slot(1))
        _ = route.redirected(.ask, to: 3, Self.error("ASK"))
        let step = try #require(Self.again(route.failed(Self.error(prefix), Self.retries, isRepeatable: false)))
        #expect(step.pause > 0)
        #expect(step.refreshes == (prefix != "TRYAGAIN"))
        #expect(route.destination == .target)
    }

    @Test func keysOnTheirWayAreNoLoop() throws {
        var route = ClusterRoute(.slot(1))
        for _ in 0..<100 {
            _ = try #require(Self.again(route.redirected(.ask, to: 3, Self.error("ASK"))))
            _ = try #require(Self.again(route.failed(Self.error("TRYAGAIN"), Self.retries, isRepeatable: false)))
        }
    }

    @Test func lostConnectionCastsDoubtOnTheMapAndEndsWrites() throws {
        var route = ClusterRoute(.slot(1))
        let unknown = RedisError(.fateUnknown, message: "lost")
        let step = try #require(Self.again(route.failed(unknown, Self.retries, isRepeatable: true)))
        #expect(step.refreshes)
        guard case .end(let error) = route.failed(unknown, Self.retries, isRepeatable: false) else {
            Issue.record("a write was sent twice")
            return
        }
        #expect(error.code == .fateUnknown)
    }

    @Test func replicaThatCannotAnswerIsFollowedByThePrimaryAtOnce() throws {
        var route = ClusterRoute(.slot(1), preference: .replica)
        let refused = RedisError(.connectionFailed, message: "refused")
        let step = try #require(
            Self.again(route.failed(refused, atReplica: true, Self.retries, isRepeatable: true))
        )
        #expect(step.pause == 0)
        #expect(route.preference == .primary)
    }
}
