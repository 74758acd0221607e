/// Something a page has complained of.
struct Complaint: Sendable, CustomStringConvertible {
    enum Kind: Sendable {
        /// A script wrote an error or a failed assertion to the console.
        case console
        /// Nobody caught an exception.
        case exception
        /// The page's security policy forbade something.
        case security
        /// Something that the page needs did not come.
        case network
        /// Anything else that the browser itself calls an error, and dialogues, which nobody is there to answer.
        case other
    }

    let kind: Kind
    let text: String
    let url: String

    var description: String { "\(self.kind): \(self.text) (\(self.url))" }
}

/// What the browser has told of a page.
struct PageState: Sendable {
    let frame: String

    var network = NetworkLog()
    var complaints: [Complaint] = []
    var url = "about:blank"
    /// How many documents were shown, and the last one's number and how it came.
    private(set) var shown = 0
    private(set) var loader = ""
    private(set) var isRestored = false
    private(set) var hasCrashed = false
    private var isUnreachable = false
    private var loaded: Set<String> = []

    init(frame: String) {
        self.frame = frame
    }

    /// The page that was loaded after a moment in the past.
    ///
    /// - Parameters:
    ///   - moment: How things were then.
    ///   - loader: The navigation, if it is known.
    /// - Returns: `nil` while it is not there with all that it needs.
    /// - Throws: `BrowserError` when it is not going to come.
    func page(since moment: PageState, loader: String? = nil) throws -> LoadedPage? {
        if self.hasCrashed { throw BrowserError.pageCrashed(url: self.url) }
        guard self.shown > moment.shown, loader == nil || loader == self.loader else { return nil }
        guard self.loaded.contains(self.loader) || self.isRestored,
            let responses = self.network.responses(of: self.loader, from: moment.network.count)
        else { return nil }
        let document = responses.last { $0.kind == "Document" && $0.url == self.url.withoutFragment }
        // An answer without a body has the browser show a page of its own, but it is an answer.
        if self.isUnreachable, document.map({ 300..<400 ~= $0.status }) ?? true {
            let reason = self.network.failure(of: self.loader) ?? "the browser does not say why"
            throw BrowserError.navigationFailed(url: self.url, reason: reason)
        }
        return LoadedPage(url: self.url, isRestored: self.isRestored, document: document, responses: responses)
    }

    mutating func take(event: String, _ details: JSONValue) {
        self.network.take(event: event, details)
        switch event {
        case "Page.frameNavigated":
            self.show(details)
        case "Page.navigatedWithinDocument" where details["frameId"].string == self.frame:
            self.url = details["url"].string ?? self.url
        case "Page.lifecycleEvent" where details["frameId"].string == self.frame && details["name"] == "load":
            self.loaded.insert(details["loaderId"].string ?? "")
        case "Inspector.targetCrashed":
            self.hasCrashed = true
        case "Page.javascriptDialogOpening":
            self.complain(.other, "a dialogue: \(details["message"].string ?? "")", details["url"])
        case "Runtime.consoleAPICalled" where details["type"] == "error" || details["type"] == "assert":
            let words = (details["args"].array ?? []).map { word in
                word["value"].string ?? word["description"].string ?? (try? word["value"].text) ?? ""
            }
            self.complain(.console, words.joined(separator: " "))
        case "Runtime.exceptionThrown":
            let exception = details["exceptionDetails"]
            let text = exception["exception"]["description"].string ?? exception["text"].string ?? ""
            self.complain(.exception, text, exception["url"])
        case "Log.entryAdded" where details["entry"]["level"] == "error":
            let entry = details["entry"]
            let kind: Complaint.Kind =
                switch entry["source"].string {
                case "security": .security
                case "network": .network
                default: .other
                }
            self.complain(kind, entry["text"].string ?? "", entry["url"])
        default:
            break
        }
    }

    private mutating func show(_ details: JSONValue) {
        let frame = details["frame"]
        guard frame["id"].string == self.frame else { return }
        self.shown += 1
        self.loader = frame["loaderId"].string ?? ""
        self.isRestored = details["type"] == "BackForwardCacheRestore"
        let unreachable = frame["unreachableUrl"].string ?? ""
        self.isUnreachable = !unreachable.isEmpty
        self.url = self.isUnreachable ? unreachable : (frame["url"].string ?? "") + (frame["urlFragment"].string ?? "")
    }

    private mutating func complain(_ kind: Complaint.Kind, _ text: String, _ url: JSONValue = .null) {
        let url = url.string.flatMap { $0.isEmpty ? nil : $0 } ?? self.url
        self.complaints.append(Complaint(kind: kind, text: text, url: url))
    }
}

/// A page that has come, with what was asked for it until it was complete.
struct LoadedPage: Sendable {
    /// Where it is from, after redirects.
    let url: String
    /// Whether it was shown again as it was left, without any request, by the back/forward cache.
    let isRestored: Bool
    /// The response that the page is; `nil` when it was restored.
    let document: NetworkResponse?
    /// All responses, in the order in which they were asked for: redirects, the document, and what belongs to it but its
    /// icon.
    let responses: [NetworkResponse]

    /// The status as the page sees it: 200 for a stored page that the server has confirmed with 304.
    var status: Int? { self.document?.status }
    /// The status as the server sent it; `nil` when it was not asked.
    var wireStatus: Int? { self.document?.wireStatus }
    /// Whether the page was shown without asking the server for it.
    var isFromCache: Bool { self.document?.isFromCache ?? true }
}

extension String {
    /// A URL as it is asked for.
    fileprivate var withoutFragment: String { String(self.prefix { $0 != "#" }) }
}
