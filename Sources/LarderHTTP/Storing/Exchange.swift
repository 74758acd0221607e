public import HTTPTypes

/// A request that was sent to the origin, what came back, and when.
public struct Exchange: Sendable {
    /// The request as the client sent it, apart from conditions and ranges.
    public var request: HTTPRequest
    /// What a cache has to know of it.
    public var summary: RequestSummary
    /// The response.
    public var response: HTTPResponse
    /// When the request was sent.
    public var requestTime: HTTPTime
    /// When the response's head came.
    public var responseTime: HTTPTime

    /// Makes an exchange.
    ///
    /// - Parameters:
    ///   - request: The request as the client sent it, and as ``RequestSummary`` left it.
    ///   - summary: What was read of it.
    ///   - response: The response.
    ///   - requestTime: When the request was sent.
    ///   - responseTime: When the response's head came.
    public init(
        request: HTTPRequest,
        summary: RequestSummary,
        response: HTTPResponse,
        requestTime: HTTPTime,
        responseTime: HTTPTime
    ) {
        self.request = request
        self.summary = summary
        self.response = response
        self.requestTime = requestTime
        self.responseTime = responseTime
    }
}
