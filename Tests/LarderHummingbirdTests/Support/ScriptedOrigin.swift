import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization

/// A handler that answers as it is told, and remembers what it was asked.
final class ScriptedOrigin: Sendable {
    private struct State {
        var answer: @Sendable (HTTPRequest, Int) async throws -> Response = { _, _ in Response(status: .notFound) }
        var asked: [HTTPRequest] = []
    }

    private let state = Mutex(State())

    /// - Parameter answer: Answers a request; the number counts the requests from 1 on.
    init(_ answer: @escaping @Sendable (HTTPRequest, Int) async throws -> Response) {
        self.state.withLock { $0.answer = answer }
    }

    /// Answers with a text and fields, each time with the number of the request behind the text.
    convenience init(_ fields: HTTPFields, _ text: String = "page") {
        self.init { _, number in page("\(text) \(number)", fields) }
    }

    /// What it was asked.
    var asked: [HTTPRequest] { self.state.withLock { $0.asked } }

    /// How often it was asked.
    var count: Int { self.asked.count }

    /// Answers from now on as told.
    func answers(_ answer: @escaping @Sendable (HTTPRequest, Int) async throws -> Response) {
        self.state.withLock { $0.answer = answer }
    }

    @Sendable func respond(_ request: Request) async throws -> Response {
        let (answer, number) = self.state.withLock { state in
            state.asked.append(request.head)
            return (state.answer, state.asked.count)
        }
        return try await answer(request.head, number)
    }
}

/// An answer of text.
func page(_ text: String, _ fields: HTTPFields = [:], status: HTTPResponse.Status = .ok) -> Response {
    Response(status: status, headers: fields, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
}

/// An answer that streams its pieces, without saying how long it is.
func stream(_ pieces: [String], _ fields: HTTPFields, failing error: (any Error)? = nil) -> Response {
    Response(
        status: .ok,
        headers: fields,
        body: ResponseBody { writer in
            for piece in pieces { try await writer.write(ByteBuffer(string: piece)) }
            if let error { throw error }
            try await writer.finish(nil)
        }
    )
}
