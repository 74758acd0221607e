import Foundation
import Larder
import Testing

@testable import Bookshop

@Suite struct AccountPageTests {
    private static func html(_ page: AccountPage) async throws -> String {
        let cache = Cache(MemoryStore(limit: .entries(10)), namespace: "test")
        return try await PageRenderer(cache: cache).html(page, titled: "Account")
    }

    @Test func whoIsNotSignedInSeesTwoForms() async throws {
        let page = try await Self.html(AccountPage())
        for action in ["sign-in", "register"] {
            let form = try #require(
                page.firstMatch(
                    of: try Regex("(?s)<form class=\"fields\" method=\"post\" action=\"/account/\(action)\">.*?</form>")
                )
            )
            let text = page[form.range]
            #expect(text.contains("name=\"name\" value=\"\"") && text.contains("name=\"password\" type=\"password\""))
        }
        #expect(!page.contains("role=\"alert\"") && !page.contains("sign-out") && !page.contains("<script"))
    }

    @Test func failureIsToldAndTheNameIsKept() async throws {
        let page = try await Self.html(AccountPage(error: "That is wrong.", typedName: "Ada"))
        #expect(page.contains("<p class=\"failure\" role=\"alert\">That is wrong.</p>"))
        #expect(page.ranges(of: "name=\"name\" value=\"Ada\"").count == 2)
    }

    @Test func whoIsSignedInSeesTheirSessions() async throws {
        let since = try Date("2026-11-22T09:30:59Z", strategy: .iso8601)
        let sessions = [true, false].map { AccountPage.Session(since: since, isThisOne: $0) }
        let page = try await Self.html(AccountPage(signedIn: "Ada", recentlyViewed: 0, sessions: sessions))
        #expect(page.contains("<h1>Ada</h1>") && page.contains("have looked at no books lately"))
        let time = "<time datetime=\"2026-11-22T09:30:59Z\">22 November 2026, 09:30 UTC</time>"
        #expect(page.ranges(of: time).count == 2 && page.ranges(of: ">here</span>").count == 1)
        for action in ["sign-out", "sign-out-everywhere"] {
            #expect(page.contains("<form method=\"post\" action=\"/account/\(action)\">"))
        }
        #expect(!page.contains("type=\"password\"") && !page.contains("<script"))
    }
}
