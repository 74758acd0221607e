import HTTPTypes
import Testing

@testable import Bookshop

@Suite struct AdminTests {
    private static let calls: [(HTTPRequest.Method, String, String?)] = [
        (.put, "/api/books/42", #"{"title": "New"}"#),
        (.post, "/api/cache/invalidate", #"{"all": true}"#),
        (.get, "/api/cache/explain?key=book:42", nil),
        // Who may not ask is not told what is wrong with the question.
        (.get, "/api/cache/explain", nil),
    ]

    @Test func adminCallsWithoutATokenAreUnauthorized() async throws {
        try await TestShop.open { shop in
            for (method, uri, body) in Self.calls {
                for authorization in [nil, "", "Basic YTpi", "Bearer", TestShop.token] {
                    let answer = try await shop.send(method, uri, authorization: authorization, body: body)
                    #expect(answer.status == 401)
                    #expect(answer.header(.wwwAuthenticate) == "Bearer realm=\"bookshop\"")
                    #expect(try answer.errorMessage() != "")
                }
            }
            #expect(try await shop.get("/api/books/42").decode(BookAnswer.self).title != "New")
        }
    }

    @Test func adminCallsWithAWrongTokenAreForbidden() async throws {
        try await TestShop.open { shop in
            for (method, uri, body) in Self.calls {
                for token in ["wrong", TestShop.token + "x", String(TestShop.token.dropLast())] {
                    let answer = try await shop.send(method, uri, authorization: "Bearer \(token)", body: body)
                    #expect(answer.status == 403)
                    #expect(try answer.errorMessage() != "")
                }
            }
        }
    }

    @Test func adminCallsAreForbiddenWhereNoTokenIsSet() async throws {
        try await TestShop.open(adminToken: nil) { shop async throws in
            for (method, uri, body) in Self.calls {
                #expect(try await shop.send(method, uri, body: body).status == 403)
                #expect(try await shop.send(method, uri, authorization: "Bearer ", body: body).status == 401)
                #expect(try await shop.send(method, uri, authorization: nil, body: body).status == 401)
            }
        }
    }

    @Test func schemeIsNotCaseSensitive() async throws {
        try await TestShop.open { shop in
            let answer = try await shop.send(
                .post,
                "/api/cache/invalidate",
                authorization: "bearer \(TestShop.token)",
                body: #"{"all": true}"#
            )
            #expect(answer.status == 200)
        }
    }

    @Test(arguments: [
        ("secret", "secret", true), ("secret", "secreT", false), ("secre", "secret", false),
        ("secrets", "secret", false), ("", "secret", false), ("secretsecret", "secret", false), ("é", "é", true),
        ("", "", true), ("x", "", false),
    ])
    func comparisonIsOfAllBytes(given: String, secret: String, isEqual: Bool) {
        #expect(constantTimeEqual(given.utf8, secret.utf8) == isEqual)
    }
}
