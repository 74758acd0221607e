/// Lends a deployment to a body, and stops it when the body ends, also when it throws.
func lending<Deployment, Value>(
    _ deployment: Deployment,
    _ body: (Deployment) async throws -> Value,
    stop: (Deployment) async -> Void
) async throws -> Value {
    do {
        let value = try await body(deployment)
        await stop(deployment)
        return value
    } catch {
        await stop(deployment)
        throw error
    }
}
