import HTTPTypes
import Testing

@testable import LarderHTTP

/// Requests one after the other, what the origin says to each, and where the answer has to come from.
struct Story: Sendable, CustomTestStringConvertible {
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
        var from: SimulatedCache.Source = .fetched
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

    /// Tells the story.
    func tell() throws {
        var cache = SimulatedCache(self.policy)
        var now = noon
        for (number, step) in self.steps.enumerated() {
            now = now.advanced(by: .seconds(step.after))
            let date = HTTPDate(now).description
            let headers = Self.all(step.response.map { $0 == "DATE" ? "Date: " + date : $0 })
            let parts = step.line.split(separator: " ")
            let method = try #require(HTTPRequest.Method(String(parts[0])))
            let asked = request(method, String(parts[1]), Self.all(step.request))
            let answer = cache.handle(asked, now: now) { outgoing in
                step.status == 0 ? nil : Self.origin(outgoing, step, headers)
            }
            #expect(answer.source == step.from, "step \(number)")
            if let status = step.gets { #expect(answer.response.status.code == status, "step \(number)") }
            if let body = step.reads { #expect(answer.body == body, "step \(number)") }
            let lines = answer.response.headerFields.map { "\($0.name.rawName): \($0.value)" }
            for line in step.has { #expect(lines.contains(line), "step \(number): \(lines)") }
            for name in step.lacks { #expect(answer.response.headerFields.lines(name).isEmpty, "step \(number)") }
        }
    }

    private static func origin(_ request: HTTPRequest, _ step: Step, _ headers: HTTPFields) -> (HTTPResponse, String) {
        let tags = headers.lines("ETag")
        let isSame =
            !tags.isEmpty && request.headerFields.lines("If-None-Match") == tags
            || tags.isEmpty && !headers.lines("Last-Modified").isEmpty
                && request.headerFields.lines("If-Modified-Since") == headers.lines("Last-Modified")
        let status = isSame && step.status == 200 ? 304 : step.status
        return (HTTPResponse(status: .init(code: status), headerFields: headers), isSame ? "" : step.body)
    }

    private static func all(_ lines: [String]) -> HTTPFields {
        lines.map { fields($0) }.reduce(into: HTTPFields()) { $0 += $1 }
    }
}
