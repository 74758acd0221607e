import HTTPTypes
import LarderHTTP
import Testing

/// Requests one after the other, what the origin says to each, and where the answer has to come from.
///
/// They are told twice: to the rules alone, and to the example proxy over sockets.
struct Story: Sendable, CustomTestStringConvertible {
    /// Where a client's answer comes from.
    enum Source: Hashable {
        /// From the store.
        case cached
        /// From the origin.
        case fetched
        /// From the store, after the origin said that it is still true.
        case validated
    }

    /// One request.
    struct Step: Sendable {
        /// How many seconds after the one before.
        var after: Int64 = 0
        /// Method and path.
        var line = "GET /"
        /// The request's fields.
        var request: [String] = []
        /// The origin's status, zero for no answer; to a condition that holds it answers 304.
        var status = 200
        /// The origin's fields; `DATE` in them is now.
        var response: [String] = []
        /// The origin's body.
        var body = "01234567890"
        /// Where the answer comes from.
        var from: Source = .fetched
        /// The status that the client gets.
        var gets: Int?
        /// What the client gets as a body.
        var reads: String?
        /// Lines that the client gets.
        var has: [String] = []
        /// Names of fields that it does not get.
        var lacks: [String] = []
    }

    var name: String
    var steps: [Step]
    var policy: CachePolicy = .proxy

    init(_ name: String, policy: CachePolicy = .proxy, _ steps: Step...) {
        self.name = name
        self.steps = steps
        self.policy = policy
    }

    var testDescription: String { self.name }

    /// The origin's answer to a request in one of the steps: 304 where a condition holds.
    static func origin(_ request: HTTPRequest, _ step: Step, _ headers: HTTPFields) -> (HTTPResponse, String) {
        let tags = headers.lines("ETag")
        let isSame =
            !tags.isEmpty && request.headerFields.lines("If-None-Match") == tags
            || tags.isEmpty && !headers.lines("Last-Modified").isEmpty
                && request.headerFields.lines("If-Modified-Since") == headers.lines("Last-Modified")
        let status = isSame && step.status == 200 ? 304 : step.status
        return (HTTPResponse(status: .init(code: status), headerFields: headers), isSame ? "" : step.body)
    }

    /// The fields of lines.
    static func all(_ lines: [String]) -> HTTPFields {
        lines.map { fields($0) }.reduce(into: HTTPFields()) { $0 += $1 }
    }
}
