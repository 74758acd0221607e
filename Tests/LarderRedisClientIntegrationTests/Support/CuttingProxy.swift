import NIOCore
import NIOPosix
import Synchronization

/// Stands between client and server and cuts every connection after a number of bytes towards the client, in the middle
/// of a reply as likely as not.
final class CuttingProxy: Sendable {
    private let cuts: Cuts
    private let listener: any Channel

    /// Starts a proxy whose connections let so many bytes through, one after another; later ones all.
    static func start(to port: Int, budgets: [Int]) async throws -> CuttingProxy {
        let cuts = Cuts(budgets)
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { inbound in
                ClientBootstrap(group: inbound.eventLoop)
                    .connect(host: "127.0.0.1", port: port)
                    .flatMapThrowing { outbound in
                        try inbound.pipeline.syncOperations.addHandler(Relay(to: outbound))
                        try outbound.pipeline.syncOperations.addHandler(
                            Relay(to: inbound, budget: cuts.nextBudget(), cuts: cuts)
                        )
                    }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return CuttingProxy(listener: listener, cuts: cuts)
    }

    private init(listener: any Channel, cuts: Cuts) {
        self.listener = listener
        self.cuts = cuts
    }

    var port: Int { self.listener.localAddress?.port ?? 0 }

    /// How many connections are still to be cut.
    var remaining: Int { self.cuts.state.withLock { $0.budgets.count + $0.pending } }

    /// How many cuts have certainly left a part of a reply: what came before them does not end a line.
    var cutsWithinALine: Int { self.cuts.state.withLock { $0.withinALine } }

    func stop() async throws { try await self.listener.close() }
}

/// Runs a proxy while `body` uses it.
func withCuttingProxy<Value>(
    to port: Int,
    budgets: [Int],
    _ body: (CuttingProxy) async throws -> Value
) async throws -> Value {
    let proxy = try await CuttingProxy.start(to: port, budgets: budgets)
    do {
        let value = try await body(proxy)
        try await proxy.stop()
        return value
    } catch {
        try? await proxy.stop()
        throw error
    }
}

/// The cuts that are due and those that were made.
private final class Cuts: Sendable {
    struct State {
        var budgets: [Int]
        /// Connections that have a budget and were not cut yet.
        var pending = 0
        var withinALine = 0
    }

    let state: Mutex<State>

    init(_ budgets: [Int]) { self.state = Mutex(State(budgets: budgets)) }

    func nextBudget() -> Int? {
        self.state.withLock { state in
            guard !state.budgets.isEmpty else { return nil }
            state.pending += 1
            return state.budgets.removeFirst()
        }
    }

    func ended(withinALine: Bool) {
        self.state.withLock { state in
            state.pending -= 1
            if withinALine { state.withinALine += 1 }
        }
    }
}

private final class Relay: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let other: any Channel
    private var budget: Int?
    private let cuts: Cuts?

    init(to other: any Channel, budget: Int? = nil, cuts: Cuts? = nil) {
        self.other = other
        self.budget = budget
        self.cuts = cuts
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = self.unwrapInboundIn(data)
        if let budget = self.budget {
            self.budget = budget - buffer.readableBytes
            if budget <= buffer.readableBytes {
                if let rest = buffer.readSlice(length: budget) {
                    self.end(withinALine: rest.readableBytesView.last != UInt8(ascii: "\n"))
                    self.other.writeAndFlush(rest, promise: nil)
                }
                self.other.close(promise: nil)
                context.close(promise: nil)
                return
            }
        }
        self.other.writeAndFlush(buffer, promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.end(withinALine: false)
        self.other.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    /// The connection ends, cut or not: its budget is used up.
    private func end(withinALine: Bool) {
        guard self.budget != nil else { return }
        self.budget = nil
        self.cuts?.ended(withinALine: withinALine)
    }
}
