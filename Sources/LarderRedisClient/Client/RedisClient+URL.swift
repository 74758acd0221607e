public import Logging
public import NIOCore
public import NIOPosix

extension RedisClient {
    /// A client for the server of a URL.
    ///
    /// Does not connect yet.
    ///
    /// - Parameters:
    ///   - url: The URL, such as `redis://localhost:6379/1`; see `RedisConfiguration.init(url:)`.
    ///   - eventLoopGroup: Where connections live.
    ///   - logger: For what happens in the background.
    /// - Throws: `RedisError` with the code `.invalidConfiguration` if the URL is wrong, `.tlsFailed` if a certificate or
    ///   key cannot be read.
    public convenience init(
        url: String,
        eventLoopGroup: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        logger: Logger = Logger(label: "larder.redis") { _ in SwiftLogNoOpLogHandler() }
    ) throws(RedisError) {
        try self.init(RedisConfiguration(url: url), eventLoopGroup: eventLoopGroup, logger: logger)
    }
}
