import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Testing

@testable import LarderHummingbird

@Suite("Conditional GET")
struct ConditionalGetTests {
    private static func ask(
        _ headers: HTTPFields,
        method: HTTPRequest.Method = .get,
        _ answer: @escaping @Sendable () -> Response
    ) async throws -> TestResponse {
        let router = Router(context: BasicRequestContext.self)
        router.add(middleware: ConditionalGetMiddleware(upTo: 100))
        router.on("/page", method: method) { _, _ in answer() }
        return try await Application(responder: router.buildResponder()).test(.router) { client in
            try await client.execute(uri: "/page", method: method, headers: headers) { $0 }
        }
    }

    private static func page(_ text: String = "page", _ headers: HTTPFields = [:]) -> Response {
        var headers = headers
        headers[.contentType] = "text/plain"
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(string: text)))
    }

    @Test("an answer gets a tag of its bytes, and is sent once")
    func tagOfBytes() async throws {
        let first = try await Self.ask([:]) {
            Self.page("page", [.cacheControl: "private, no-cache", .vary: "Cookie"])
        }
        let tag = try #require(first.headers[.eTag])
        #expect(first.status == .ok && first.body.readableBytes == 4 && tag.count == 34)
        let again = try await Self.ask([.ifNoneMatch: "\"other\", W/\(tag)"]) {
            Self.page("page", [.cacheControl: "private, no-cache", .vary: "Cookie"])
        }
        #expect(again.status == .notModified && again.body.readableBytes == 0)
        #expect(again.headers[.contentLength] == nil)
        #expect(again.headers[.eTag] == tag && again.headers[.cacheControl] == "private, no-cache")
        #expect(again.headers[.vary] == "Cookie" && again.headers[.contentType] == nil)
        let changed = try await Self.ask([.ifNoneMatch: tag]) { Self.page("Page") }
        #expect(changed.status == .ok && changed.body.readableBytes == 4 && changed.headers[.eTag] != tag)
    }

    @Test("a route's own validators count")
    func ownValidators() async throws {
        let tagged = try await Self.ask([.ifNoneMatch: "\"v7\""]) { Self.page("page", [.eTag: "\"v7\""]) }
        #expect(tagged.status == .notModified && tagged.headers[.eTag] == "\"v7\"")
        let date = "Sun, 06 Nov 1994 08:49:37 GMT"
        let dated = try await Self.ask([.ifModifiedSince: date]) { Self.page("page", [.lastModified: date]) }
        #expect(dated.status == .notModified && dated.headers[.lastModified] == date)
        // A tag is asked before a date.
        let both = try await Self.ask([.ifModifiedSince: date, .ifNoneMatch: "\"v6\""]) {
            Self.page("page", [.lastModified: date, .eTag: "\"v7\""])
        }
        #expect(both.status == .ok)
    }

    @Test("what is secret, long, of unknown length, no success or no GET is left alone")
    func leftAlone() async throws {
        let any: HTTPFields = [.ifNoneMatch: "*"]
        let secret = try await Self.ask(any) { Self.page("page", [.cacheControl: "private, No-Store"]) }
        #expect(secret.status == .ok && secret.headers[.eTag] == nil)
        let long = try await Self.ask(any) { Self.page(String(repeating: "x", count: 101)) }
        #expect(long.status == .ok && long.headers[.eTag] == nil && long.body.readableBytes == 101)
        let streamed = try await Self.ask(any) {
            Response(
                status: .ok,
                body: .init { writer in
                    try await writer.write(ByteBuffer(string: "page"))
                    try await writer.finish(nil)
                }
            )
        }
        #expect(streamed.status == .ok && streamed.headers[.eTag] == nil && streamed.body.readableBytes == 4)
        let missing = try await Self.ask(any) {
            Response(status: .notFound, body: .init(byteBuffer: ByteBuffer(string: "no")))
        }
        #expect(missing.status == .notFound && missing.headers[.eTag] == nil)
        let posted = try await Self.ask(any, method: .post) { Self.page() }
        #expect(posted.status == .ok && posted.headers[.eTag] == nil)
    }
}
