import HTTPTypes
import Hummingbird
import NIOCore

/// What a client gets of a stored page.
struct PageAnswer {
    var head: HTTPResponse
    /// What goes behind the head; `nil` for nothing.
    var body: ByteBuffer?

    /// As a middleware returns it.
    var response: Response {
        var response = Response(
            status: self.head.status,
            headers: self.head.headerFields,
            body: self.body.map { ResponseBody(byteBuffer: $0) } ?? ResponseBody()
        )
        // A 304 has no length but that of what it confirms (RFC 9110, section 8.6), and the server would write a zero.
        if !self.head.headerFields.contains(.contentLength) { response.headers[.contentLength] = nil }
        return response
    }
}
