import Larder
import LarderHTTP
import LarderHummingbird
import LarderTesting
import Logging
import ServiceLifecycle
import Testing

@testable import CachingProxy

/// A proxy before an origin, in this process and on real sockets, with a clock that the test moves.
struct TestProxy: Sendable {
    let port: Int
    let origin: RawOrigin
    private let clock: ManualClock
    private let begin: ManualClock.Instant
    private let group: ServiceGroup

    /// Tells the proxy to end.
    func shutDown() async { await self.group.triggerGracefulShutdown() }

    /// Lets time pass for the cache; timeouts of connections know another.
    func advance(seconds: Int64) { self.clock.advance(by: .seconds(seconds)) }

    /// The date by the clock.
    var date: String { Self.date(self.clock, since: self.begin).description }

    private static func date(_ clock: ManualClock, since begin: ManualClock.Instant) -> HTTPDate {
        HTTPDate(noon.advanced(by: begin.duration(to: clock.now)))
    }

    /// Runs a proxy for as long as a test needs it, a minute at most.
    ///
    /// - Parameters:
    ///   - options: What is cached.
    ///   - change: Changes the settings.
    ///   - script: What the origin does.
    ///   - body: The test.
    /// - Throws: What the test throws.
    static func run(
        _ options: ResponseCacheOptions = .proxy(),
        settings change: (inout Settings) -> Void = { _ in },
        origin script: @escaping @Sendable (RawOrigin.Request) -> [RawOrigin.Action],
        _ body: @escaping @Sendable (TestProxy) async throws -> Void
    ) async throws {
        let origin = try await RawOrigin(script)
        let clock = ManualClock()
        var options = options
        options.clock = CacheClock(clock)
        // A clock of one's own begins in 2001.
        clock.advance(by: .seconds(noon.secondsSince1970 - 1_000_000_000))
        let begin = clock.now
        guard let address = OriginAddress("http://127.0.0.1:\(origin.port)") else { throw Unready() }
        var settings = Settings(origin: address)
        settings.port = 0
        change(&settings)
        let (ports, running) = AsyncStream<Int>.makeStream()
        var logger = Logger(label: "tests")
        logger.logLevel = .critical
        let services = try CachingProxy.services(
            settings,
            options: options,
            date: { Self.date(clock, since: begin) },
            logger: logger,
            onRunning: { running.yield($0) }
        )
        let group = ServiceGroup(services: services, logger: logger)
        // Whether it is the proxy that has ended, by itself and not by a cancellation that would leave connections lying about.
        try await withThrowingTaskGroup(of: Bool.self) { tasks in
            tasks.addTask {
                try await group.run()
                return true
            }
            tasks.addTask {
                try await Task.sleep(for: .seconds(60))
                throw TookTooLong()
            }
            tasks.addTask {
                guard let port = await ports.first(where: { _ in true }) else { throw Unready() }
                try await body(TestProxy(port: port, origin: origin, clock: clock, begin: begin, group: group))
                await group.triggerGracefulShutdown()
                return false
            }
            while let isOver = try await tasks.next(), !isOver {}
            tasks.cancelAll()
        }
        try await origin.close()
    }

    struct Unready: Error {}
    struct TookTooLong: Error {}

    /// Sends one request on a connection of its own.
    ///
    /// - Parameters:
    ///   - line: Method and path.
    ///   - fields: Lines; `Host` is there already.
    ///   - body: A body that a line among the fields gives the length of.
    /// - Returns: The final answer.
    /// - Throws: If there is none.
    func send(_ line: String = "GET /", _ fields: [String] = [], body: String = "") async throws -> RawClient.Answer {
        try await RawClient.connect(to: self.port) { client in
            try await client.send(Self.text(line, fields, body))
            let method = String(line.prefix { $0 != " " })
            while let answer = try await client.receive(method) {
                if answer.status >= 200 { return answer }
            }
            throw Unready()
        }
    }

    /// A request as text.
    static func text(_ line: String, _ fields: [String] = [], _ body: String = "") -> String {
        (["\(line) HTTP/1.1", "Host: shop.example"] + fields).joined(separator: "\r\n") + "\r\n\r\n" + body
    }
}

extension RawOrigin.Action {
    /// A whole answer, whose length is said.
    static func answer(_ status: Int = 200, _ fields: [String] = [], _ body: String = "page") -> Self {
        let length = status == 204 || status == 304 ? [] : ["Content-Length: \(body.utf8.count)"]
        let lines = ["HTTP/1.1 \(status) Said"] + fields + length
        return .say(lines.joined(separator: "\r\n") + "\r\n\r\n" + (status == 304 ? "" : body))
    }
}
