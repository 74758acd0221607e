import HTTPTypes
import LarderHTTP

/// What a cache reads of a request with these fields.
func summary(_ method: HTTPRequest.Method = .get, _ headers: HTTPFields = [:], hasBody: Bool = false) -> RequestSummary
{
    summary(request(method, "/", headers), hasBody: hasBody)
}

/// What a cache reads of a request.
func summary(_ request: HTTPRequest, hasBody: Bool = false, policy: CachePolicy = .proxy) -> RequestSummary {
    var request = request
    return RequestSummary(&request, hasBody: hasBody, policy: policy)
}

/// A request and its answer, sent and received at noon.
func exchange(
    _ status: Int = 200,
    _ headers: HTTPFields,
    request: HTTPRequest = request(),
    at time: HTTPTime = noon,
    delay: Duration = .zero
) -> Exchange {
    Exchange(
        request: request,
        summary: summary(request),
        response: HTTPResponse(status: HTTPResponse.Status(code: status), headerFields: headers),
        requestTime: time.advanced(by: .zero - delay),
        responseTime: time
    )
}

/// A stored response, whole; a test that gets none ends here.
func stored(
    _ status: Int = 200,
    _ headers: HTTPFields,
    request: HTTPRequest = request(),
    policy: CachePolicy = .proxy,
    body: Int64 = 11,
    at time: HTTPTime = noon
) throws -> StoredResponse {
    let storability = Storability(exchange(status, headers, request: request, at: time), policy: policy)
    guard var stored = storability.stored else { throw NotStored(refusal: storability.refusal) }
    if let refusal = stored.finish(bodyLength: body, endedCleanly: true) { throw NotStored(refusal: refusal) }
    return stored
}

/// A response that a test needs was not stored.
struct NotStored: Error {
    var refusal: StorageRefusal?
}
