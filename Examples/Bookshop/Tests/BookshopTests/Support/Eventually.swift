/// Waits for something that servers and connections do by themselves within a second or so.
///
/// - Parameters:
///   - limit: How long.
///   - condition: Looks once.
/// - Returns: Whether it has come true.
/// - Throws: What the condition throws.
func eventually(
    within limit: Duration = .seconds(30),
    _ condition: () async throws -> Bool
) async throws -> Bool {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < deadline else { return false }
        try await Task.sleep(for: .milliseconds(20))
    }
    return true
}
