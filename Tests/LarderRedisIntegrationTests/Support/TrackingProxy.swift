import NIOCore
import NIOPosix
import Synchronization

/// Stands between clients and a server, and cuts or holds up the connections on which the server tells of changes, or all
/// but those.
final class TrackingProxy: Sendable {
    fileprivate struct State {
        /// Where new connections lead.
        var port: Int
        var channels: [ObjectIdentifier: any Channel] = [:]
        var others: [ObjectIdentifier: any Channel] = [:]
        var refuses = false
        var isHeldUp = false
    }

    fileprivate let state: Mutex<State>
    private let listener: any Channel

    /// Starts a proxy on a free port.
    ///
    /// - Parameter port: The server's port.
    /// - Returns: The proxy.
    /// - Throws: What NIO throws.
    static func start(to port: Int) async throws -> TrackingProxy {
        let box = ProxyBox()
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { inbound in
                ClientBootstrap(group: inbound.eventLoop)
                    .connect(host: "127.0.0.1", port: box.value?.began(inbound) ?? port)
                    .flatMapThrowing { outbound in
                        let handler = Inbound(to: outbound, box: box)
                        try inbound.pipeline.syncOperations.addHandler(handler)
                        try outbound.pipeline.syncOperations.addHandler(Outbound(to: inbound, box: box))
                    }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let proxy = TrackingProxy(listener: listener, port: port)
        box.proxy.withLock { $0 = proxy }
        return proxy
    }

    private init(listener: any Channel, port: Int) {
        self.listener = listener
        self.state = Mutex(State(port: port))
    }

    var port: Int { self.listener.localAddress?.port ?? 0 }

    /// How many connections are there on which the server tells of changes.
    var count: Int { self.state.withLock { $0.channels.count } }

    /// Cuts the connections, and new ones as soon as they ask to be told.
    func cut() {
        let channels = self.state.withLock { state in
            state.refuses = true
            return Array(state.channels.values)
        }
        for channel in channels { channel.close(promise: nil) }
    }

    /// Leads connections to another server from now on, and cuts those to the former one on which it does not tell of changes.
    func lead(to port: Int) {
        let others = self.state.withLock { state in
            state.port = port
            return Array(state.others.values)
        }
        for channel in others { channel.close(promise: nil) }
    }

    /// Lets connections through again.
    func mend() {
        self.state.withLock { state in
            state.refuses = false
            state.isHeldUp = false
        }
    }

    /// Lets nothing through on the connections any more, without closing them: they are half open.
    func holdUp() { self.state.withLock { $0.isHeldUp = true } }

    func stop() async throws { try await self.listener.close() }

    /// - Returns: The port that the connection leads to.
    fileprivate func began(_ channel: any Channel) -> Int {
        self.state.withLock { state in
            state.others[ObjectIdentifier(channel)] = channel
            return state.port
        }
    }

    /// - Returns: Whether the connection may go on.
    fileprivate func isTracking(_ channel: any Channel) -> Bool {
        self.state.withLock { state in
            if state.refuses { return false }
            state.others[ObjectIdentifier(channel)] = nil
            state.channels[ObjectIdentifier(channel)] = channel
            return true
        }
    }

    fileprivate func ended(_ channel: any Channel) {
        self.state.withLock { state in
            state.channels[ObjectIdentifier(channel)] = nil
            state.others[ObjectIdentifier(channel)] = nil
        }
    }

    fileprivate func isHeldUp(_ channel: any Channel) -> Bool {
        self.state.withLock { $0.isHeldUp && $0.channels[ObjectIdentifier(channel)] != nil }
    }
}

/// Connections find their proxy here: it is made after the listener that makes them.
private final class ProxyBox: Sendable {
    let proxy = Mutex<TrackingProxy?>(nil)
    var value: TrackingProxy? { self.proxy.withLock { $0 } }
}

/// What the client says.
private final class Inbound: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let other: any Channel
    private let box: ProxyBox

    init(to other: any Channel, box: ProxyBox) {
        self.other = other
        self.box = box
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = self.unwrapInboundIn(data)
        if String(buffer: buffer).contains("TRACKING"), self.box.value?.isTracking(context.channel) == false {
            context.close(promise: nil)
            return
        }
        self.other.writeAndFlush(buffer, promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.box.value?.ended(context.channel)
        self.other.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

/// What the server says.
private final class Outbound: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let other: any Channel
    private let box: ProxyBox

    init(to other: any Channel, box: ProxyBox) {
        self.other = other
        self.box = box
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if self.box.value?.isHeldUp(self.other) == true { return }
        self.other.writeAndFlush(self.unwrapInboundIn(data), promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { self.other.close(promise: nil) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

/// Runs a proxy while `body` uses it.
func withTrackingProxy(to port: Int, _ body: (TrackingProxy) async throws -> Void) async throws {
    let proxy = try await TrackingProxy.start(to: port)
    do {
        try await body(proxy)
    } catch {
        try? await proxy.stop()
        throw error
    }
    try await proxy.stop()
}
