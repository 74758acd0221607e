/// A response that a page has got.
struct NetworkResponse: Sendable {
    let url: String
    let method: String
    /// What it is for, in the browser's words: `Document`, `Stylesheet`, `Image`, `Fetch` and so on.
    let kind: String
    /// The status as the page sees it: 200 for a stored response that the server has confirmed with 304.
    let status: Int
    /// The status as the server sent it; `nil` when nothing was asked.
    let wireStatus: Int?
    /// The headers of the request as they were sent, in lower case; empty when nothing was sent.
    let requestHeaders: [String: String]
    /// The headers of the response, in lower case: as the server sent them, or as they were stored if nothing was asked.
    let headers: [String: String]

    /// Whether it was taken from a cache without a request.
    var isFromCache: Bool { self.wireStatus == nil }
}

/// What one page's network has seen.
///
/// The browser tells of each exchange twice: what the page sees, and what went over the wire ("extra info"). The two come
/// in any order, and redirects are several exchanges under one number; then the order tells which belong together.
struct NetworkLog: Sendable {
    private struct Hop: Sendable {
        let url: String
        let method: String
        var kind = ""
        var status: Int?
        var headers: [String: String] = [:]
        var hasExtraInfo = false
        /// Which of the request's extra infos are this hop's.
        var extraInfo = 0
    }

    private struct Request: Sendable {
        /// The navigation, and how many requests there were before: both once the page has told of the request.
        var loader = ""
        var order = 0
        var hops: [Hop] = []
        var sent: [[String: String]] = []
        var received: [(status: Int, headers: [String: String])] = []
        /// Whether it was taken from the cache of the page's own process.
        var isFromMemory = false
        var failure: String?

        /// Whether what went over the wire is known for every response.
        var isComplete: Bool {
            self.received.count >= self.hops.filter { $0.status != nil && $0.hasExtraInfo }.count
        }

        var responses: [NetworkResponse] {
            self.hops.compactMap { hop in
                guard let status = hop.status else { return nil }
                let wire = hop.hasExtraInfo ? self.received[hop.extraInfo] : nil
                return NetworkResponse(
                    url: hop.url,
                    method: hop.method,
                    kind: hop.kind,
                    status: status,
                    wireStatus: wire?.status,
                    requestHeaders: hop.hasExtraInfo && hop.extraInfo < self.sent.count
                        ? self.sent[hop.extraInfo] : [:],
                    headers: wire?.headers ?? hop.headers
                )
            }
        }

        mutating func respond(_ response: JSONValue, kind: String, hasExtraInfo: Bool) {
            guard !self.hops.isEmpty else { return }
            let index = self.hops.count - 1
            self.hops[index].kind = kind
            self.hops[index].status = response["status"].int
            self.hops[index].headers = NetworkLog.headers(response["headers"])
            self.hops[index].extraInfo = self.hops.filter { $0.status != nil && $0.hasExtraInfo }.count
            // What is said of a response from a cache is what was said of it when it came.
            let isStored = self.isFromMemory || response["fromDiskCache"].bool ?? false
            self.hops[index].hasExtraInfo = hasExtraInfo && !isStored
        }
    }

    private var requests: [String: Request] = [:]

    /// How many requests there were.
    private(set) var count = 0

    /// The responses to requests of one navigation, in the order in which they were asked for.
    ///
    /// Without the page's icon, which the browser asks for when it likes.
    ///
    /// - Parameters:
    ///   - loader: The navigation.
    ///   - start: How many requests there were before.
    /// - Returns: The responses; `nil` while it is not known of each what went over the wire.
    func responses(of loader: String, from start: Int) -> [NetworkResponse]? {
        let requests = self.requests.values.filter { $0.loader == loader && $0.order >= start }
        guard requests.allSatisfy(\.isComplete) else { return nil }
        return requests.sorted { $0.order < $1.order }.flatMap(\.responses).filter { $0.kind != "Other" }
    }

    /// Why the document of a navigation did not come.
    func failure(of loader: String) -> String? { self.requests[loader]?.failure }

    mutating func take(event: String, _ details: JSONValue) {
        guard let id = details["requestId"].string else { return }
        switch event {
        case "Network.requestWillBeSent":
            self.begin(id, details)
        case "Network.responseReceived":
            self.requests[id]?.respond(
                details["response"],
                kind: details["type"].string ?? "",
                hasExtraInfo: details["hasExtraInfo"].bool ?? false
            )
        case "Network.requestServedFromCache":
            self.requests[id]?.isFromMemory = true
        case "Network.loadingFailed":
            self.requests[id]?.failure = details["errorText"].string
        case "Network.requestWillBeSentExtraInfo":
            self.requests[id, default: Request()].sent.append(Self.headers(details["headers"]))
        case "Network.responseReceivedExtraInfo":
            self.requests[id, default: Request()].received.append(
                (details["statusCode"].int ?? 0, Self.headers(details["headers"]))
            )
        default:
            break
        }
    }

    private mutating func begin(_ id: String, _ details: JSONValue) {
        var request = self.requests[id] ?? Request()
        if request.hops.isEmpty {
            request.loader = details["loaderId"].string ?? ""
            request.order = self.count
            self.count += 1
        }
        if details["redirectResponse"] != .null {
            request.respond(
                details["redirectResponse"],
                kind: details["type"].string ?? "",
                hasExtraInfo: details["redirectHasExtraInfo"].bool ?? false
            )
        }
        request.hops.append(
            Hop(url: details["request"]["url"].string ?? "", method: details["request"]["method"].string ?? "")
        )
        self.requests[id] = request
    }

    private static func headers(_ headers: JSONValue) -> [String: String] {
        let pairs = (headers.object ?? [:]).map { ($0.key.lowercased(), $0.value.string ?? "") }
        return Dictionary(pairs) { first, second in "\(first)\n\(second)" }
    }
}
