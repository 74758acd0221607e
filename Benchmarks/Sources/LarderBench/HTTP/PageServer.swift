import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Larder
import LarderHummingbird
import Logging
import NIOCore

/// A Hummingbird application whose routes all answer with the same body: two plainly, the others through a response cache; and the
/// same once more, with hits from memory answered before it.
struct PageServer {
    /// Where the application is, and the one with early hits.
    struct Ports {
        var plain: Int
        var early: Int
    }

    /// A cached route.
    struct Route {
        /// Its path.
        var path: String
        /// Where its pages lie.
        var cache: Cache
    }

    /// How many bytes a page has.
    static let pageBytes = 10_240

    private static let cacheStatus = HTTPField.Name("Cache-Status") ?? .server

    /// Serves until the body has ended.
    ///
    /// - Parameters:
    ///   - routes: The cached routes, beside `/plain`, and `/same`, which has as many fields as a hit has.
    ///   - cold: A page that is slow to make, behind the cache of the first of the routes.
    ///   - body: Gets the ports.
    /// - Returns: What the body returns.
    /// - Throws: What the body throws, and `Failure` where the server ends before it.
    static func serving<Result: Sendable>(
        _ routes: [Route],
        cold: ColdPage = ColdPage(),
        _ body: @escaping @Sendable (Ports) async throws -> Result
    ) async throws -> Result {
        let page = ByteBuffer(repeating: UInt8(ascii: "x"), count: Self.pageBytes)
        let answer: @Sendable () -> Response = {
            Response(
                status: .ok,
                headers: [.contentType: "text/html; charset=utf-8"],
                body: ResponseBody(byteBuffer: page)
            )
        }
        let router = Router()
        router.get("plain") { _, _ in answer() }
        router.get("same") { _, _ in
            var response = answer()
            response.headers.append(.init(name: .cacheControl, value: "max-age=3600"))
            response.headers.append(.init(name: .eTag, value: "\"0123456789abcdef0123456789abcdef\""))
            response.headers.append(.init(name: .age, value: "1"))
            response.headers.append(.init(name: Self.cacheStatus, value: "Larder;hit;ttl=3599"))
            return response
        }
        if let first = routes.first {
            router.group().add(
                middleware: ResponseCacheMiddleware(first.cache, options: .application(ttl: .seconds(3_600)))
            )
            .get("cold/:run") { _, _ in
                try await cold.make()
                return answer()
            }
        }
        var pages: [ResponseCache] = []
        for route in routes {
            let cache = ResponseCache(route.cache, options: .application(ttl: .seconds(3_600)))
            pages.append(cache)
            router.group().add(middleware: ResponseCacheMiddleware(cache))
                .get(RouterPath(route.path)) { _, _ in answer() }
        }
        let responder = router.buildResponder()
        let caches = pages
        return try await Self.running(responder, .http1()) { plain in
            let server = HTTPServerBuilder.http1(
                configuration: .init(additionalChannelHandlers: caches.map { $0.earlyHits() })
            )
            return try await Self.running(responder, server) { early in
                try await body(Ports(plain: plain, early: early))
            }
        }
    }

    private static func running<Result: Sendable>(
        _ responder: some HTTPResponder<BasicRequestContext>,
        _ server: HTTPServerBuilder,
        _ body: @escaping @Sendable (Int) async throws -> Result
    ) async throws -> Result {
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        var logger = Logger(label: "larder-bench")
        logger.logLevel = .error
        let application = Application(
            responder: responder,
            server: server,
            configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in
                if let port = channel.localAddress?.port { continuation.yield(port) }
                continuation.finish()
            },
            logger: logger
        )
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask {
                try await application.run()
                return nil
            }
            group.addTask {
                for await port in ports { return try await body(port) }
                throw Failure("the server has no port")
            }
            while let result = try await group.next() {
                if let result {
                    group.cancelAll()
                    return result
                }
            }
            throw Failure("the server has ended")
        }
    }
}
