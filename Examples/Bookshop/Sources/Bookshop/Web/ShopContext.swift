import Foundation
import Hummingbird
import LarderHummingbird
import NIOCore

/// What a request carries through the shop.
struct ShopContext: SessionRequestContext, RemoteAddressRequestContext {
    /// The largest body that is read: a title and a thousand keys fit many times over.
    static let largestBody = 64 * 1_024

    var coreContext: CoreRequestContextStorage

    var sessionSlot = SessionSlot()

    /// The other end of the connection.
    let remoteAddress: SocketAddress?

    init(source: ApplicationRequestContextSource) {
        self.coreContext = .init(source: source)
        self.remoteAddress = source.channel.remoteAddress
    }

    var maxUploadSize: Int { Self.largestBody }

    var responseEncoder: JSONEncoder {
        let encoder = JSONEncoder()
        // The same answer is the same bytes, and URLs stay readable.
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }
}
