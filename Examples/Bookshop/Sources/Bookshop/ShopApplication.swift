import Hummingbird
import LarderHummingbird
import Logging
import NIOCore

/// The shop as a web application: what the program runs, and what the tests ask.
enum ShopApplication {
    /// Puts the shop together.
    ///
    /// - Parameters:
    ///   - shop: What the routes work with.
    ///   - settings: Where to listen, what is secret, and which proxies are trusted.
    ///   - logger: Where to log.
    ///   - onRunning: Called with the port once the shop can be reached.
    /// - Returns: The application, not yet running.
    /// - Throws: If resources are missing.
    static func make(
        _ shop: Storefront,
        settings: Settings,
        logger: Logger,
        onRunning: @escaping @Sendable (_ port: Int) -> Void = { _ in }
    ) throws -> Application<RouterResponder<ShopContext>> {
        let router = try Self.router(shop, settings)
        return Application(
            router: router,
            configuration: .init(address: .hostname(settings.host, port: settings.port), serverName: "Bookshop"),
            services: shop.services,
            onServerRunning: { channel in onRunning(channel.localAddress?.port ?? settings.port) },
            logger: logger
        )
    }

    private static func router(_ shop: Storefront, _ settings: Settings) throws -> Router<ShopContext> {
        let pages = try PageRenderer(cache: shop.caches.books)
        let errors = ErrorMiddleware(pages: pages)
        let sessions = SessionMiddleware<ShopContext>(
            shop.sessions,
            cookie: ShopCookie.cookie(isHTTPS: settings.isHTTPS)
        )
        let router = Router(context: ShopContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: ResponseHeadersMiddleware())
        router.add(middleware: errors)

        try Assets().add(to: router)
        // Pages, from the outside in: whose they are, what became of them, who has seen them, and whether they are there already.
        let visits = Visits(recorder: shop.recorder, sessions: shop.sessions)
        let visited = router.group()
            .add(middleware: AskAgainMiddleware())
            .add(middleware: sessions)
            .add(middleware: errors)
            .add(middleware: PageVisitMiddleware(visits: visits))
            .add(middleware: ConditionalGetMiddleware())
        let routes = PageRoutes(shop: shop, pages: pages)
        routes.addLive(to: visited.group())
        CountPages(shop: shop, pages: pages).add(to: visited.group())
        try AccountRoutes(shop: shop, pages: pages, proxies: settings.trustedProxies).add(to: visited.group())
        routes.addKept(to: visited.group().add(middleware: ResponseCacheMiddleware(shop.pages)))

        let books = BookAPI(shop: shop)
        let cache = CacheAPI(shop: shop)
        let api = router.group("api")
            .add(middleware: sessions)
            .add(middleware: errors)
            .add(middleware: CallVisitMiddleware(visits: visits))
        books.addReading(to: api)
        cache.addReading(to: api)
        CountAPI(shop: shop).add(to: api)

        let admin = router.group("api")
            .add(middleware: sessions)
            .add(middleware: errors)
            .add(middleware: CallVisitMiddleware(visits: visits))
            .add(middleware: AdminMiddleware(token: settings.adminToken))
        books.addWriting(to: admin)
        cache.addWriting(to: admin)
        return router
    }
}
