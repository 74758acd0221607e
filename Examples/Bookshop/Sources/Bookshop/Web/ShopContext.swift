import Foundation
import Hummingbird

/// What a request carries through the shop.
struct ShopContext: RequestContext {
    /// The largest body that is read: a title and a thousand keys fit many times over.
    static let largestBody = 64 * 1_024

    var coreContext: CoreRequestContextStorage

    init(source: ApplicationRequestContextSource) {
        self.coreContext = .init(source: source)
    }

    var maxUploadSize: Int { Self.largestBody }

    var responseEncoder: JSONEncoder {
        let encoder = JSONEncoder()
        // The same answer is the same bytes, and URLs stay readable.
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }
}
