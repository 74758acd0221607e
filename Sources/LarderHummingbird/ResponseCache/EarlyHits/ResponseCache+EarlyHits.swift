public import HTTPTypes
import Hummingbird
import Larder
import LarderHTTP
public import NIOCore

extension ResponseCache {
    /// Makes a handler that answers hits from memory on the connection's event loop, before the application sees the request.
    ///
    /// A page that lies in this process' memory needs no task, no thread but the connection's, and no router. Everything else goes on
    /// to the application, as if the handler were not there.
    ///
    /// ```swift
    /// let pages = ResponseCacheMiddleware<AppContext>(cache, options: .application(ttl: .seconds(60)))
    /// let app = Application(
    ///     router: router,
    ///     server: .http1(configuration: .init(additionalChannelHandlers: [pages.pages.earlyHits()]))
    /// )
    /// ```
    ///
    /// It answers with a page only if the middleware of this same cache has answered with it before, so a page of another cache with
    /// other variations never gets out here. **What stands before the middleware does not see these hits**: no log, metric, session,
    /// limit, CORS field or check of who is asking. Use it where pages are for everybody, and where nothing before the cache guards
    /// them.
    ///
    /// - Parameters:
    ///   - serverName: What the answers' `Server` says; give it what the application's configuration has.
    ///   - prepare: What a request looks like to the cache, where something changes it on its way there; `nil` for a request that is
    ///     to go on to the application.
    /// - Returns: A handler for one connection, or one stream of HTTP/2.
    public func earlyHits(
        serverName: String? = nil,
        prepare: @escaping @Sendable (HTTPRequest, any Channel) -> HTTPRequest? = { head, _ in head }
    ) -> any ChannelDuplexHandler & RemovableChannelHandler {
        EarlyHitHandler(self, serverName: serverName, prepare: prepare)
    }

    /// The answer to a request, if it is a hit that can be had without waiting for anything.
    ///
    /// - Parameter head: A request without a body.
    /// - Returns: The answer; nothing where the application is to see the request.
    func earlyHit(_ head: HTTPRequest) -> PageAnswer? {
        if self.keysAreRemembered {
            // What this cache has answered with it has seen, so its key is among the recent ones.
            guard case .hit(let answer) = self.hitAtOnce(head, isEarly: true) else { return nil }
            return answer
        }
        let incoming = Incoming(Request(head: head, body: RequestBody(buffer: ByteBuffer())), self.policy)
        guard case .lookUp = incoming.summary.treatment(self.policy), let call = self.call(of: incoming),
            let found = self.findAtOnce(call.cacheKey), found.page.wasAnswered(by: self.number)
        else { return nil }
        return self.hit(found, call.summary, call.fields, call.key)
    }
}
