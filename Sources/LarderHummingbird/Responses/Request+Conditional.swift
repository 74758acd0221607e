#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif
public import Hummingbird
import LarderHTTP

extension Request {
    /// Answers 304 or 412 where the client's conditions say so, before any work is done, and lets the route answer otherwise: Django's
    /// `condition` (RFC 9110, section 13).
    ///
    /// ```swift
    /// router.get("books/:id") { request, context in
    ///     let version = try await versions.of(context.parameters.require("id"))    // cheap
    ///     return try await request.conditional(etag: "\"\(version)\"") {
    ///         try await page(...)                                                   // dear
    ///     }
    /// }
    /// ```
    ///
    /// The answer gets the tag and the date, where it has none.
    ///
    /// - Parameters:
    ///   - etag: The tag of the resource as it is now, quotes included, such as `"v7"`, or `W/"v7"` where equal tags do not mean equal
    ///     bytes; `nil` where there is none.
    ///   - lastModified: When it was last changed, if that is known.
    ///   - exists: Whether there is such a resource.
    ///   - body: Answers.
    /// - Returns: The answer.
    /// - Throws: What the body throws.
    public func conditional(
        etag: String? = nil,
        lastModified: Date? = nil,
        exists: Bool = true,
        _ body: () async throws -> Response
    ) async throws -> Response {
        let date = lastModified.map { HTTPDate(HTTPTime(timeIntervalSince1970: $0.timeIntervalSince1970)) }
        let decision = OriginPreconditions(
            self.head,
            entityTag: etag,
            lastModified: date,
            exists: exists,
            now: HTTPTime(timeIntervalSince1970: Date().timeIntervalSince1970)
        )
        var response: Response
        switch decision {
        case .proceed: response = try await body()
        case .notModified: response = Response(status: .notModified)
        case .failed: return Response(status: .preconditionFailed)
        }
        guard decision == .notModified || (200..<300).contains(response.status.code) else { return response }
        if let etag, !response.headers.contains(.eTag) { response.headers[.eTag] = etag }
        if let date, !response.headers.contains(.lastModified) { response.headers[.lastModified] = date.description }
        if decision == .notModified { response.headers[.contentLength] = nil }
        return response
    }
}
