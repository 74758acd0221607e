import HTTPTypes
import Hummingbird
import NIOCore
import Testing

@testable import Bookshop

@Suite struct VisitorCookiesTests {
    private static let secret = String(repeating: "s3", count: 16)

    private static func visitor(_ cookies: VisitorCookies, _ value: String) -> Visitor? {
        let head = HTTPRequest(
            method: .get,
            scheme: "http",
            authority: "shop",
            path: "/",
            headerFields: [.cookie: "visitor=\(value)"]
        )
        return cookies.visitor(in: Request(head: head, body: RequestBody(buffer: ByteBuffer())))
    }

    @Test func shopsWithTheSameSecretKnowEachOthersVisitorsAndOthersDoNot() {
        let ada = Visitor.new()
        let value = VisitorCookies(secret: Self.secret).cookie(for: ada).value
        let known = Self.visitor(VisitorCookies(secret: Self.secret), value)
        #expect(known == Visitor(id: ada.id, isReturning: true))
        #expect(Self.visitor(VisitorCookies(secret: Self.secret + "x"), value) == nil)
        #expect(Self.visitor(VisitorCookies(secret: nil), value) == nil)
    }

    @Test func whoChangesAnythingIsNobody() {
        let cookies = VisitorCookies(secret: nil)
        let value = cookies.cookie(for: .new()).value
        #expect(Self.visitor(cookies, value)?.isReturning == true)
        for index in value.indices {
            var changed = value
            changed.replaceSubrange(index...index, with: value[index] == "0" ? "1" : "0")
            #expect(Self.visitor(cookies, changed) == nil)
        }
        for changed in ["", ".", value + "0", String(value.dropLast()), value + ".", "." + value] {
            #expect(Self.visitor(cookies, changed) == nil)
        }
    }
}
