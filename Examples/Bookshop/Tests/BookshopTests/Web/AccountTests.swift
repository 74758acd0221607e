import Foundation
import GRDB
import HTTPTypes
import LarderHummingbird
import LarderTesting
import Testing

@testable import Bookshop

/// Signing in and out, in memory and on Redis alike.
@Suite(.timeLimit(.minutes(3))) struct AccountTests {
    private static let password = "correct horse battery"

    private static func register(_ name: String, _ shop: TestShop, as visitor: TestVisitor? = nil) async throws
        -> TestVisitor
    {
        let answer = try await shop.submit(
            ["name": name, "password": Self.password],
            to: "/account/register",
            as: visitor
        )
        #expect(answer.status == 303 && answer.header(.location) == "/account")
        #expect(answer.header(.cacheControl)?.contains("no-store") == true)
        return try #require(answer.visitor)
    }

    @Test(arguments: ShopPlace.allCases)
    func signingInChangesTheIDAndKeepsWhatWasLookedAt(place: ShopPlace) async throws {
        try await place.open { shop in
            let stranger = try await shop.visit("/books/345")
            let ada = try await Self.register("Ada Lovelace", shop, as: stranger)
            #expect(ada.id != nil && ada.id != stranger.id)
            let home = try await shop.get("/", as: ada).text
            #expect(home.contains("Signed in as") && home.contains("Ada Lovelace") && home.contains("/books/345"))
            // The old id is nobody's: it has been planted, or was seen by somebody.
            let old = try await shop.get("/", as: stranger)
            #expect(old.status == 200 && old.header(.setCookie) == nil)
            #expect(!old.text.contains("Ada Lovelace") && !old.text.contains("href=\"/books/345\""))

            let again = try await shop.submit(
                ["name": "ADA lovelace", "password": Self.password],
                to: "/account/sign-in",
                as: ada
            )
            #expect(again.status == 303)
            #expect(try #require(again.visitor).id != ada.id)
        }
    }

    /// Pages that are under way with the old cookie while somebody signs in or out are pages.
    @Test(arguments: ShopPlace.allCases)
    func pagesWithTheOldCookieAreNoConflict(place: ShopPlace) async throws {
        try await place.open { shop in
            let stranger = try await shop.visit("/books/345")
            _ = try await Self.register("Ada", shop, as: stranger)
            for uri in ["/", "/books/84", "/shelves/horror", "/account", "/api/books/84"] {
                let page = try await shop.get(uri, as: stranger)
                #expect(page.status == 200 && page.header(.setCookie) == nil && !page.text.contains("Ada"), "\(uri)")
            }
        }
    }

    /// A button that is pressed twice sends the same cookie twice.
    @Test(arguments: ShopPlace.allCases)
    func signingInTwiceWithOneCookieIsNoConflict(place: ShopPlace) async throws {
        try await place.open { shop in
            _ = try await Self.register("Ada", shop)
            let stranger = try await shop.visit("/books/345")
            let credentials = ["name": "Ada", "password": Self.password]
            let first = try await shop.submit(credentials, to: "/account/sign-in", as: stranger)
            let second = try await shop.submit(credentials, to: "/account/sign-in", as: stranger)
            #expect(first.status == 303 && second.status == 303)
            let (former, latter) = (try #require(first.visitor), try #require(second.visitor))
            #expect(former.id != latter.id)
            #expect(try await shop.get("/account", as: latter).text.contains("<h1>Ada</h1>"))
            #expect(try await !shop.get("/account", as: former).text.contains("Ada"))

            // Both at the same time.
            let another = try await shop.visit("/books/345")
            async let one = shop.submit(credentials, to: "/account/sign-in", as: another)
            async let two = shop.submit(credentials, to: "/account/sign-in", as: another)
            for answer in try await [one, two] { #expect(answer.status == 303 && answer.visitor?.id != another.id) }
        }
    }

    /// Browsers say no more than where they are from to addresses without HTTPS.
    @Test(arguments: [
        ("http://localhost", 422), ("HTTP://LOCALHOST", 422), ("null", 403), ("http://localhost:81", 403),
        ("https://evil.example", 403), ("http://localhost.evil.example", 403), ("localhost", 403),
    ])
    func formsOfOtherOriginsAreRefused(origin: String, status: Int) async throws {
        try await TestShop.open { shop in
            let answer = try await shop.submit(
                ["name": "Ada", "password": Self.password],
                to: "/account/sign-in",
                site: nil,
                origin: origin
            )
            #expect(answer.status == status && answer.header(.setCookie) == nil)
        }
    }

    @Test func formThatIsTooLongIsToldItsOwnLimit() async throws {
        try await TestShop.open { shop in
            let answer = try await shop.submit(
                ["name": "Ada", "password": String(repeating: "p", count: 5_000)],
                to: "/account/sign-in"
            )
            #expect(answer.status == 413 && answer.text.contains("4096 bytes") && !answer.text.contains("65536"))
        }
    }

    @Test func namesThatDifferInCaseAreOneInAllScripts() async throws {
        try await TestShop.open { shop in
            for (name, other) in [("Émile", "émile"), ("ΟΔΟΣ", "οδος"), ("Straße", "STRASSE")] {
                _ = try await Self.register(name, shop)
                let taken = try await shop.submit(["name": other, "password": Self.password], to: "/account/register")
                #expect(taken.status == 422 && taken.text.contains(Accounts.Refusal.taken.message), "\(other)")
                let signedIn = try await shop.submit(
                    ["name": other, "password": Self.password],
                    to: "/account/sign-in"
                )
                #expect(signedIn.status == 303, "\(other)")
                let account = try await shop.get("/account", as: #require(signedIn.visitor))
                #expect(account.text.contains("<h1>\(name)</h1>"))
            }
        }
    }

    /// Of two accounts that an earlier version has told apart, the older one keeps the name.
    @Test func accountsOfEarlierVersionsGetFoldedNames() throws {
        let database = try DatabaseQueue()
        try CatalogueSchema.migrator.migrate(database, upTo: "accounts")
        let names = ["Ada", "Émile", "émile"]
        try database.write { db in
            for name in names {
                try db.execute(
                    sql: "INSERT INTO account (name, password, createdAt) VALUES (?, '', '2026-11-01')",
                    arguments: [name]
                )
            }
        }
        try CatalogueSchema.migrator.migrate(database)
        let folded = try database.read { db in
            try String.fetchAll(db, sql: "SELECT foldedName FROM account ORDER BY id")
        }
        #expect(folded == ["ada", "émile", "émile#3"])
    }

    @Test func wrongPasswordsAndNamesAreToldApartByNobody() async throws {
        try await TestShop.open { shop in
            _ = try await Self.register("Ada", shop)
            var texts: Set<String> = []
            for (name, password) in [("Ada", "wrong horse battery"), ("Eve", Self.password), ("Eve", "wrong")] {
                let answer = try await shop.submit(["name": name, "password": password], to: "/account/sign-in")
                #expect(answer.status == 422 && answer.header(.setCookie) == nil)
                #expect(answer.text.contains("Name and password do not belong together."))
                #expect(!answer.text.contains(password))
                texts.insert(answer.text.replacing("value=\"\(name)\"", with: ""))
            }
            #expect(texts.count == 1)
        }
    }

    @Test func whatIsNoNameOrPasswordIsRefused() async throws {
        try await TestShop.open { shop in
            _ = try await Self.register("Ada", shop)
            for (name, password, message) in [
                ("", Self.password, Accounts.Refusal.name.message),
                ("<b>", Self.password, Accounts.Refusal.name.message),
                (String(repeating: "n", count: 41), Self.password, Accounts.Refusal.name.message),
                ("Bob", "too short", Accounts.Refusal.password.message),
                ("Bob", String(repeating: "p", count: 201), Accounts.Refusal.password.message),
                ("ada", Self.password, Accounts.Refusal.taken.message),
            ] {
                let answer = try await shop.submit(["name": name, "password": password], to: "/account/register")
                #expect(answer.status == 422 && answer.text.contains(message), "\(name)")
            }
            let incomplete = try await shop.submit(["name": "Bob"], to: "/account/register")
            #expect(incomplete.status == 400)
        }
    }

    @Test func passwordsAreNotInTheDatabase() async throws {
        try await TestShop.open { shop in
            _ = try await Self.register("Ada", shop)
            _ = try await Self.register("Bob", shop)
            let hashes = try await shop.catalogue.database.read { db in
                try String.fetchAll(db, sql: "SELECT password FROM account")
            }
            #expect(hashes.count == 2 && Set(hashes).count == 2)
            #expect(hashes.allSatisfy { $0.hasPrefix("scrypt$1024$8$1$") && !$0.contains("horse") })
        }
    }

    @Test(arguments: ShopPlace.allCases)
    func signingOutForgetsAndEverywhereMeansEverywhere(place: ShopPlace) async throws {
        try await place.open { shop in
            let laptop = try await Self.register("Ada", shop)
            let credentials = ["name": "Ada", "password": Self.password]
            let phone = try #require(try await shop.submit(credentials, to: "/account/sign-in").visitor)
            let tablet = try #require(try await shop.submit(credentials, to: "/account/sign-in").visitor)
            let account = try await shop.get("/account", as: phone).text
            #expect(account.contains("Ada") && account.ranges(of: "<time datetime=").count == 3)

            let out = try await shop.submit([:], to: "/account/sign-out", as: tablet)
            #expect(out.status == 303 && out.header(.setCookie)?.contains("Max-Age=0") == true)
            #expect(try await !shop.get("/account", as: tablet).text.contains("Ada"))
            #expect(try await shop.get("/account", as: phone).text.contains("Ada"))

            #expect(try await shop.submit([:], to: "/account/sign-out-everywhere", as: phone).status == 303)
            for browser in [laptop, phone, tablet] {
                let page = try await shop.get("/account", as: browser)
                #expect(page.status == 200 && !page.text.contains("Ada") && page.text.contains("name=\"password\""))
            }
        }
    }

    @Test(arguments: ["cross-site", "same-site", "none"])
    func formsOfOtherSitesAreRefused(site: String) async throws {
        try await TestShop.open { shop in
            let credentials = ["name": "Ada", "password": Self.password]
            for path in ["register", "sign-in", "sign-out", "sign-out-everywhere"] {
                let answer = try await shop.submit(credentials, to: "/account/\(path)", site: site)
                #expect(answer.status == 403 && answer.header(.setCookie) == nil)
            }
        }
    }

    @Test func passwordsCannotBeTriedForLong() async throws {
        try await TestShop.open { shop in
            var statuses: [Int] = []
            for _ in 1...12 {
                statuses.append(try await shop.submit(["name": "Ada", "password": "x"], to: "/account/sign-in").status)
            }
            #expect(statuses == Array(repeating: 422, count: 10) + [429, 429])
        }
    }

    /// Addresses are cheap, so tries are counted by the name as well.
    @Test func passwordsOfOneNameCannotBeTriedFromManyAddresses() async throws {
        try await TestShop.open(trustedProxies: .hops(1)) { shop async throws in
            func attempt(_ name: String, _ number: Int) async throws -> TestAnswer {
                try await shop.submit(
                    ["name": name, "password": "wrong horse battery"],
                    to: "/account/sign-in",
                    forwardedFor: "192.0.2.\(number)"
                )
            }
            for number in 1...20 {
                #expect(try await attempt(number.isMultiple(of: 2) ? "Ada" : "ADA", number).status == 422)
            }
            let refused = try await attempt("ada", 21)
            let seconds = Int(refused.header(.retryAfter) ?? "") ?? 0
            #expect(refused.status == 429 && (1...3_600).contains(seconds))
            #expect(try await attempt("Eve", 21).status == 422)
        }
    }

    /// Nobody is told that they are signed in, or that a password was wrong, while nothing can be counted or kept.
    @Test func withoutRedisNobodySignsInAndTheShopIsOpen() async throws {
        try await withRedisServer { server in
            try await TestShop.open(redisURL: server.url + "?socket_timeout=10") { shop in
                let ada = try await Self.register("Ada", shop)
                await server.kill()
                for path in ["sign-in", "register"] {
                    let answer = try await shop.submit(
                        ["name": "Ada", "password": Self.password],
                        to: "/account/\(path)"
                    )
                    #expect(answer.status == 503 && answer.header(.setCookie) == nil)
                }
                let home = try await shop.get("/", as: ada)
                // The browser keeps its cookie for when Redis is back.
                #expect(home.status == 200 && home.header(.setCookie) == nil && !home.text.contains("Ada"))
                #expect(try await shop.submit([:], to: "/account/sign-out", as: ada).status == 503)
            }
        }
    }
}
