/// Waits for something that connections do by themselves within a second or so.
///
/// - Parameter condition: Looks once.
/// - Returns: Whether it has come true within ten seconds.
/// - Throws: What the condition throws.
func eventually(_ condition: () async throws -> Bool) async throws -> Bool {
    let deadline = ContinuousClock.now + .seconds(10)
    while try await !condition() {
        guard ContinuousClock.now < deadline else { return false }
        try await Task.sleep(for: .milliseconds(10))
    }
    return true
}
