import NIOCore
import NIOPosix
import Synchronization

/// Stands between client and server and cuts every connection after a number of bytes towards the client, in the middle
/// of a reply as likely as not.
final class CuttingProxy: Sendable {
    private let budgets: BudgetSource
    private let listener: any Channel

    /// Starts a proxy whose connections let so many bytes through, one after another; later ones all.
    static func start(to port: Int, budgets: [Int]) async throws -> CuttingProxy {
        let group = MultiThreadedEventLoopGroup.singleton
        let budgetSource = BudgetSource(budgets)
        let listener = try await ServerBootstrap(group: group)
            .childChannelInitializer { inbound in
                ClientBootstrap(group: inbound.eventLoop)
                    .connect(host: "127.0.0.1", port: port)
                    .flatMapThrowing { outbound in
                        try inbound.pipeline.syncOperations.addHandler(Relay(to: outbound, budget: nil))
                        try outbound.pipeline.syncOperations.addHandler(
                            Relay(to: inbound, budget: budgetSource.next())
                        )
                    }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return CuttingProxy(listener: listener, budgets: budgetSource)
    }

    private init(listener: any Channel, budgets: BudgetSource) {
        self.listener = listener
        self.budgets = budgets
    }

    var port: Int { self.listener.localAddress?.port ?? 0 }

    /// How many connections are still to be cut.
    var remaining: Int { self.budgets.remaining }

    func stop() async throws { try await self.listener.close() }
}

private final class BudgetSource: Sendable {
    private let budgets: Mutex<[Int]>

    init(_ budgets: [Int]) { self.budgets = Mutex(budgets) }

    func next() -> Int? { self.budgets.withLock { $0.isEmpty ? nil : $0.removeFirst() } }

    var remaining: Int { self.budgets.withLock { $0.count } }
}

private final class Relay: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let other: any Channel
    private var budget: Int?

    init(to other: any Channel, budget: Int?) {
        self.other = other
        self.budget = budget
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = self.unwrapInboundIn(data)
        if let budget = self.budget {
            self.budget = budget - buffer.readableBytes
            if budget <= buffer.readableBytes {
                if let rest = buffer.readSlice(length: budget) { self.other.writeAndFlush(rest, promise: nil) }
                self.other.close(promise: nil)
                context.close(promise: nil)
                return
            }
        }
        self.other.writeAndFlush(buffer, promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.other.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
