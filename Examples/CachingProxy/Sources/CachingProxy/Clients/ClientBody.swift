import HTTPTypes
import HummingbirdCore
import NIOCore
import NIOHTTP1

/// The body of a client's request on its way to the origin.
///
/// The client's connection can be read by one task only, and an HTTP client may stop reading a body whenever the answer has
/// come before its end. So one task reads the connection, to the end of the request, and passes on what somebody takes.
struct ClientBody: Sendable {
    /// How many bytes it has; `nil` where that shows only at its end.
    let length: Int?
    /// What the origin's connection reads.
    let pipe = BodyPipe()
    private let connection: RequestBody
    private let limit: Int

    /// Takes over a request's body; `nil` if it has none.
    ///
    /// - Parameters:
    ///   - request: The request as it came.
    ///   - limit: How many bytes a body may have.
    /// - Throws: A ``ProxyFailure`` if it is too long.
    init?(of request: Request, limit: Int) throws(ProxyFailure) {
        self.length = request.headers[.contentLength].flatMap { Int($0) }
        let isChunked = request.headers.contains(.transferEncoding)
        guard isChunked || request.headers.contains(.contentLength), self.length != 0 else { return nil }
        // A length that is no number is one beyond all limits: the parser has seen to it that it is made of digits.
        guard isChunked || self.length.map({ $0 <= limit }) ?? false else { throw .bodyTooLong }
        self.connection = request.body
        self.limit = limit
    }

    /// Sees to it that the pipe hears at once of a client that leaves before the end, even if nobody takes what came before.
    ///
    /// - Parameter channel: The client's connection.
    /// - Throws: If that is gone already.
    func watch(_ channel: any Channel) async throws {
        let pipe = self.pipe
        try await channel.eventLoop.submit {
            let messages = try channel.pipeline.syncOperations.handler(type: ClientMessages.self)
            messages.whenBrokenOff { pipe.finish(ClientFailure(cause: HTTPParserError.invalidEOFState)) }
        }.get()
    }

    /// Reads the body to its end, no faster than it is taken; once nobody takes it any more, what comes is read past.
    ///
    /// - Throws: What ends the connection: the client's mistake, its going away, or a body that is too long.
    func pump() async throws {
        var count = 0
        do {
            for try await buffer in self.connection {
                count += buffer.readableBytes
                guard count <= self.limit else { throw ProxyFailure.bodyTooLong }
                await self.pipe.write(buffer)
            }
            // To who is cancelled, everything seems to be at its end.
            try Task.checkCancellation()
            self.pipe.finish()
        } catch {
            self.pipe.finish(ClientFailure(cause: error))
            throw error
        }
    }
}

/// A request could not be read to its end; whom it was for is not to blame.
struct ClientFailure: Error {
    let cause: any Error
}
