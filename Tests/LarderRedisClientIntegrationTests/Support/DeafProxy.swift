import NIOCore
import NIOPosix
import Synchronization

/// Stands between client and server and can stop passing anything on while all sockets stay open: what a firewall that
/// forgets a connection, or a machine that loses its power, looks like from here.
final class DeafProxy: Sendable {
    fileprivate let isDeaf = Atomic(false)
    private let listener = Mutex<(any Channel)?>(nil)

    /// Runs a proxy while `body` uses it.
    static func run<Value>(to port: Int, _ body: (DeafProxy) async throws -> Value) async throws -> Value {
        let proxy = DeafProxy()
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { inbound in
                ClientBootstrap(group: inbound.eventLoop)
                    .connect(host: "127.0.0.1", port: port)
                    .flatMapThrowing { outbound in
                        try inbound.pipeline.syncOperations.addHandler(DeafRelay(to: outbound, proxy))
                        try outbound.pipeline.syncOperations.addHandler(DeafRelay(to: inbound, proxy))
                    }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        proxy.listener.withLock { $0 = listener }
        do {
            let value = try await body(proxy)
            try await listener.close()
            return value
        } catch {
            try? await listener.close()
            throw error
        }
    }

    var port: Int { self.listener.withLock { $0?.localAddress?.port } ?? 0 }

    /// Whether what comes is dropped from now on.
    func setDeaf(_ isDeaf: Bool) { self.isDeaf.store(isDeaf, ordering: .sequentiallyConsistent) }
}

private final class DeafRelay: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let other: any Channel
    private let proxy: DeafProxy

    init(to other: any Channel, _ proxy: DeafProxy) {
        self.other = other
        self.proxy = proxy
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !self.proxy.isDeaf.load(ordering: .sequentiallyConsistent) else { return }
        self.other.writeAndFlush(self.unwrapInboundIn(data), promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.other.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
