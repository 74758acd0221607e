import Foundation
import HTTPTypes
import Hummingbird
import Larder
import LarderHummingbird
import NIOCore

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
            guard let account = try await self.account(form) else {
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

    /// The account of a form's name and password.
    ///
    /// Addresses are cheap to those who guess, so tries are counted by the name as well, whether there is such an account or not.
    /// The price is that others can use up the tries of a name; who is signed in stays so.
    private func account(_ form: Credentials) async throws -> Account? {
        guard let name = AccountName(form.name) else { return nil }
        let decision = try await self.shop.nameLimiter.check("account:\(name.folded)")
        guard decision.isAllowed else {
            let seconds = max(1, decision.deciding.retryAfterSeconds ?? 1)
            throw HTTPError(
                decision.isAssumed ? .serviceUnavailable : .tooManyRequests,
                headers: [.retryAfter: "\(seconds)"],
                message: decision.isAssumed
                    ? "Nobody can sign in at the moment. Please try again in \(inSeconds(seconds))."
                    : "That name was tried too often. Please try again in \(inSeconds(seconds))."
            )
        }
        return try await self.accounts.account(name, password: form.password)
    }

    /// From here on the browser is the account's, under another id than before; what the visitor has looked at stays.
    private func signIn(_ account: Account, _ context: ShopContext) async throws -> Response {
        let session = try await context.session
        let trail = session[.recentlyViewed]
        do {
            try self.signIn(account, session)
            try await self.shop.sessions.save(session)
        } catch let error as SessionError where error.code == .ended {
            // Somebody was faster with the same cookie: most likely the same visitor, who has pressed the button twice. The browser
            // heeds the last answer, so this one's session is what it gets; that of the first is ended.
            try session.flush()
            if let trail { try session.set(.recentlyViewed, to: trail) }
            try self.signIn(account, session)
            try await self.shop.sessions.save(session)
        }
        return Self.redirect(to: Self.path)
    }

    private func signIn(_ account: Account, _ session: Session) throws {
        guard let id = account.id else { preconditionFailure("an account of the database has a number") }
        try session.signIn(as: "\(id)")
        try session.set(.name, to: account.name)
        if session[.visitor] == nil { try session.set(.visitor, to: Visitor.new().id) }
        try session.setExpiry(SessionTimes.visitor)
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
        let body: ByteBuffer
        do {
            body = try await request.body.collect(upTo: Self.longest)
        } catch is NIOTooManyBytesError {
            throw HTTPError(.contentTooLarge, message: "The form must not be larger than \(Self.longest) bytes.")
        }
        let fields = try QueryItems(form: String(buffer: body))
        guard let name = fields["name"], let password = fields["password"] else {
            throw HTTPError(.badRequest, message: "The form must have \"name\" and \"password\".")
        }
        self.name = name
        self.password = password
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
