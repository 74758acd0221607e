import Foundation
import HTTPTypes
import Testing

@testable import Bookshop

/// The shop as somebody sees it who looks at it.
@Suite(.timeLimit(.minutes(5))) struct ShopBrowserTests {
    @Test func pagesRender() async throws {
        try await TestShop.open(isLive: true) { shop in
            let site = try shop.address
            try await withBrowser { browser in
                let ada = try await browser.newVisitor()
                for (path, heading) in [
                    ("/", "7,660 books on 211 shelves"), ("/shelves/horror", "Horror"), ("/books", "All books"),
                    ("/books?page=2&shelf=browsing-fiction", "All of Fiction"), ("/books/345", "Dracula"),
                    ("/search?q=sherlock", "Search for “sherlock”"), ("/leaderboard", "Most viewed"),
                    ("/analytics", "Analytics"), ("/stats", "Statistics"), ("/account", "Account"),
                    ("/", "7,660 books on 211 shelves"),
                ] {
                    let page = try await ada.open(site + path)
                    #expect(page.status == 200, "\(path)")
                    #expect(try await ada.text(of: "h1") == heading, "\(path)")
                    // The style sheet is there, and nothing sticks out.
                    let style = try await ada.evaluate(
                        """
                        [getComputedStyle(document.querySelector("header.site")).display != "",
                         document.styleSheets.length, document.documentElement.scrollWidth <= window.innerWidth]
                        """
                    )
                    #expect(style == [true, 1, true], "\(path)")
                    let failed = page.responses.filter { ![200, 304].contains($0.status) }.map {
                        "\($0.status) \($0.url)"
                    }
                    #expect(failed == [], "\(path)")
                    let picture = try await ada.screenshot()
                    #expect(picture.starts(with: [0x89, 0x50, 0x4E, 0x47]) && picture.count > 10_000, "\(path)")
                }
                let complaints = try await ada.complaints
                #expect(complaints.isEmpty)
            }
        }
    }

    @Test func reloadBackAndForwardAreToldThatNothingHasChanged() async throws {
        try await TestShop.open(isLive: true) { shop in
            let site = try shop.address
            try await withBrowser { browser in
                let ada = try await browser.newVisitor()
                try await ada.open(site + "/books/345")
                // From here on the shop knows the visitor, and what is beside the pages.
                for path in ["/", "/books", "/shelves/horror"] {
                    #expect(try await ada.open(site + path).wireStatus == 200, "\(path)")
                    let again = try await ada.reload()
                    #expect(again.wireStatus == 304 && again.status == 200, "\(path)")
                }
                let (shelf, books) = (try await ada.back(), try await ada.back())
                #expect(shelf.url == site + "/books" && shelf.wireStatus == 304)
                #expect(books.url == site + "/" && books.wireStatus == 304)
                #expect(try await ada.texts(of: "aside .recent a") == ["Dracula"])
                let forward = try await ada.forward()
                #expect(forward.url == site + "/books" && forward.wireStatus == 304)

                // What has changed is sent: another book beside the page, a new title on it.
                try await ada.open(site + "/books/84")
                try await ada.open(site + "/")
                let change = try await shop.send(.put, "/api/books/345", body: #"{"title": "The Count"}"#)
                #expect(change.status == 200)
                let changed = try await ada.reload()
                #expect(changed.wireStatus == 200)
                let recent = try await ada.texts(of: "aside .recent a")
                #expect(
                    recent.count == 2 && recent.first?.hasPrefix("Frankenstein") == true && recent.last == "The Count"
                )
            }
        }
    }

    @Test func signingInChangesTheCookieAndSigningOutEndsIt() async throws {
        try await TestShop.open(isLive: true) { shop in
            let site = try shop.address
            try await withBrowser { browser in
                let ada = try await browser.newVisitor()
                try await ada.open(site + "/books/345")
                let stranger = try #require(try await ada.cookie("session"))
                #expect(stranger.httpOnly && stranger.sameSite == "Lax" && stranger.path == "/")

                try await ada.open(site + "/account")
                try await ada.fill("#register-name", with: "Ada <Lovelace>")
                try await ada.fill("#register-password", with: "correct horse battery")
                let refused = try await ada.click("form[action='/account/register'] button")
                #expect(refused.status == 422)
                #expect(try await ada.text(of: "[role=alert]") == Accounts.Refusal.name.message)
                #expect(try await ada.cookie("session")?.value == stranger.value)

                try await ada.fill("#register-name", with: "Ada Lovelace")
                try await ada.fill("#register-password", with: "correct horse battery")
                let account = try await ada.click("form[action='/account/register'] button")
                #expect(account.url == site + "/account" && account.responses.prefix(2).map(\.status) == [303, 200])
                #expect(try await ada.text(of: "h1") == "Ada Lovelace")
                let member = try #require(try await ada.cookie("session"))
                #expect(member.value != stranger.value && member.httpOnly && member.sameSite == "Lax")

                try await ada.open(site + "/")
                #expect(try await ada.text(of: "aside").contains("Ada Lovelace"))
                #expect(try await ada.texts(of: "aside .recent a") == ["Dracula"])

                try await ada.open(site + "/account")
                try await ada.click("form[action='/account/sign-out'] button")
                #expect(try await !ada.text(of: "body").contains("Ada Lovelace"))
                // Who comes to the machine afterwards and goes back sees nothing of her.
                let back = try await ada.back()
                #expect(back.url == site + "/account" && back.wireStatus == 200)
                #expect(try await !ada.text(of: "body").contains("Ada Lovelace"))
                let home = try await ada.back()
                #expect(home.url == site + "/" && home.wireStatus == 200)
                let text = try await ada.text(of: "body")
                #expect(!text.contains("Ada Lovelace") && !text.contains("Dracula"))
            }
        }
    }

    /// With the back/forward cache, as people have it: going back asks nobody where a page may be restored.
    @Test func goingBackAfterSigningOutShowsNoName() async throws {
        try await TestShop.open(isLive: true) { shop in
            let site = try shop.address
            try await withBrowser(restoresPages: true) { browser in
                let ada = try await browser.newVisitor()
                try await ada.open(site + "/books")
                try await ada.open(site + "/shelves/horror")
                // Pages that are everybody's are restored, or this would show nothing.
                let restored = try await ada.back()
                #expect(restored.isRestored && restored.url == site + "/books")

                try await ada.open(site + "/account")
                try await ada.fill("#register-name", with: "Ada")
                try await ada.fill("#register-password", with: "correct horse battery")
                try await ada.click("form[action='/account/register'] button")
                try await ada.open(site + "/books/345")
                try await ada.open(site + "/")
                #expect(try await ada.text(of: "aside").contains("Ada"))
                try await ada.open(site + "/account")
                try await ada.click("form[action='/account/sign-out'] button")
                for path in ["/account", "/", "/books/345"] {
                    let back = try await ada.back()
                    #expect(back.url == site + path && !back.isRestored, "\(path)")
                    let text = try await ada.text(of: "body")
                    #expect(!text.contains("Signed in") && !text.contains("Ada"), "\(path)")
                }
            }
        }
    }

    @Test func nobodySeesAnothersSidebar() async throws {
        try await TestShop.open(isLive: true) { shop in
            let site = try shop.address
            try await withBrowser { browser in
                let (ada, bob) = (try await browser.newVisitor(), try await browser.newVisitor())
                for (visitor, name, book) in [(ada, "Ada", 345), (bob, "Bob", 84)] {
                    try await visitor.open("\(site)/books/\(book)")
                    try await visitor.open(site + "/account")
                    try await visitor.fill("#register-name", with: name)
                    try await visitor.fill("#register-password", with: "correct horse battery")
                    try await visitor.click("form[action='/account/register'] button")
                }
                for _ in 1...2 {
                    for path in ["/", "/books/42"] {
                        for (visitor, name, other) in [(ada, "Ada", "Bob"), (bob, "Bob", "Ada")] {
                            try await visitor.open(site + path)
                            let sidebar = try await visitor.text(of: "aside")
                            #expect(sidebar.contains(name) && !sidebar.contains(other), "\(path)")
                            let own = name == "Ada" ? "Dracula" : "Frankenstein"
                            let foreign = name == "Ada" ? "Frankenstein" : "Dracula"
                            #expect(sidebar.contains(own) && !sidebar.contains(foreign), "\(path)")
                        }
                    }
                }
                // Who is new sees nobody's.
                let eve = try await browser.newVisitor()
                for path in ["/", "/books/42"] {
                    try await eve.open(site + path)
                    if path == "/" { #expect(try await eve.count(of: "aside") == 0) }
                    let text = try await eve.text(of: "body")
                    #expect(!text.contains("Signed in") && !text.contains("Dracula"), "\(path)")
                }
            }
        }
    }
}
