import HTTPTypes
import Hummingbird
import Larder
import LarderHTTP

/// A request as it came.
struct Incoming: Sendable {
    var request: Request
    /// The request's head without what `Connection` names.
    var head: HTTPRequest
    var summary: RequestSummary

    init(_ request: Request, _ policy: CachePolicy) {
        var head = request.head
        self.summary = RequestSummary(&head, hasBody: false, policy: policy)
        self.head = head
        // Nothing but whole fields is taken out; comparing two heads would cost every hit more than reading this one.
        let isWhole = head.headerFields.count == request.headers.count
        self.request = isWhole ? request : Request(head: head, body: request.body)
    }

    /// Puts another path into the request.
    mutating func show(path: String) {
        guard path != self.head.path else { return }
        self.head.path = path
        self.request = Request(head: self.head, body: self.request.body)
    }

    /// Removes all cookies but some.
    mutating func keepCookies(_ names: [String]) {
        guard self.head.headerFields.contains(.cookie) else { return }
        let cookies = self.request.cookies
        let kept = names.compactMap { name in cookies[name].map { "\(name)=\($0.value)" } }
        self.head.headerFields[.cookie] = kept.isEmpty ? nil : kept.joined(separator: "; ")
        self.request = Request(head: self.head, body: self.request.body)
    }

    /// The request with another head.
    func request(_ head: HTTPRequest) -> Request {
        head == self.head ? self.request : Request(head: head, body: self.request.body)
    }
}

/// A request on its way through the cache.
struct PageCall: Sendable {
    var incoming: Incoming
    var key: ResponseKey
    var cacheKey: CacheKey<StoredPage>
    /// Asks the handler behind the client.
    var refresh: (@Sendable (Request) async throws -> Response)?
    /// How often it has begun anew.
    var attempts = 0
    /// Whether it has waited for somebody else's answer.
    var hasWaited = false

    var summary: RequestSummary { self.incoming.summary }
    var fields: HTTPFields { self.incoming.head.headerFields }
}

/// How far a request came without waiting.
enum Beginning {
    /// It has its answer.
    case answer(Response)
    /// A page that has to be asked for; with what this process' memory has of it.
    case page(PageCall, ResponseCache.Found?)
    /// It is not looked up; why, or nothing where it has no key.
    case past(Incoming, RequestTreatment?)
    /// It is a refresh on its way to its handler.
    case refresh(Request)
}
