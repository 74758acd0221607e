/// Somebody in front of a page, with cookies and a cache of their own.
final class BrowserVisitor: DevToolsConnection.Listener {
    private let context: String
    private let session: String
    private let connection: DevToolsConnection
    private let state: Watched<PageState>

    init(context: String, frame: String, session: String, connection: DevToolsConnection) {
        self.context = context
        self.session = session
        self.connection = connection
        self.state = Watched(PageState(frame: frame))
    }

    /// Where the visitor is.
    var url: String { self.state.now.url }

    /// What the pages have complained of so far: console errors, uncaught exceptions, violations of security policies, and
    /// what did not load.
    var complaints: [Complaint] {
        get async throws {
            // What the page said before it answers this has come before the answer.
            try await self.evaluate("0")
            return self.state.now.complaints
        }
    }

    // MARK: Navigation

    /// Opens a page, and waits until it is complete.
    ///
    /// - Parameter url: Where it is.
    /// - Returns: What was loaded; any status will do.
    /// - Throws: `BrowserError` when no answer came.
    @discardableResult
    func open(_ url: String) async throws -> LoadedPage {
        let moment = self.state.now
        let answer = try await self.call(
            "Page.navigate",
            ["url": .string(url)],
            waitingFor: "an answer from \(url)"
        )
        guard let loader = answer["loaderId"].string else {
            if let reason = answer["errorText"].string {
                throw BrowserError.navigationFailed(url: url, reason: reason)
            }
            return LoadedPage(url: self.url, isRestored: false, document: nil, responses: [])
        }
        if answer["errorText"] == "net::ERR_ABORTED" {
            throw BrowserError.navigationFailed(url: url, reason: "it is nothing to show, or was aborted")
        }
        return try await self.page(since: moment, loader: loader, "\(url) to be complete")
    }

    /// Reloads the page, as the button does.
    @discardableResult
    func reload() async throws -> LoadedPage {
        let moment = self.state.now
        try await self.call("Page.reload")
        return try await self.page(since: moment, "the reload of \(moment.url)")
    }

    /// Goes back to the page before.
    @discardableResult
    func back() async throws -> LoadedPage { try await self.go(-1) }

    /// Goes to the page from which the visitor came back.
    @discardableResult
    func forward() async throws -> LoadedPage { try await self.go(1) }

    private func go(_ steps: Int) async throws -> LoadedPage {
        let moment = self.state.now
        let history = try await self.call("Page.getNavigationHistory")
        let index = (history["currentIndex"].int ?? 0) + steps
        guard let entries = history["entries"].array, entries.indices.contains(index) else {
            throw BrowserError.navigationFailed(url: moment.url, reason: "the history ends here")
        }
        try await self.call("Page.navigateToHistoryEntry", ["entryId": entries[index]["id"]])
        let url = entries[index]["url"].string ?? ""
        return try await self.page(since: moment, "\(url) in the history to be shown")
    }

    /// Does something that leads to another page, and waits until that is complete.
    ///
    /// - Parameters:
    ///   - what: What is done, for the error.
    ///   - action: Does it.
    /// - Returns: The page.
    /// - Throws: `BrowserError`, what the action throws.
    @discardableResult
    func follow(_ what: String, _ action: () async throws -> Void) async throws -> LoadedPage {
        let moment = self.state.now
        try await action()
        return try await self.page(since: moment, "the page after \(what) on \(moment.url)")
    }

    private func page(
        since moment: PageState,
        loader: String? = nil,
        _ what: @autoclosure () -> String
    ) async throws -> LoadedPage {
        try await self.state.wait(for: what(), within: self.connection.limit) { state in
            try state.page(since: moment, loader: loader)
        }
    }

    // MARK: What the browser knows

    /// All cookies of the visitor, those that scripts cannot see as well.
    func cookies() async throws -> [BrowserCookie] {
        let answer = try await self.connection.call(
            "Storage.getCookies",
            ["browserContextId": .string(self.context)]
        )
        return (answer["cookies"].array ?? []).map(BrowserCookie.init)
    }

    /// A cookie by its name.
    func cookie(_ name: String) async throws -> BrowserCookie? {
        try await self.cookies().first { $0.name == name }
    }

    /// Tells the page's part of the browser something.
    @discardableResult
    func call(
        _ command: String,
        _ parameters: JSONValue = [:],
        waitingFor what: String? = nil
    ) async throws -> JSONValue {
        try await self.connection.call(command, parameters, session: self.session, waitingFor: what)
    }

    // MARK: Events

    /// Begins to listen.
    func begin() async throws {
        self.connection.listen(to: self.session, self)
        for domain in ["Page", "Network", "Runtime", "Log", "Inspector"] { try await self.call("\(domain).enable") }
        try await self.call("Page.setLifecycleEventsEnabled", ["enabled": true])
        // A page that nobody looks at takes no keys.
        try await self.call("Emulation.setFocusEmulationEnabled", ["enabled": true])
    }

    func take(event: String, _ details: JSONValue) {
        self.state.change { $0.take(event: event, details) }
        if event == "Page.javascriptDialogOpening" {
            // The page stands still until it is answered.
            try? self.connection.tell("Page.handleJavaScriptDialog", ["accept": false], session: self.session)
        }
    }

    func end(_ error: any Error) {
        self.state.end(error)
    }
}

/// A cookie as the browser keeps it.
struct BrowserCookie: Sendable, Equatable {
    let name: String
    let value: String
    let domain: String
    let path: String
    let httpOnly: Bool
    let secure: Bool
    /// `Strict`, `Lax` or `None`; `nil` when the server did not say.
    let sameSite: String?
    /// When it ends, in seconds since 1970; `nil` when with the browser.
    let expires: Double?

    init(_ cookie: JSONValue) {
        self.name = cookie["name"].string ?? ""
        self.value = cookie["value"].string ?? ""
        self.domain = cookie["domain"].string ?? ""
        self.path = cookie["path"].string ?? ""
        self.httpOnly = cookie["httpOnly"].bool ?? false
        self.secure = cookie["secure"].bool ?? false
        self.sameSite = cookie["sameSite"].string
        self.expires = cookie["session"].bool == true ? nil : cookie["expires"].number
    }
}
