import HTTPTypes
import HummingbirdTesting
import Testing

@testable import Bookshop

@Suite struct PageTests {
    @Test func shelvesPageLinksToEveryShelf() async throws {
        try await TestShop.open { shop in
            let page = try await shop.get("/")
            #expect(page.status == 200)
            #expect(page.header(.contentType) == "text/html; charset=utf-8")
            #expect(page.text.contains("7,660 books on 211 shelves"))
            #expect(page.text.ranges(of: "href=\"/shelves/").count == 211)
        }
    }

    @Test func shelfPageShowsItsTop() async throws {
        try await TestShop.open { shop in
            let page = try await shop.get("/shelves/horror").text
            #expect(page.contains("<h1>Horror</h1>"))
            #expect(page.contains("<a href=\"/books/345\">Dracula</a>"))
            #expect(page.contains("href=\"/books?shelf=horror\""))
            // Years of birth and death are for catalogues.
            #expect(page.contains("Stoker, Bram") && !page.contains("1847-1912"))
        }
    }

    @Test func bookPageShowsTheBook() async throws {
        try await TestShop.open { shop in
            let answer = try await shop.get("/books/2600")
            let page = answer.text
            #expect(page.contains("<h1>War and Peace</h1>"))
            #expect(page.contains("Tolstoy, Leo, graf</a>"))
            #expect(page.contains("Maude, Aylmer</a> (translator)"))
            #expect(page.contains("English"))
            #expect(page.contains("1 April 2001"))
            #expect(page.contains("https://www.gutenberg.org/ebooks/2600"))
            #expect(page.contains("href=\"/shelves/browsing-fiction\""))
            #expect(answer.cacheStatus == "Larder; fwd=miss; stored")
            #expect(try await shop.get("/books/2600").isHit)
        }
    }

    @Test func bookWithoutAuthorsOrShelvesHasAPage() async throws {
        try await TestShop.open { shop in
            let withoutAuthors = try await shop.get("/books/10")
            #expect(withoutAuthors.text.contains("The King James Version of the Bible"))
            let withoutShelves = try await shop.get("/books/880")
            #expect(withoutShelves.text.contains("My Garden Acquaintance"))
        }
    }

    @Test func pagesLinkToTheirNeighbours() async throws {
        try await TestShop.open { shop in
            let page = try await shop.get("/books?page=5&shelf=browsing-fiction").text
            #expect(page.contains("rel=\"prev\" href=\"/books?shelf=browsing-fiction&amp;page=4\""))
            #expect(page.contains("rel=\"next\" href=\"/books?shelf=browsing-fiction&amp;page=6\""))
            #expect(page.contains("aria-current=\"page\""))
            let first = try await shop.get("/books").text
            #expect(!first.contains("rel=\"prev\"") && first.contains("rel=\"next\""))
            let last = try await shop.get("/books?page=383").text
            #expect(last.contains("rel=\"prev\"") && !last.contains("rel=\"next\""))
        }
    }

    @Test func searchPageShowsWhatWasFound() async throws {
        try await TestShop.open { shop in
            let page = try await shop.get("/search?q=sherlock+holmes").text
            #expect(page.contains("href=\"/books/1661\""))
            #expect(page.contains("value=\"sherlock holmes\""))
            #expect(try await shop.get("/search?q=xyzzy").text.contains("Nothing found."))
            #expect(try await shop.get("/search").status == 400)
        }
    }

    @Test func statisticsPageShowsTheCounters() async throws {
        try await TestShop.open { shop in
            for _ in 1...4 { _ = try await shop.get("/books/42") }
            let page = try await shop.get("/stats")
            #expect(page.status == 200)
            #expect(page.text.contains("75.0 %"))
            #expect(page.text.contains("memory"))
            for name in ["Fills", "Refreshes", "Failed fills", "Stale serves", "Unavailable"] {
                #expect(page.text.contains("<th scope=\"row\">\(name)</th>"), "\(name)")
            }
            for name in ["books", "figures", "searches"] {
                #expect(page.text.contains("<h2 id=\"cache-\(name)\">\(name)</h2>"), "\(name)")
                #expect(page.text.contains("Counters of the cache \(name)</caption>"), "\(name)")
            }
            #expect(page.text.contains("<option selected>books</option><option>figures</option>"))
            #expect(page.cacheStatus == nil)
        }
    }

    @Test func errorsArePages() async throws {
        try await TestShop.open { shop in
            for (uri, status) in [
                ("/nothing", 404), ("/books/99999", 404), ("/books/abc", 400), ("/shelves/nothing", 404),
                ("/books?page=0", 400), ("/books?page=999", 404), ("/apis", 404),
            ] {
                let page = try await shop.get(uri)
                #expect(page.status == status, "\(uri)")
                #expect(page.header(.contentType) == "text/html; charset=utf-8")
                #expect(page.text.contains("<p class=\"eyebrow\">\(status)</p>"))
            }
        }
    }

    @Test func styleSheetIsServedAndNotSentTwice() async throws {
        try await TestShop.open { shop in
            for uri in ["/style.css", "/icon.svg", "/explain.js"] {
                let first = try await shop.get(uri)
                #expect(first.status == 200 && !first.text.isEmpty)
                let tag = try #require(first.header(.eTag))
                let response = try await shop.client.executeRequest(
                    uri: uri,
                    method: .get,
                    headers: [.ifNoneMatch: tag],
                    body: nil
                )
                #expect(response.status == .notModified)
            }
        }
    }

    // MARK: Escaping

    @Test func hostileTitleIsEscapedEverywhere() async throws {
        try await TestShop.open { shop in
            let title = #"</title><script>alert(1)</script>\"'><img src=x onerror=alert(2)>&amp;{{id}}"#
            let answer = try await shop.send(.put, "/api/books/345", body: "{\"title\": \"\(title)\"}")
            #expect(answer.status == 200)
            for uri in ["/books/345", "/shelves/horror", "/books?shelf=horror", "/search?q=stoker", "/search?q=script"]
            {
                let page = try await shop.get(uri).text
                #expect(page.contains("&lt;script&gt;alert(1)"), "\(uri)")
                #expect(page.contains("&amp;amp;{{id}}"), "\(uri)")
                #expect(!page.contains("<script") && !page.contains("<img src=x"), "\(uri)")
            }
        }
    }

    /// A quotation mark with an accent on it is one `Character`, but browsers see the quotation mark.
    @Test func quotationMarkWithAnAccentCannotEndAnAttribute() async throws {
        try await TestShop.open { shop in
            let page = try await shop.get("/search?q=%22%CC%81+onfocus%3Dalert(1)+autofocus+x%3D%22%CC%81").text
            #expect(page.contains("value=\"&quot;\u{301} onfocus=alert(1)"))
            #expect(!page.unicodeScalars.split(separator: "\"").map(String.init).contains { $0.hasPrefix("\u{301}") })
        }
    }

    @Test(arguments: ["<", ">", "&", "\"", "'"])
    func characterWithMeaningIsEscapedWhateverFollows(character: String) {
        for following in ["", "\u{301}", "\u{FE0F}", "\u{200D}", "\u{20DD}"] {
            let escaped = HTML.escaped("a" + character + following)
            #expect(
                !escaped.unicodeScalars.dropFirst(2).contains { character.unicodeScalars.contains($0) }
                    || character == "&"
            )
            #expect(escaped.unicodeScalars.starts(with: "a&".unicodeScalars))
        }
    }

    /// The one page with a script: a file of the shop's own, and a form that could not put the token into a URL.
    @Test func statisticsPageRunsTheShopsOwnScriptOnly() async throws {
        try await TestShop.open { shop in
            let page = try await shop.get("/stats")
            let policy = try #require(page.header(.contentSecurityPolicy))
            #expect(
                policy.hasPrefix("default-src 'none'") && policy.hasSuffix("; script-src 'self'; connect-src 'self'")
            )
            #expect(page.text.ranges(of: "<script").count == 1)
            #expect(page.text.contains("<script src=\"/explain.js\" defer></script>"))
            let form = try #require(page.text.firstMatch(of: /(?s)<form class="explain".*?<\/form>/)).output
            #expect(form.contains("type=\"password\"") && !form.contains("name="))
            #expect(form.contains("hidden>"))
            let script = try await shop.get("/explain.js")
            #expect(script.header(.contentType) == "text/javascript; charset=utf-8")
            #expect(!script.text.contains("innerHTML"))
        }
    }

    @Test func pagesLoadNothingFromElsewhereAndRunNothing() async throws {
        try await TestShop.open { shop in
            let page = try await shop.get("/books/42")
            let policy = try #require(page.header(.contentSecurityPolicy))
            #expect(policy.hasPrefix("default-src 'none'"))
            #expect(!page.text.contains("<script") && !page.text.contains("style="))
            #expect(page.header(.xContentTypeOptions) == "nosniff")
            // It may show what this visitor has looked at.
            #expect(page.header(.cacheControl) == "private, no-cache")
        }
    }
}
