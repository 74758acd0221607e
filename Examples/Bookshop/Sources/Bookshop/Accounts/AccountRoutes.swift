import Foundation
import HTTPTypes
import Hummingbird
import LarderHummingbird

/// Signing in and out, and what the shop knows of who has.
struct AccountRoutes: Sendable {
    private static let path = "/account"

    let shop: Storefront
    let pages: PageRenderer
    /// Whose word on where a request comes from is taken.
    let proxies: TrustedProxies

    private var accounts: Accounts { self.shop.accounts }

    func add(to routes: RouterGroup<ShopContext>) throws {
        routes.get("account") { _, context in try await self.show(context) }
        let own = routes.group("account").add(middleware: SameOriginMiddleware())
        own.post("sign-out") { _, context in
            try await context.session.flush()
            return Self.redirect(to: "/")
        }
        own.post("sign-out-everywhere") { _, context in
            let session = try await context.session
            if let user = session.user { try await self.shop.sessions.revokeAll(of: user) }
            try session.flush()
            return Self.redirect(to: "/")
        }
        let passwords = try RateLimitRule(
            "password",
            limiter: self.shop.passwordLimiter,
            key: RateLimitKey<ShopContext>.clientAddress(behind: self.proxies)
        )
        let limited = own.add(middleware: RateLimitMiddleware(passwords))
        limited.post("sign-in") { request, context in
            let form = try await Credentials(request)
            guard let account = try await self.accounts.account(form.name, password: form.password) else {
                return try await self.refuse("Name and password do not belong together.", form)
            }
            return try await self.signIn(account, context)
        }
        limited.post("register") { request, context in
            let form = try await Credentials(request)
            do {
                return try await self.signIn(self.accounts.register(form.name, password: form.password), context)
            } catch let refusal as Accounts.Refusal {
                return try await self.refuse(refusal.message, form)
            }
        }
    }

    /// What is said of the visitor, or the forms to sign in.
    private func show(_ context: ShopContext) async throws -> Response {
        let session = try await context.session
        guard let user = session.user, let name = session[.name] else {
            return try await self.page(AccountPage())
        }
        let sessions = try await self.shop.sessions.sessions(of: user).map { summary in
            AccountPage.Session(
                since: Date(timeIntervalSince1970: summary.signedIn / .seconds(1)),
                isThisOne: summary.reference == session.reference
            )
        }
        return try await self.page(
            AccountPage(signedIn: name, recentlyViewed: session[.recentlyViewed]?.count ?? 0, sessions: sessions)
        )
    }

    /// From here on the browser is the account's, under another id than before; what the visitor has looked at stays.
    private func signIn(_ account: Account, _ context: ShopContext) async throws -> Response {
        guard let id = account.id else { preconditionFailure("an account of the database has a number") }
        let session = try await context.session
        try session.signIn(as: "\(id)")
        try session.set(.name, to: account.name)
        if session[.visitor] == nil { try session.set(.visitor, to: Visitor.new().id) }
        try session.setExpiry(SessionTimes.visitor)
        return Self.redirect(to: Self.path)
    }

    private func refuse(_ message: String, _ form: Credentials) async throws -> Response {
        var response = try await self.page(AccountPage(error: message, typedName: form.name))
        response.status = .unprocessableContent
        return response
    }

    private func page(_ page: AccountPage) async throws -> Response {
        try await self.pages.response(page, titled: "Account").private()
    }

    /// The page to see after a form was sent, so that loading it again sends nothing.
    private static func redirect(to path: String) -> Response {
        Response(status: .seeOther, headers: [.location: path]).private()
    }
}

/// A name and a password, as a form sends them.
private struct Credentials {
    let name: String
    let password: String

    /// The longest form, in bytes.
    private static let longest = 4 * 1_024

    init(_ request: Request) async throws {
        let body = try await request.body.collect(upTo: Self.longest)
        let fields = try QueryItems(form: String(buffer: body))
        guard let name = fields["name"], let password = fields["password"] else {
            throw HTTPError(.badRequest, message: "The form must have \"name\" and \"password\".")
        }
        self.name = name
        self.password = password
    }
}

/// Refuses what pages of other sites send: nobody is signed in or out by them.
private struct SameOriginMiddleware: RouterMiddleware {
    typealias Context = ShopContext

    func handle(
        _ request: Request,
        context: ShopContext,
        next: @concurrent (Request, ShopContext) async throws -> Response
    ) async throws -> Response {
        // Browsers send it, and no page can forge it; what is no browser has no visitor to deceive.
        if let site = request.headers[.secFetchSite], site != "same-origin" {
            throw HTTPError(.forbidden, message: "This form belongs on a page of the shop.")
        }
        return try await next(request, context)
    }
}

extension Response {
    /// An answer for one browser alone, which keeps none of it.
    fileprivate func `private`() -> Response {
        var response = self
        response.headers[.cacheControl] = "private, no-store"
        return response
    }
}
