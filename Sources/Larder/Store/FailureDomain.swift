/// A part of a store that fails by itself: one of several servers that share the keys.
public struct FailureDomain: Sendable, Hashable, CustomStringConvertible {
    /// What it is called in logs; free of passwords.
    public let name: String

    /// Names a part of a store.
    ///
    /// - Parameter name: What it is called, such as a server's address.
    public init(_ name: String) {
        self.name = name
    }

    /// A text for people.
    public var description: String { self.name }
}
