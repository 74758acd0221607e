import HTTPTypes

/// Names that swift-http-types does not list.
enum FieldName {
    static let cacheStatus = Self.made("Cache-Status")
    static let cacheTag = Self.made("Cache-Tag")
    static let cdnCacheControl = Self.made("CDN-Cache-Control")
    static let keepAlive = Self.made("Keep-Alive")
    static let pragma = Self.made("Pragma")
    static let proxyConnection = Self.made("Proxy-Connection")
    static let surrogateKey = Self.made("Surrogate-Key")
    static let warning = Self.made("Warning")

    private static func made(_ name: String) -> HTTPField.Name {
        // Only the names above come here, never one of a message.
        guard let name = HTTPField.Name(name) else { preconditionFailure("\(name) is not a field's name") }
        return name
    }
}
