/// Waiting for a deployment to get somewhere by itself.
enum AwaitedState {
    /// Looks again and again, every few milliseconds, until what is looked for is there.
    ///
    /// - Parameters:
    ///   - what: What is waited for, for the error.
    ///   - limit: How long.
    ///   - look: Looks once; `nil`, or a `TestServerError` that says why, when it is not there yet.
    /// - Returns: What `look` found.
    /// - Throws: `TestServerError` (`.notReady`) when it is not there in time; `CancellationError`; other errors of `look`.
    @discardableResult
    static func reach<Value>(
        _ what: String,
        within limit: Duration,
        _ look: () async throws -> Value?
    ) async throws -> Value {
        let deadline = ContinuousClock.now.advanced(by: limit)
        while true {
            var reason = ""
            do {
                if let found = try await look() { return found }
            } catch let error as TestServerError {
                reason = " " + error.message
            }
            guard ContinuousClock.now < deadline else {
                throw TestServerError(.notReady, "\(what) was not there within \(limit).\(reason)")
            }
            try await Task.sleep(for: .milliseconds(3))
        }
    }

    /// Looks again and again, every few milliseconds, until a condition holds.
    ///
    /// - Parameters:
    ///   - what: What is waited for, for the error.
    ///   - limit: How long.
    ///   - condition: Looks once; may also throw a `TestServerError` that says why it does not hold yet.
    /// - Throws: `TestServerError` (`.notReady`) when it does not hold in time; `CancellationError`; other errors of
    ///   `condition`.
    static func hold(
        _ what: String,
        within limit: Duration,
        _ condition: () async throws -> Bool
    ) async throws {
        try await Self.reach(what, within: limit) { try await condition() ? () : nil }
    }

    /// An error that says why something is not there yet.
    static func notYet(_ reason: String) -> TestServerError { TestServerError(.notReady, reason) }
}
