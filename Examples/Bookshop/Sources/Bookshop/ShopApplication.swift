import Hummingbird
import Logging
import NIOCore

/// The shop as a web application: what the program runs, and what the tests ask.
enum ShopApplication {
    /// Puts the shop together.
    ///
    /// - Parameters:
    ///   - repository: The books.
    ///   - settings: Where to listen, and the admin token.
    ///   - logger: Where to log.
    ///   - onRunning: Called with the port once the shop can be reached.
    /// - Returns: The application, not yet running.
    /// - Throws: If resources are missing.
    static func make(
        repository: BookRepository,
        settings: Settings,
        logger: Logger,
        onRunning: @escaping @Sendable (_ port: Int) -> Void = { _ in }
    ) throws -> Application<RouterResponder<ShopContext>> {
        let router = try Self.router(repository: repository, adminToken: settings.adminToken)
        return Application(
            router: router,
            configuration: .init(address: .hostname(settings.host, port: settings.port), serverName: "Bookshop"),
            services: repository.cache.services,
            onServerRunning: { channel in onRunning(channel.localAddress?.port ?? settings.port) },
            logger: logger
        )
    }

    private static func router(repository: BookRepository, adminToken: String?) throws -> Router<ShopContext> {
        let pages = try PageRenderer()
        let router = Router(context: ShopContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: ResponseHeadersMiddleware())
        router.add(middleware: ErrorMiddleware(pages: pages))

        try Assets().add(to: router)
        PageRoutes(repository: repository, pages: pages).add(to: router)

        let books = BookAPI(repository: repository)
        let cache = CacheAPI(cache: repository.cache)
        let api = router.group("api")
        books.addReading(to: api)
        cache.addReading(to: api)

        let admin = router.group("api").add(middleware: AdminMiddleware(token: adminToken))
        books.addWriting(to: admin)
        cache.addWriting(to: admin)
        return router
    }
}
