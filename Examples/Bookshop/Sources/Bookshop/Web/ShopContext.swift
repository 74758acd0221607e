import Foundation
import Hummingbird
import NIOCore

/// What a request carries through the shop.
struct ShopContext: RequestContext {
    /// The largest body that is read: a title and a thousand keys fit many times over.
    static let largestBody = 64 * 1_024

    var coreContext: CoreRequestContextStorage

    /// Who asks, as far as the shop knows them.
    var visitor: Visitor?

    /// The address that the request comes from, as far as trusted proxies tell; else the other end of the connection.
    var address: String

    init(source: ApplicationRequestContextSource) {
        self.coreContext = .init(source: source)
        self.address = source.channel.remoteAddress?.ipAddress ?? "unknown"
    }

    var maxUploadSize: Int { Self.largestBody }

    var responseEncoder: JSONEncoder {
        let encoder = JSONEncoder()
        // The same answer is the same bytes, and URLs stay readable.
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }
}
