import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Larder
import LarderRedis
import LarderRedisClient
import LarderTesting
import Testing

@testable import LarderHummingbird

/// A real Redis that is killed and comes back while browsers use their sessions.
@Suite("Sessions while Redis dies")
struct RedisOutageTests {
    /// What all browsers have seen.
    private struct Tally {
        var saved = 0
        var refused = 0
        var wrong: [String] = []
        var lost: [String] = []
    }

    /// A browser's view of one session.
    private struct Browser {
        var user: String
        var cookie: String
        /// The greatest count that an answer of status 200 has said.
        var acknowledged = 0
    }

    @Test("Killed under load: no acknowledged change is lost, nobody is signed out, nobody sees another's session")
    func survives() async throws {
        try await withRedisServer(.init(persistent: true)) { server in
            try await withClients(of: server, 2, timeout: .seconds(1)) { clients in
                let caches = clients.map { client in
                    let breaker = CircuitBreakerPolicy()
                    return Cache(.redis(client), namespace: "s", defaults: .init(circuitBreaker: breaker))
                }
                let apps = caches.map { Application(router: sessionRouter(SessionMiddleware(Sessions($0)))) }
                try await apps[0].test(.router) { first in
                    try await apps[1].test(.router) { second in
                        try await Self.run(server, [first, second])
                    }
                }
            }
        }
    }

    private static func run(_ server: RedisServer, _ clients: [any TestClientProtocol]) async throws {
        let tally = Shared(Tally())
        let isOver = Shared(false)
        try await withThrowingTaskGroup(of: Browser.self) { group in
            for number in 0..<12 {
                let user = "user-\(number)"
                let signedIn = try await clients[0].execute(uri: "/signin/\(user)", method: .post)
                let start = Browser(user: user, cookie: try #require(signedIn.cookie()))
                group.addTask {
                    var browser = start
                    // Bounded, should the end never be said.
                    for step in 0..<100_000 where !isOver.now {
                        try await Self.visit(clients[step % 2], &browser, tally)
                    }
                    return browser
                }
            }
            group.addTask {
                for _ in 0..<3 {
                    try await Task.sleep(for: .milliseconds(400))
                    await server.kill()
                    try await Task.sleep(for: .milliseconds(700))
                    try await server.restart()
                }
                try await Task.sleep(for: .milliseconds(800))
                isOver.change { $0 = true }
                return Browser(user: "", cookie: "")
            }
            for try await browser in group where browser.user != "" {
                try await Self.settle(clients, browser)
            }
        }
        let result = tally.now
        #expect(result.wrong.isEmpty, "\(result.wrong.prefix(3))")
        #expect(result.lost.isEmpty, "\(result.lost.prefix(3))")
        #expect(result.saved > 100)
        #expect(result.refused > 10)
        print("Redis killed three times under load: \(result.saved) changes saved, \(result.refused) requests refused")
    }

    private static func visit(
        _ client: any TestClientProtocol,
        _ browser: inout Browser,
        _ tally: Shared<Tally>
    ) async throws {
        let headers = HTTPFields.session(browser.cookie)
        let count = try await client.execute(uri: "/count", method: .post, headers: headers)
        let (user, before) = (browser.user, browser.acknowledged)
        switch count.status {
        case .ok:
            let number = Int(count.text) ?? -1
            // An unclear one may have been saved as well, so it may be more, and never less.
            tally.change {
                $0.saved += 1
                if number <= before { $0.lost.append("\(user): \(number) after \(before)") }
            }
            browser.acknowledged = number
        case .serviceUnavailable:
            tally.change { $0.refused += 1 }
            try await Task.sleep(for: .milliseconds(5))
        default:
            tally.change { $0.wrong.append("\(user): status \(count.status)") }
        }
        if let cookie = count.cookie(), cookie != browser.cookie {
            tally.change { $0.wrong.append("\(user): another cookie") }
        }
        let whoami = try await client.execute(uri: "/whoami", method: .get, headers: headers)
        if whoami.status == .ok, whoami.text != user {
            tally.change { $0.wrong.append("\(user) was shown \(whoami.text)") }
        }
    }

    /// Waits until Redis is there again, and holds what it has against what was acknowledged.
    private static func settle(_ clients: [any TestClientProtocol], _ browser: Browser) async throws {
        for client in clients {
            let end = ContinuousClock.now.advanced(by: .seconds(20))
            while true {
                let response = try await client.execute(uri: "/whoami", method: .get, headers: .session(browser.cookie))
                if response.status == .ok {
                    #expect(response.text == browser.user)
                    break
                }
                guard ContinuousClock.now < end else {
                    Issue.record("Redis did not come back for \(browser.user)")
                    return
                }
                try await Task.sleep(for: .milliseconds(20))
            }
        }
        let count = try await clients[0].execute(uri: "/count", method: .post, headers: .session(browser.cookie))
        let number = Int(count.text) ?? -1
        #expect(number > browser.acknowledged, "\(browser.user)")
    }
}
