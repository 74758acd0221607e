public import Hummingbird

/// There was no answer: no connection, none in time, or one that broke off before its head was complete.
///
/// What asks an origin throws it, so that a stored answer may stand in (RFC 9111, section 4.2.4); where none does, the client gets
/// ``response``.
public struct OriginUnreachable: Error {
    /// What the client gets where nothing stands in: 502 or 504.
    public let response: Response

    /// Says that there was no answer.
    ///
    /// - Parameter response: What the client gets where nothing stands in.
    public init(_ response: Response) {
        self.response = response
    }
}

extension OriginUnreachable: HTTPResponseError {
    /// The status of ``response``.
    public var status: HTTPResponse.Status { self.response.status }

    /// The response itself.
    public func response(from request: Request, context: some RequestContext) throws -> Response { self.response }
}
