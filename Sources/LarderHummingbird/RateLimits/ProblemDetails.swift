import HTTPTypes
import Hummingbird
import NIOCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What is wrong with a request, as programs read it: `application/problem+json` (RFC 9457).
struct ProblemDetails: Encodable {
    /// What kind of problem it is, a URI; `about:blank`, what the status says.
    var type = "about:blank"
    var title: String
    var status: Int
    var detail: String?
    /// The limits that were reached (draft-ietf-httpapi-ratelimit-headers).
    var violatedPolicies: [String]?
    /// When to come back, in whole seconds.
    var retryAfter: Int?

    private let httpStatus: HTTPResponse.Status

    private enum CodingKeys: String, CodingKey {
        case type
        case title
        case status
        case detail
        case violatedPolicies = "violated-policies"
        case retryAfter = "retry-after"
    }

    init(_ status: HTTPResponse.Status, title: String, detail: String? = nil) {
        self.httpStatus = status
        self.status = status.code
        self.title = title
        self.detail = detail
    }

    /// The answer, which nobody may store.
    func response() -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var headers: HTTPFields = [.contentType: "application/problem+json", .cacheControl: "no-store"]
        if let retryAfter = self.retryAfter { headers[.retryAfter] = "\(retryAfter)" }
        // Text and numbers always encode; should that ever change, the status says it all.
        guard let bytes = try? encoder.encode(self) else { return Response(status: self.httpStatus, headers: headers) }
        return Response(
            status: self.httpStatus,
            headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        )
    }
}

/// An error of a route, whose answer gets more fields on its way out.
struct ErrorWithFields: HTTPResponseError {
    let original: any HTTPResponseError
    let edit: @Sendable (inout HTTPFields) -> Void

    /// An error whose answer gets more fields.
    ///
    /// Hummingbird's own and a limit's refusal stay what they are, for who catches them by their types.
    static func adding(
        to error: any HTTPResponseError,
        _ edit: @escaping @Sendable (inout HTTPFields) -> Void
    ) -> any HTTPResponseError {
        if var known = error as? HTTPError {
            edit(&known.headers)
            return known
        }
        if var refusal = error as? RateLimitRefusal {
            refusal.added.append(edit)
            return refusal
        }
        return Self(original: error, edit: edit)
    }

    private init(original: any HTTPResponseError, edit: @escaping @Sendable (inout HTTPFields) -> Void) {
        self.original = original
        self.edit = edit
    }

    var status: HTTPResponse.Status { self.original.status }

    func response(from request: Request, context: some RequestContext) throws -> Response {
        var response = try self.original.response(from: request, context: context)
        self.edit(&response.headers)
        return response
    }
}
