/// A setting that the program cannot start with, in one line: which, where it was found, what was found, what is accepted.
///
/// ```text
/// caches.pages.ttl (shop.yaml:7): found "5"; accepted is a time with units, such as 250ms, 30s, 5m or 1h30m, or forever
/// ```
///
/// Passwords and keys are described in it, not quoted.
public struct ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The setting, as its source spells it: `caches.pages.ttl`, `CACHES_PAGES_TTL`, `--caches-pages-ttl`.
    public let key: String

    /// Where it was found: a file with the number of the line, `environment`, `arguments`.
    public let origin: String

    /// What was found and what is accepted.
    public let message: String

    /// - Parameters:
    ///   - key: The setting, as its source spells it.
    ///   - origin: Where it was found.
    ///   - message: What was found and what is accepted.
    init(_ key: String, in origin: String, _ message: String) {
        self.key = key
        self.origin = origin
        self.message = message
    }

    /// - Parameters:
    ///   - key: The setting, as its source spells it.
    ///   - origin: Where it was found.
    ///   - found: What was found there; secrets are described, not quoted.
    ///   - accepted: What would have been right.
    init(_ key: String, in origin: String, found: String, accepted: String) {
        self.init(key, in: origin, "found \(found); accepted is \(accepted)")
    }

    /// All of it in one line.
    public var description: String { "\(self.key) (\(self.origin)): \(self.message)" }
}
