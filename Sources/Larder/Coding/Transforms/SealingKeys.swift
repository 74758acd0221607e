/// The keys of a sealer as a configuration names them: the one that seals, and those that open what is there yet.
///
/// They are never printed: neither their description nor a debugger's view of them has a byte of one.
public struct SealingKeys: Sendable {
    /// One of them.
    public struct Key: Sendable {
        /// Its name in the configuration.
        public let name: String

        /// The key.
        public let bytes: [UInt8]

        /// Names a key.
        ///
        /// - Parameters:
        ///   - name: Its name in the configuration.
        ///   - bytes: The key.
        public init(name: String, bytes: [UInt8]) {
            self.name = name
            self.bytes = bytes
        }
    }

    /// The one that seals.
    public let current: Key

    /// Those that entries may be sealed with that are there yet.
    public let previous: [Key]

    /// Gathers keys.
    ///
    /// - Parameters:
    ///   - current: The one that seals.
    ///   - previous: Those that entries may be sealed with that are there yet.
    public init(current: Key, previous: [Key] = []) {
        self.current = current
        self.previous = previous
    }
}

extension SealingKeys.Key: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The name, and nothing of the key.
    public var description: String { "the key \(self.name.debugDescription) (redacted)" }

    /// The name, and nothing of the key.
    public var debugDescription: String { self.description }

    /// The name, and nothing of the key.
    public var customMirror: Mirror { Mirror(self, children: ["name": self.name]) }
}
