import Larder
import Logging

extension Sessions: SessionKeeping {
    var renewsUnread: Bool { self.configuration.renewsAfter == .zero }

    /// More cookies of one name than this are somebody's mischief.
    private static var mostCookies: Int { 4 }

    func open(_ cookies: [String]) async throws -> Session {
        var moved: Session?
        do {
            for cookie in cookies.prefix(Self.mostCookies) {
                guard let id = SessionID(cookie) else { continue }
                let found = try await self.origin(of: id)
                self.outage.succeeded()
                guard let origin = found else { continue }
                if origin.record.isOver != true { return self.session(SessionState(origin)) }
                // It has just got another id. A new session now would take that one's place in the browser.
                let session = self.empty(SessionError.ended)
                session.withState { state in
                    state.moved = origin
                    state.course.presented = id
                }
                // The new one may be behind it.
                moved = moved ?? session
            }
        } catch let error as SessionError where error.code == .unavailable {
            guard self.configuration.onUnavailable == .anonymous else { throw error }
            self.outage.failed(error)
            return self.empty(error)
        }
        return moved ?? self.new()
    }

    /// An empty session in which nothing can be saved.
    private func empty(_ refusal: SessionError) -> Session {
        let session = self.new()
        session.withState { $0.refusal = refusal }
        return session
    }

    func close(_ session: Session) async throws -> CookieOrder {
        let state = session.withState { state in
            state.course.isClosed = true
            return state
        }
        let course = state.course
        let saved: SessionState.Origin?
        if state.isModified {
            saved = try await self.store(state)
            if saved == nil { return .remove }
        } else if course.saves > 0 {
            // Stored while the request was under way, of which the browser has not heard.
            saved = state.origin
        } else {
            return await self.renew(state)
        }
        guard let saved else { return course.presented == nil ? .keep : .remove }
        let isNew = saved.id != course.presented || state.isExpirySet || course.hasNewExpiry
        return saved.cookieOrder(isNew: isNew)
    }

    /// Puts off the end of a session that was only read.
    ///
    /// The request has not asked for it, so it does not fail where this does: the end stays as it was, and the browser is told
    /// nothing. The next request tries again.
    private func renew(_ state: SessionState) async -> CookieOrder {
        // A cookie that names no session stays: it may be that another request has just given the browser a better one, which
        // this answer must not take away.
        guard let origin = state.origin else { return .keep }
        let lifetime = self.lifetime(state.expiry, begun: state.begun)
        let wantsRenewal = self.configuration.wantsRenewal(
            state.expiry,
            timeLeft: origin.timeLeft.duration,
            lifetime: lifetime
        )
        guard wantsRenewal, lifetime > .zero else { return .keep }
        do {
            // Not by touching it: it may have got another id meanwhile, and the browser must not be told the old one.
            let isThere = try await self.cache.update(origin.id.reference.key) { entry in
                guard let record = entry.value, record.isOver != true, record.expiry == state.expiry else {
                    return false
                }
                entry.set(record, ttl: .duration(lifetime))
                return true
            }
            guard isThere else { return .keep }
            if let user = state.user { try await self.keepIndex(of: user) }
        } catch {
            self.logger.warning("The end of a session could not be put off", metadata: ["larder.error": "\(error)"])
            return .keep
        }
        var renewed = origin
        renewed.timeLeft = .remaining(lifetime)
        return renewed.cookieOrder(isNew: false)
    }
}

extension SessionState.Origin {
    /// What the browser has to know of a session that was saved.
    ///
    /// - Parameter isNew: Whether the browser has a cookie that says something else.
    /// - Returns: The order; to keep the cookie where nothing in it changes.
    func cookieOrder(isNew: Bool) -> CookieOrder {
        switch self.record.expiry.kind {
        case .browser: isNew ? .set(self.id.secret, nil) : .keep
        case .fixed where !isNew: .keep
        case .fixed, .sliding: .set(self.id.secret, self.timeLeft.duration)
        }
    }
}
