import Larder
import LarderCrypto
import LarderTesting
import Testing

@testable import LarderHummingbird

/// Sessions that are ended, saved or counted around the moment in which they get another id.
@Suite("Sessions that get another id")
struct MovedSessionTests {
    private static func sessions(_ configuration: SessionConfiguration = .init()) -> Sessions {
        Sessions(Cache(.memory(entries: 1_000)), configuration)
    }

    @Test("Another id at the cap ends no session, and counts once", arguments: [1, 2, 3])
    func cyclesAtTheCap(_ most: Int) async throws {
        let sessions = Self.sessions(.init(mostPerUser: most))
        var ids: [SessionID] = []
        for _ in 0..<most { ids.append(try await sessions.begun(user: "ann")) }
        for round in 0..<(3 * most) {
            let session = try await sessions.existing(ids[round % most])
            if round % 2 == 0 { try session.cycleID() } else { try session.signIn(as: "ann") }
            let saved = try await sessions.save(session)
            ids[round % most] = try #require(saved)
        }
        for id in ids {
            let session = try await sessions.existing(id)
            #expect(session.user == "ann")
        }
        let listed = Set(try await sessions.sessions(of: "ann").map(\.reference))
        #expect(listed == Set(ids.map(\.reference)))
        // One more than they may have still ends one of them.
        ids.append(try await sessions.begun(user: "ann"))
        let count = try await sessions.sessions(of: "ann").count
        #expect(count == most)
    }

    @Test("A cookie of a session that has another id now does not hide the one that follows it")
    func oldCookieFirst() async throws {
        let sessions = Self.sessions()
        let old = try await sessions.begun(user: "ann")
        let moving = try await sessions.existing(old)
        try moving.cycleID()
        let saved = try await sessions.save(moving)
        let new = try #require(saved)
        let opened = try await sessions.open([old.secret, new.secret])
        #expect(opened.user == "ann" && opened.id?.reference == new.reference)
        let alone = try await sessions.open([old.secret])
        #expect(alone.user == nil)
    }

    enum Ending: CaseIterable {
        case openedBefore, openedAfter, expiredBefore, revoked, otherUser
    }

    @Test("Who ends a session under the id that it just had ends it", arguments: Ending.allCases, [1, 3])
    func endsWhereItIs(_ ending: Ending, _ moves: Int) async throws {
        let sessions = Self.sessions()
        let old = try await sessions.begun(user: "ann")
        let before = try await sessions.open([old.secret])
        var new = old
        for _ in 0..<moves {
            let session = try await sessions.existing(new)
            try session.cycleID()
            let saved = try await sessions.save(session)
            new = try #require(saved)
        }
        let bystander = try await sessions.begun(user: "ann")
        switch ending {
        case .openedBefore:
            try before.flush()
            let order = try await sessions.close(before)
            #expect(order == .remove)
        case .openedAfter:
            let after = try await sessions.open([old.secret])
            #expect(after.isEmpty && after.user == nil)
            try after.flush()
            let order = try await sessions.close(after)
            #expect(order == .remove)
        case .expiredBefore:
            try before.setExpiry(.fixed(.zero))
            let order = try await sessions.close(before)
            #expect(order == .remove)
        case .revoked:
            let isEnded = try await sessions.revoke(old)
            #expect(isEnded)
        case .otherUser:
            try before.signIn(as: "bob")
            let saved = try await sessions.save(before)
            let bob = try await sessions.existing(try #require(saved))
            #expect(bob.user == "bob")
        }
        let found = try await sessions.session(new)
        #expect(found == nil)
        let other = try await sessions.session(bystander)
        #expect(other != nil)
    }

    @Test("What stands in for a session that was moved changes nothing, and says so")
    func refusesChanges() async throws {
        let sessions = Self.sessions()
        let old = try await sessions.begun(user: "ann")
        let session = try await sessions.existing(old)
        try session.cycleID()
        let saved = try await sessions.save(session)
        let untouched = try await sessions.open([old.secret])
        let order = try await sessions.close(untouched)
        #expect(order == .keep)
        for change in [{ $0[.counter] = 1 }, { try $0.signIn(as: "bob") }, { try $0.setExpiry(.fixed(.zero)) }]
            as [@Sendable (Session) throws -> Void]
        {
            let standIn = try await sessions.open([old.secret])
            try change(standIn)
            await #expect { try await sessions.close(standIn) } throws: { ($0 as? SessionError)?.code == .ended }
        }
        let now = try await sessions.existing(try #require(saved))
        #expect(now.user == "ann" && now[.counter] == nil)
    }

    // MARK: Saved by a route

    @Test("A route that saves by itself loses neither the new cookie nor the order to remove it")
    func tellsTheBrowser() async throws {
        let sessions = Self.sessions()
        let old = try await sessions.begun()
        let signedIn = try await sessions.open([old.secret])
        try signedIn.signIn(as: "ann")
        let saved = try await sessions.save(signedIn)
        let id = try #require(saved)
        let order = try await sessions.close(signedIn)
        #expect(order == .set(id.secret, .seconds(14 * 86_400)))

        // Changed once more after.
        let twice = try await sessions.open([id.secret])
        try twice.setExpiry(.atBrowserClose())
        try await sessions.save(twice)
        twice[.counter] = 2
        let told = try await sessions.close(twice)
        #expect(told == .set(id.secret, nil))

        let ended = try await sessions.open([id.secret])
        try ended.flush()
        try await sessions.save(ended)
        let removal = try await sessions.close(ended)
        #expect(removal == .remove)

        let fresh = try await sessions.open([])
        fresh[.counter] = 1
        let begun = try await sessions.save(fresh)
        let first = try await sessions.close(fresh)
        #expect(first == .set(try #require(begun).secret, .seconds(14 * 86_400)))
    }

    @Test("What is changed while a session is saved is saved after")
    func carriesOver() async throws {
        let sessions = Self.sessions()
        for isEnded in [false, true] {
            let id = try await sessions.begun()
            let session = try await sessions.existing(id)
            let runs = Shared(0)
            try session.update(.counter, default: 0) { value in
                runs.change { $0 += 1 }
                value += 1
                // The second time is in the middle of saving, since another request was faster.
                guard runs.now == 2 else { return }
                if isEnded { try session.flush() } else { try session.signIn(as: "ann") }
                try session.set(.color, to: "blue")
            }
            let faster = try await sessions.existing(id)
            faster["faster"] = 1
            try await sessions.save(faster)
            try await sessions.save(session)
            #expect(runs.now == 2)
            #expect(session[.color] == "blue" && session.isModified)
            let between = try await sessions.existing(id)
            #expect(between[.color] == "green" && between[.counter] == 1 && between["faster"] == 1)
            let saved = try await sessions.save(session)
            let last = try await sessions.existing(try #require(saved))
            #expect(last[.color] == "blue" && last.id != id)
            #expect(last.user == (isEnded ? nil : "ann"))
            #expect(last[.counter] == (isEnded ? nil : 1))
            let gone = try await sessions.session(id)
            #expect(gone == nil)
        }
    }

    // MARK: Streams and cookies

    @Test("A session that is first asked for after the response was returned is refused; one asked for before is not")
    func refusesLateOnes() async throws {
        let sessions = Self.sessions()
        let late = PendingSession(sessions, [])
        let none = late.decide()
        #expect(none == nil)
        await #expect { try await late.session() } throws: { ($0 as? SessionError)?.code == .closed }
        let early = PendingSession(sessions, [])
        let session = try await early.session()
        let decided = early.decide()
        #expect(decided === session)
        let again = try await early.session()
        #expect(again === session)
    }

    @Test("What ends a session in a cookie holds for longer than its copies that were to live longer")
    func outlivesCopies() async throws {
        let clock = ManualClock()
        let time = CacheClock(clock)
        let cache = Cache(.memory(MemoryStore(limit: .entries(100), clock: time)), clock: time)
        let sealer = AESGCMSealer(try SealingKey(1, bytes: Array(repeating: 1, count: 32)))
        let sessions = CookieSessions(
            sealer,
            revocations: cache,
            .init(expiry: .fixed(.seconds(30 * 86_400))),
            clock: time
        )
        func closed(_ cookies: [String], _ change: (Session) throws -> Void) async throws -> String {
            let session = try await sessions.open(cookies)
            try change(session)
            guard case .set(let value, _) = try await sessions.close(session) else { return "" }
            return value
        }
        let copy = try await closed([]) { try $0.signIn(as: "ann") }
        let short = try await closed([copy]) { try $0.setExpiry(.fixed(.seconds(60))) }
        let user = try await sessions.open([short]).user
        #expect(user == "ann")
        _ = try await closed([short]) { try $0.flush() }
        for hours in [0, 3, 24 * 29 - 3] {
            clock.advance(by: .seconds(3_600 * hours))
            let session = try await sessions.open([copy])
            #expect(session.user == nil)
        }
    }
}
