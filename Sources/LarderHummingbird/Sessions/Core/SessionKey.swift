/// The name of a value in sessions, together with its type.
///
/// ```swift
/// extension SessionKey where Value == [Int] {
///     static var recentlyViewed: Self { "recentlyViewed" }
/// }
/// session[.recentlyViewed] = [42]
/// ```
///
/// A session is a set of named values, not one struct of the application's: what signs users in, what remembers their cart and
/// what shows them a message once need not know of each other, a deployment that adds a value leaves the sessions that are there
/// readable, and requests that change different values do not meet at all. Who wants a struct keeps it under one key; it is
/// merged as a whole then.
public struct SessionKey<Value: Codable & Sendable>: Sendable, Hashable {
    /// The value's name.
    public let name: String

    /// Names a value.
    ///
    /// - Parameter name: The name; any text.
    public init(_ name: String) {
        self.name = name
    }
}

extension SessionKey: ExpressibleByStringLiteral {
    /// Names a value.
    ///
    /// - Parameter value: The name.
    public init(stringLiteral value: String) {
        self.init(value)
    }
}

extension SessionKey: CustomStringConvertible {
    /// The name.
    public var description: String { self.name }
}
