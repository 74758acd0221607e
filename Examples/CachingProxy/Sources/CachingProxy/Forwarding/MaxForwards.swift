import HTTPTypes
import HummingbirdCore
import LarderHTTP

/// How many more proxies a TRACE or OPTIONS may pass (RFC 9110, section 7.6.2).
enum MaxForwards {
    /// Counts a request down.
    ///
    /// - Parameter request: The request, whose count is one less afterwards.
    /// - Returns: The answer of this proxy, if the request goes no further.
    static func count(_ request: inout HTTPRequest) -> Response? {
        guard request.method == .trace || request.method == .options else { return nil }
        // What is no number says nothing.
        guard let left = request.headerFields[.maxForwards].flatMap({ UInt32($0) }) else { return nil }
        guard left == 0 else {
            request.headerFields[.maxForwards] = String(left - 1)
            return nil
        }
        // To send a TRACE back would show what others have added to it on the way; so this is not done here.
        var fields = HTTPFields()
        fields[.allow] = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
        fields[.date] = HTTPDate.now.description
        return Response(status: request.method == .trace ? .methodNotAllowed : .noContent, headers: fields)
    }
}
