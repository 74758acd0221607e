import Hummingbird
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
        let router = Router(context: ShopContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: ResponseHeadersMiddleware())
        router.add(middleware: ErrorMiddleware(pages: pages))
        router.add(middleware: ClientAddressMiddleware(proxies: settings.trustedProxies))
        let cookies = VisitorCookies(secret: settings.visitorSecret)

        try Assets().add(to: router)
        let visited = router.group().add(middleware: PageVisitorMiddleware(cookies: cookies, recorder: shop.recorder))
        PageRoutes(shop: shop, pages: pages).add(to: visited)
        CountPages(shop: shop, pages: pages).add(to: visited)

        let books = BookAPI(shop: shop)
        let cache = CacheAPI(shop: shop)
        let api = router.group("api").add(middleware: CallerMiddleware(cookies: cookies, recorder: shop.recorder))
        books.addReading(to: api)
        cache.addReading(to: api)
        CountAPI(shop: shop).add(to: api)

        let admin = router.group("api")
            .add(middleware: CallerMiddleware(cookies: cookies, recorder: shop.recorder))
            .add(middleware: AdminMiddleware(token: settings.adminToken))
        books.addWriting(to: admin)
        cache.addWriting(to: admin)
        return router
    }
}
