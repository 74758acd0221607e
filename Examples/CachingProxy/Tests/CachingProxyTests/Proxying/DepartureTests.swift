import NIOCore
import Testing

@testable import CachingProxy

/// Answers that are longer than what sockets hold, and clients that take their time.
@Suite("Departure over sockets", .serialized)
struct DepartureTests {
    private static let size = 8 << 20

    /// An origin with one long page.
    private static func long(
        _ directive: String,
        size: Int = Self.size
    ) -> @Sendable (RawOrigin.Request) -> [RawOrigin.Action] {
        let body = String(repeating: "a", count: size)
        return { _ in [.answer(200, ["Cache-Control: \(directive)"], body)] }
    }

    /// Whether nobody is let in any more, which comes before connections are told to end.
    private static func isShut(_ proxy: TestProxy) async throws -> Bool {
        try await eventually {
            do {
                try await RawClient.connect(to: proxy.port) { _ in }
                return false
            } catch {
                return true
            }
        }
    }

    @Test("a client that reads only when the proxy shuts down gets all", arguments: ["no-store", "max-age=60"])
    func shutdown(_ directive: String) async throws {
        try await TestProxy.run(origin: Self.long(directive)) { proxy in
            if directive != "no-store" { _ = try await proxy.send() }
            try await RawClient.connect(to: proxy.port) { client in
                try await client.send(TestProxy.text("GET /"))
                let head = try await client.receiveHead()
                #expect(head?.status == 200)
                await proxy.shutDown()
                #expect(try await Self.isShut(proxy))
                #expect(try await client.countRest() == Self.size)
            }
        }
    }

    @Test("an answer that begins while the proxy shuts down says that it is the last")
    func lastAnswer() async throws {
        let gate = Gate()
        try await TestProxy.run(origin: { _ in [.await(gate), .answer()] }) { proxy in
            try await RawClient.connect(to: proxy.port) { client in
                try await client.send(TestProxy.text("GET /"))
                #expect(try await eventually { proxy.origin.requests.count == 1 })
                await proxy.shutDown()
                #expect(try await Self.isShut(proxy))
                gate.open()
                let answer = try await client.receive()
                #expect(answer?.body == "page" && answer?["Connection"] == ["close"])
                #expect(try await client.isEnded())
            }
        }
    }

    @Test("a client that has said all it has to say gets all", arguments: ["no-store", "max-age=60"])
    func halfClosed(_ directive: String) async throws {
        try await TestProxy.run(origin: Self.long(directive)) { proxy in
            if directive != "no-store" { _ = try await proxy.send() }
            try await RawClient.connect(to: proxy.port) { client in
                try await client.send(TestProxy.text("GET /"))
                client.sender.outbound.finish()
                let head = try await client.receiveHead()
                #expect(head?.status == 200)
                #expect(try await client.countRest(pausing: .milliseconds(1)) == Self.size)
            }
        }
    }

    @Test("a client that reads nothing is cut off, and the origin's connection is free of it")
    func unread() async throws {
        let size = 64 << 20
        try await TestProxy.run(
            settings: { $0.idleTimeout = .seconds(1) },
            origin: Self.long("no-store", size: size)
        ) { proxy in
            try await RawClient.connect(to: proxy.port) { client in
                try await client.send(TestProxy.text("GET /"))
                #expect(try await eventually { proxy.origin.endedConnections == 1 })
                // What the sockets held is still to be had.
                let head = try await client.receiveHead()
                #expect(head?.status == 200)
                let rest = try? await client.countRest()
                #expect((rest ?? 0) < size)
            }
        }
    }

    @Test("a client that reads slowly is let read", arguments: ["no-store", "max-age=60"])
    func slow(_ directive: String) async throws {
        try await TestProxy.run(
            settings: { $0.idleTimeout = .seconds(1) },
            origin: Self.long(directive)
        ) { proxy in
            if directive != "no-store" { _ = try await proxy.send() }
            try await RawClient.connect(to: proxy.port) { client in
                try await client.send(TestProxy.text("GET /", ["Connection: close"]))
                let head = try await client.receiveHead()
                #expect(head?.status == 200)
                let begin = ContinuousClock.now
                #expect(try await client.countRest(pausing: .milliseconds(25)) == Self.size)
                #expect(begin.duration(to: .now) > .seconds(2))
            }
        }
    }

    @Test("a client that pauses for longer than the origin may is not the origin's fault")
    func pausing() async throws {
        try await TestProxy.run(
            settings: { $0.answerTimeout = .seconds(1) },
            origin: Self.long("no-store", size: 64 << 20)
        ) { proxy in
            try await RawClient.connect(to: proxy.port) { client in
                try await client.send(TestProxy.text("GET /", ["Connection: close"]))
                let head = try await client.receiveHead()
                #expect(head?.status == 200)
                // Timeouts of connections know no clock but this one.
                try await Task.sleep(for: .seconds(3))
                #expect(try await client.countRest() == 64 << 20)
            }
        }
    }

    @Test("no more clients than are let in; the next one comes in when one has left")
    func mostClients() async throws {
        try await TestProxy.run(settings: { $0.mostClients = 1 }, origin: { _ in [.answer()] }) { proxy in
            let second = try await RawClient.connect(to: proxy.port) { first in
                try await first.send(TestProxy.text("GET /first"))
                let answer = try await first.receive()
                #expect(answer?.status == 200)
                let second = Task { try await proxy.send("GET /second") }
                try await Task.sleep(for: .milliseconds(300))
                #expect(proxy.origin.requests.count == 1)
                return second
            }
            let answer = try await second.value
            #expect(answer.status == 200)
        }
    }
}
