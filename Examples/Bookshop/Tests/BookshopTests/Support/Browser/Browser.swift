/// Starts a headless Chromium, and ends it afterwards, whatever happens.
///
/// A Chromium that goes back restores the page as it was left, from memory and without a request, unless
/// `restoresPages` is false: then going back is a navigation, and what the HTTP cache does for it can be seen. That is
/// answered from the HTTP cache without a request even where the response says `no-cache`; the server is only asked
/// when the response was not stored (`no-store`), or its `Vary` no longer fits: `Vary: Cookie` after a cookie has
/// changed, `Vary: *` always.
///
/// - Parameters:
///   - limit: How long each wait may take.
///   - restoresPages: Whether the back/forward cache is on, as it is for people.
///   - body: What to do with it.
/// - Returns: What the body returns.
/// - Throws: `BrowserError` when the browser cannot be started, and what the body throws.
func withBrowser<Result>(
    limit: Duration = .seconds(30),
    restoresPages: Bool = false,
    _ body: (Browser) async throws -> Result
) async throws -> Result {
    let process = try BrowserProcess(restoresPages: restoresPages)
    do {
        let connection = DevToolsConnection(process, limit: limit)
        let version = try await connection.call("Browser.getVersion", waitingFor: "Chromium to start")
        let result = try await body(Browser(version: version["product"].string ?? "", connection: connection))
        await process.end()
        return result
    } catch {
        await process.end()
        throw error
    }
}

/// A running browser.
struct Browser: Sendable {
    /// As "Chrome/156.0.8078.79".
    let version: String

    let connection: DevToolsConnection

    /// Somebody new with cookies and a cache of their own, in front of an empty page.
    func newVisitor() async throws -> BrowserVisitor {
        let context = try await self.connection.call("Target.createBrowserContext")["browserContextId"]
        let target = try await self.connection.call(
            "Target.createTarget",
            ["url": "about:blank", "browserContextId": context]
        )["targetId"]
        let session = try await self.connection.call(
            "Target.attachToTarget",
            ["targetId": target, "flatten": true]
        )["sessionId"]
        guard let context = context.string, let frame = target.string, let session = session.string else {
            throw BrowserError.refused(command: "Target.createTarget", reason: "an answer without a number")
        }
        let visitor = BrowserVisitor(context: context, frame: frame, session: session, connection: self.connection)
        try await visitor.begin()
        return visitor
    }
}
