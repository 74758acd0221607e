import Foundation
import HTTPTypes
import LarderHTTP

/// Names that swift-http-types does not list.
extension HTTPField.Name {
    static let forwarded = Self.made("Forwarded")
    /// Which exchange a request on a connection to the origin belongs to; never leaves this process.
    static let larderExchange = Self.made("Larder-Exchange")
    static let proxyStatus = Self.made("Proxy-Status")
    static let xForwardedFor = Self.made("X-Forwarded-For")
    static let xForwardedHost = Self.made("X-Forwarded-Host")
    static let xForwardedProto = Self.made("X-Forwarded-Proto")

    private static func made(_ name: String) -> Self {
        // Only the names above come here, never one of a message.
        guard let name = Self(name) else { preconditionFailure("\(name) is not a field's name") }
        return name
    }
}

extension HTTPDate {
    /// The date now.
    static var now: Self { Self(secondsSince1970: Int64(Date().timeIntervalSince1970)) }
}
