import Foundation
import Larder
import LarderSQLite
import LarderTesting
import Testing

@testable import LarderHummingbird

@Suite("Sessions without a request")
struct SessionsTests {
    /// Sessions in memory, on a clock that a test moves.
    private struct Bench {
        let clock = ManualClock()
        let cache: Cache
        let sessions: Sessions

        init(_ configuration: SessionConfiguration = .init()) {
            let clock = CacheClock(self.clock)
            self.cache = Cache(.memory(MemoryStore(limit: .entries(1_000), clock: clock)), clock: clock)
            self.sessions = Sessions(self.cache, configuration, clock: clock)
        }
    }

    @Test("A session is there after it was saved, with its values and their types")
    func keepsValues() async throws {
        struct Profile: Codable, Equatable {
            var name: String
            var visits: [Int]
        }
        let sessions = Bench().sessions
        let session = sessions.new()
        #expect(session.isNew && session.isEmpty && !session.isModified)
        session[SessionKey<Profile>("profile")] = Profile(name: "Ann", visits: [1, 2])
        session[.counter] = 7
        #expect(session.isModified)
        let saved = try await sessions.save(session)
        let id = try #require(saved)
        #expect(session.id == id && !session.isModified && !session.isNew)
        let again = try await sessions.existing(id)
        #expect(again[SessionKey<Profile>("profile")] == Profile(name: "Ann", visits: [1, 2]))
        #expect(again[.counter] == 7)
        // Another type is as good as nothing.
        #expect(again[SessionKey<String>("counter")] == nil)
        again[.counter] = nil
        try await sessions.save(again)
        let last = try await sessions.existing(id)
        #expect(last[.counter] == nil)
    }

    @Test("A new session in which there is nothing is nowhere")
    func keepsNoEmptySessions() async throws {
        let bench = Bench()
        let session = bench.sessions.new()
        session[.counter] = 1
        session[.counter] = nil
        let id = try await bench.sessions.save(session)
        #expect(id == nil)
        let count = try await bench.cache.entryCount()
        #expect(count == 0)
    }

    @Test("The store knows neither ids nor who could use them")
    func storesHashes() async throws {
        let bench = Bench()
        let id = try await bench.sessions.begun(user: "ann")
        for try await key in bench.cache.keys() {
            #expect(!key.contains(id.secret) && !key.contains("ann"))
        }
        #expect("\(id)" == "session id (redacted)")
        #expect(!String(reflecting: id).contains(id.secret))
        var dumped = ""
        dump(id, to: &dumped)
        #expect(!dumped.contains(id.secret))
    }

    @Test("Ids are all different, and of 192 bits")
    func drawsIDs() {
        let ids = (0..<10_000).map { _ in SessionID().secret }
        #expect(Set(ids).count == ids.count)
        #expect(ids.allSatisfy { Base64URL.bytes(of: $0)?.count == 24 })
    }

    @Test("Signing in draws a new id and keeps the values; the old id is nobody's")
    func cyclesOnSignIn() async throws {
        let sessions = Bench().sessions
        let old = try await sessions.begun()
        let session = try await sessions.existing(old)
        try session.signIn(as: "ann")
        let saved = try await sessions.save(session)
        let new = try #require(saved)
        #expect(new != old)
        let gone = try await sessions.session(old)
        #expect(gone == nil)
        let signedIn = try await sessions.existing(new)
        #expect(signedIn.user == "ann")
        #expect(signedIn[.color] == "green")
        // Another user's session is not inherited.
        try signedIn.signIn(as: "bob")
        let third = try await sessions.save(signedIn)
        let bobs = try await sessions.existing(try #require(third))
        #expect(bobs.user == "bob")
        #expect(bobs[.color] == nil)
        let anns = try await sessions.session(new)
        #expect(anns == nil)
    }

    @Test("flush ends the session in the store; what is set after belongs to another")
    func flushes() async throws {
        let sessions = Bench().sessions
        let id = try await sessions.begun(user: "ann")
        let session = try await sessions.existing(id)
        try session.flush()
        #expect(session.user == nil && session[.color] == nil && session.isModified)
        session["message"] = "Goodbye"
        let saved = try await sessions.save(session)
        let next = try #require(saved)
        #expect(next != id)
        let old = try await sessions.session(id)
        #expect(old == nil)
        let new = try await sessions.existing(next)
        #expect(new["message"] == "Goodbye" && new.user == nil)
    }

    @Test("What a request changes in a session that was ended meanwhile is not saved, and does not bring it back")
    func endedStaysEnded() async throws {
        let sessions = Bench().sessions
        let id = try await sessions.begun()
        for change in [{ $0[.counter] = 1 }, { try $0.cycleID() }, { try $0.signIn(as: "ann") }]
            as [@Sendable (Session) throws -> Void]
        {
            let id = try await sessions.begun()
            let session = try await sessions.existing(id)
            try await sessions.revoke(id)
            try change(session)
            await #expect { try await sessions.save(session) } throws: { ($0 as? SessionError)?.code == .ended }
            let found = try await sessions.session(id)
            #expect(found == nil)
        }
        let first = try await sessions.existing(id)
        #expect(first[.color] == "green")
    }

    // MARK: Expiry

    @Test("A sliding session lives from use to use, a fixed one does not, and a date is kept")
    func expires() async throws {
        let bench = Bench(.init(expiry: .sliding(.seconds(100))))
        let sliding = try await bench.sessions.begun()
        let fixed = try await bench.sessions.begun()
        let session = try await bench.sessions.existing(fixed)
        try session.setExpiry(.fixed(.seconds(100)))
        try await bench.sessions.save(session)
        for _ in 0..<3 {
            bench.clock.advance(by: .seconds(30))
            for id in [sliding, fixed] {
                let session = try await bench.sessions.existing(id)
                try session.update(.counter, default: 0) { $0 += 1 }
                try await bench.sessions.save(session)
            }
        }
        bench.clock.advance(by: .seconds(30))
        let (first, second) = (try await bench.sessions.session(sliding), try await bench.sessions.session(fixed))
        #expect(first?[.counter] == 3)
        #expect(second == nil)
        bench.clock.advance(by: .seconds(80))
        let late = try await bench.sessions.session(sliding)
        #expect(late == nil)
        let dated = SessionExpiry.at(Date(timeIntervalSinceNow: 3_600))
        #expect(dated.lifetime > .seconds(3_590) && dated.lifetime <= .seconds(3_600) && !dated.isRenewed)
        #expect(SessionExpiry.at(Date(timeIntervalSinceNow: -1)).isOver)
        #expect(SessionExpiry.at(.distantFuture).lifetime > .seconds(3e9))
    }

    @Test("A moment that has passed ends the session with the request")
    func endsAtOnce() async throws {
        let sessions = Bench().sessions
        let id = try await sessions.begun()
        let session = try await sessions.existing(id)
        try session.setExpiry(.fixed(.zero))
        let saved = try await sessions.save(session)
        #expect(saved == nil)
        let found = try await sessions.session(id)
        #expect(found == nil)
    }

    @Test("Nothing makes a session live longer than the longest life")
    func endsAfterLongestLife() async throws {
        let bench = Bench(.init(expiry: .sliding(.seconds(100)), longestLife: .seconds(250)))
        let id = try await bench.sessions.begun(user: "ann")
        var current = id
        for step in 0..<4 {
            bench.clock.advance(by: .seconds(60))
            let session = try await bench.sessions.existing(current)
            if step == 2 { try session.cycleID() } else { try session.update(.counter, default: 0) { $0 += 1 } }
            current = try #require(try await bench.sessions.save(session))
        }
        bench.clock.advance(by: .seconds(9))
        let last = try await bench.sessions.session(current)
        #expect(last != nil)
        bench.clock.advance(by: .seconds(2))
        let gone = try await bench.sessions.session(current)
        #expect(gone == nil)
    }

    @Test("Reading puts off the end only after a tenth of the time, unless it is to do so always")
    func renews() async throws {
        for (renewsAfter, writesAtOnce) in [(nil, false), (Duration.zero, true)] as [(Duration?, Bool)] {
            let bench = Bench(.init(expiry: .sliding(.seconds(1_000)), renewsAfter: renewsAfter))
            let id = try await bench.sessions.begun()
            bench.clock.advance(by: .seconds(50))
            let early = try await bench.sessions.close(bench.sessions.existing(id))
            #expect(early == (writesAtOnce ? .set(id.secret, .seconds(1_000)) : .keep))
            bench.clock.advance(by: .seconds(101))
            let late = try await bench.sessions.close(bench.sessions.existing(id))
            #expect(late == .set(id.secret, .seconds(1_000)))
            bench.clock.advance(by: .seconds(999))
            let found = try await bench.sessions.session(id)
            #expect(found != nil)
        }
    }

    // MARK: A user's sessions

    @Test("A user's sessions are listed, ended one by one, and ended together; nobody else's are")
    func listsAndRevokes() async throws {
        let bench = Bench()
        let sessions = bench.sessions
        var anns: [SessionID] = []
        for color in ["red", "blue", "white"] {
            let session = sessions.new()
            session[.color] = color
            try session.signIn(as: "ann")
            anns.append(try #require(try await sessions.save(session)))
            bench.clock.advance(by: .seconds(1))
        }
        let bobs = try await sessions.begun(user: "bob")
        var list = try await sessions.sessions(of: "ann")
        #expect(list.map { $0[.color] } == ["red", "blue", "white"])
        #expect(list.map(\.reference) == anns.map(\.reference))
        let notAnns = try await sessions.revoke(bobs.reference, of: "ann")
        #expect(!notAnns)
        let isRevoked = try await sessions.revoke(anns[0].reference, of: "ann")
        #expect(isRevoked)
        list = try await sessions.sessions(of: "ann")
        #expect(list.map { $0[.color] } == ["blue", "white"])
        let ended = try await sessions.revokeOthers(of: "ann", but: anns[2].reference)
        #expect(ended == 1)
        list = try await sessions.sessions(of: "ann")
        #expect(list.map { $0[.color] } == ["white"])
        try await sessions.revokeAll(of: "ann")
        list = try await sessions.sessions(of: "ann")
        #expect(list.isEmpty)
        for id in anns {
            let session = try await sessions.session(id)
            #expect(session == nil)
        }
        let bob = try await sessions.existing(bobs)
        #expect(bob.user == "bob")
        let again = try await sessions.begun(user: "ann")
        let ann = try await sessions.existing(again)
        #expect(ann.user == "ann")
    }

    @Test("One session more than a user may have ends the oldest")
    func boundsSessions() async throws {
        let bench = Bench(.init(mostPerUser: 3))
        var ids: [SessionID] = []
        for _ in 0..<5 {
            ids.append(try await bench.sessions.begun(user: "ann"))
            bench.clock.advance(by: .seconds(1))
        }
        var alive: [Bool] = []
        for id in ids { alive.append(try await bench.sessions.session(id) != nil) }
        #expect(alive == [false, false, true, true, true])
        let list = try await bench.sessions.sessions(of: "ann")
        #expect(list.count == 3)
    }

    @Test("Names of users may be anything")
    func takesAnyName() async throws {
        let sessions = Bench().sessions
        for name in ["", "a\u{0}b", String(repeating: "x", count: 10_000), "\u{e9}", "e\u{301}", "*"] {
            let id = try await sessions.begun(user: name)
            let list = try await sessions.sessions(of: name)
            #expect(list.map(\.reference) == [id.reference])
        }
    }

    // MARK: Stores

    @Test(
        "Memory before a durable store: the sessions outlive the memory",
        arguments: [ReadFreshness.strict, .tracked]
    )
    func outlivesTheCache(_ freshness: ReadFreshness) async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/sessions.sqlite"
            func sessions() throws -> Sessions {
                let store = TieredStore(upper: .memory(entries: 100), lower: try SQLiteStore(.init(path: path)))
                return Sessions(Cache(store, namespace: "sessions"), .init(freshness: freshness))
            }
            let before = try sessions()
            let id = try await before.begun(user: "ann")
            let anonymous = try await before.begun()
            let first = try await before.existing(id)
            first[.counter] = 41
            try await before.save(first)
            // All that was in memory is gone.
            let after = try sessions()
            let session = try await after.existing(id)
            #expect(session.user == "ann" && session[.counter] == 41)
            try session.update(.counter, default: 0) { $0 += 1 }
            try await after.save(session)
            let last = try await sessions().existing(id)
            #expect(last[.counter] == 42)
            let list = try await sessions().sessions(of: "ann")
            #expect(list.count == 1)
            try await sessions().revokeAll(of: "ann")
            let gone = try await sessions().session(id)
            #expect(gone == nil)
            let other = try await sessions().existing(anonymous)
            #expect(other[.color] == "green")
        }
    }

    @Test("While the store fails nothing is read as absent, and nothing as saved")
    func tellsOfOutages() async throws {
        let store = FaultyStore(MemoryStore(limit: .entries(100)))
        let cache = Cache(store, namespace: "s", defaults: .init(circuitBreaker: nil))
        let strict = Sessions(cache)
        let lenient = Sessions(cache, .init(onUnavailable: .anonymous))
        let id = try await strict.begun()
        let session = try await strict.existing(id)
        session[.counter] = 1
        store.fail()
        await #expect { try await strict.session(id) } throws: { ($0 as? SessionError)?.code == .unavailable }
        await #expect { try await strict.open([id.secret]) } throws: { ($0 as? SessionError)?.code == .unavailable }
        await #expect { try await strict.save(session) } throws: { ($0 as? SessionError)?.code == .unavailable }
        await #expect { try await strict.revokeAll(of: "ann") } throws: { ($0 as? SessionError)?.code == .unavailable }
        let standIn = try await lenient.open([id.secret])
        #expect(standIn.isStandIn && standIn.isEmpty)
        let order = try await lenient.close(standIn)
        #expect(order == .keep)
        for change in [{ $0[.counter] = 1 }, { try $0.flush() }, { try $0.signIn(as: "ann") }]
            as [@Sendable (Session) throws -> Void]
        {
            let standIn = try await lenient.open([id.secret])
            try change(standIn)
            await #expect { try await lenient.close(standIn) } throws: {
                ($0 as? SessionError)?.code == .unavailable
            }
        }
        store.recover()
        let now = try await strict.existing(id)
        #expect(now[.counter] == nil && now[.color] == "green")
        try await strict.save(session)
        let saved = try await strict.existing(id)
        #expect(saved[.counter] == 1)
    }
}
