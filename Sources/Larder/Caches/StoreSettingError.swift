/// What is wrong with a store's URL or with one of its options, in a line that says what was found and what is accepted.
///
/// It never quotes what is, or may be, a password.
public struct StoreSettingError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The option; `nil` where it is the URL itself.
    public let option: String?

    /// What was found, and what is accepted.
    public let message: String

    /// Describes a wrong option.
    ///
    /// - Parameters:
    ///   - option: The option; `nil` for the URL itself.
    ///   - found: What was found; secrets are described, not quoted.
    ///   - accepted: What would have been right.
    public init(option: String? = nil, found: String, accepted: String) {
        self.init(option: option, message: "found \(found); accepted is \(accepted)")
    }

    /// Describes a wrong option.
    ///
    /// - Parameters:
    ///   - option: The option; `nil` for the URL itself.
    ///   - message: What was found and what is accepted, in a line without a password.
    public init(option: String? = nil, message: String) {
        self.option = option
        self.message = message
    }

    /// All of it in one line.
    public var description: String {
        "\(self.option.map { "the option \($0)" } ?? "the store's URL"): \(self.message)"
    }
}
