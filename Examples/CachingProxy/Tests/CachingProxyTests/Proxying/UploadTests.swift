import Testing

@testable import CachingProxy

/// Bodies on their way to an origin that does not take them.
@Suite("Uploads over sockets", .serialized)
struct UploadTests {
    private static let size = 64 << 20

    /// Sends more than sockets hold, until it fails or is cancelled.
    private static func upload(_ sender: RawClient.Sender) async {
        try? await sender.send(TestProxy.text("PUT /", ["Content-Length: \(Self.size)"]))
        let piece = String(repeating: "a", count: 1 << 20)
        for _ in 0..<(Self.size >> 20) {
            guard (try? await sender.send(piece)) != nil else { return }
        }
    }

    @Test("a client that leaves takes the origin's connection with it", arguments: [false, true])
    func clientGone(isReading: Bool) async throws {
        let gate = Gate()
        try await TestProxy.run(origin: { _ in isReading ? [.readBody] : [.await(gate)] }) { proxy in
            try await RawClient.connect(to: proxy.port) { client in
                let sender = client.sender
                try await sender.send(TestProxy.text("PUT /", ["Content-Length: \(Self.size)"], "beginning"))
                #expect(try await eventually { proxy.origin.requests.count == 1 })
            }
            #expect(try await eventually { proxy.origin.endedConnections == 1 })
            gate.open()
        }
    }

    @Test("so does one that leaves when nothing goes on any more")
    func stalledClientGone() async throws {
        let gate = Gate()
        try await TestProxy.run(
            settings: { $0.mostConnections = 1 },
            origin: { asked in asked.line.hasPrefix("PUT") ? [.await(gate)] : [.answer()] }
        ) { proxy in
            try await RawClient.connect(to: proxy.port) { client in
                let sender = client.sender
                let uploading = Task { await Self.upload(sender) }
                #expect(try await eventually { proxy.origin.requests.count == 1 })
                // Until the sockets are full.
                try await Task.sleep(for: .seconds(2))
                try await client.vanish()
                uploading.cancel()
            }
            // The one connection is free for somebody else. The origin itself would see the end of it behind all that it has not read.
            let next = try await proxy.send()
            #expect(next.status == 200)
            gate.open()
        }
    }

    @Test("an origin that takes nothing has not answered in time")
    func untaken() async throws {
        let gate = Gate()
        try await TestProxy.run(
            settings: {
                $0.answerTimeout = .seconds(1)
                $0.mostConnections = 1
            },
            origin: { asked in asked.line.hasPrefix("PUT") ? [.await(gate)] : [.answer()] }
        ) { proxy in
            try await RawClient.connect(to: proxy.port) { client in
                let sender = client.sender
                let uploading = Task { await Self.upload(sender) }
                let answer = try await client.receive()
                #expect(answer?.status == 504)
                let next = try await proxy.send()
                #expect(next.status == 200)
                uploading.cancel()
            }
            gate.open()
        }
    }

    @Test("an origin that takes everything and says nothing has not answered in time")
    func unanswered() async throws {
        let gate = Gate()
        try await TestProxy.run(
            settings: { $0.answerTimeout = .seconds(1) },
            origin: { _ in [.readBody, .await(gate)] }
        ) { proxy in
            let answer = try await proxy.send("PUT /", ["Content-Length: 4"], body: "body")
            #expect(answer.status == 504)
            #expect(try await eventually { proxy.origin.endedConnections == 1 })
            gate.open()
        }
    }
}
