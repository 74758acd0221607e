/// One rule that stores keep, and how to find out whether one does.
public struct ConformanceCheck<Subject: Sendable>: Sendable, CustomStringConvertible {
    /// The rule, in a few words.
    public let description: String

    private let body: @Sendable (Subject) async throws -> Void

    init(description: String, body: @escaping @Sendable (Subject) async throws -> Void) {
        self.description = description
        self.body = body
    }

    /// Finds out whether a store keeps the rule.
    ///
    /// - Parameter subject: The store.
    /// - Throws: ``ConformanceFailure`` where it does not; what the store throws where it should not.
    public func run(on subject: Subject) async throws { try await self.body(subject) }
}

/// A rule that a store broke: what was expected of it, and what it did.
public struct ConformanceFailure: Error, Sendable, CustomStringConvertible {
    /// What was looked at.
    public let subject: String

    /// What should have been.
    public let expected: String

    /// What was.
    public let found: String

    /// All of it in one line.
    public var description: String { "\(self.subject): expected \(self.expected), found \(self.found)" }
}
