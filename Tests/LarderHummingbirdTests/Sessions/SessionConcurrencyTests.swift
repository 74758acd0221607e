import Larder
import Testing

@testable import LarderHummingbird

/// Requests that change one session at the same time, on every store, in two processes and more.
@Suite("Concurrent changes of a session")
struct SessionConcurrencyTests {
    @Test("50 tasks in two processes change one session, and nothing is lost", arguments: TestedStore.allCases)
    func mergesAll(_ store: TestedStore) async throws {
        try await store.withCaches(2) { caches in
            let all = caches.map { Sessions($0) }
            let id = try await all[0].begun()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<50 {
                    group.addTask {
                        let sessions = all[task % all.count]
                        let session = try await sessions.existing(id)
                        try session.update(.counter, default: 0) { $0 += 1 }
                        try session.set(SessionKey<Int>("own-\(task)"), to: task)
                        try await sessions.save(session)
                    }
                }
                try await group.waitForAll()
            }
            for sessions in all {
                let session = try await sessions.existing(id)
                #expect(session[.counter] == 50)
                #expect(session[.color] == "green")
                let own = (0..<50).filter { (task: Int) in session[SessionKey<Int>("own-\(task)")] == task }
                #expect(own.count == 50)
            }
        }
    }

    @Test(
        "With .conflict one of those who read the same is saved, the others are told",
        arguments: TestedStore.allCases
    )
    func tellsOfConflicts(_ store: TestedStore) async throws {
        try await store.withCaches(2) { caches in
            let all = caches.map { Sessions($0, .init(concurrency: .conflict)) }
            let id = try await all[0].begun()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<12 {
                    group.addTask {
                        let sessions = all[task % all.count]
                        for _ in 0..<200 {
                            let session = try await sessions.existing(id)
                            session[.counter] = (session[.counter] ?? 0) + 1
                            do {
                                try await sessions.save(session)
                                return
                            } catch let error as SessionError where error.code == .conflict {}
                        }
                        Issue.record("a task has lost 200 races")
                    }
                }
                try await group.waitForAll()
            }
            let session = try await all[1].existing(id)
            #expect(session[.counter] == 12)
        }
    }

    @Test("Two who have read the same: the second gets a conflict, and what it changed is not there")
    func secondConflicts() async throws {
        let sessions = Sessions(Cache(.memory(entries: 100)), .init(concurrency: .conflict))
        let id = try await sessions.begun()
        let (first, second) = (try await sessions.existing(id), try await sessions.existing(id))
        first[.color] = "red"
        second[.color] = "blue"
        try await sessions.save(first)
        await #expect { try await sessions.save(second) } throws: { ($0 as? SessionError)?.code == .conflict }
        let now = try await sessions.existing(id)
        #expect(now[.color] == "red")
    }

    @Test("Merging takes what each has changed, and leaves what it has not")
    func mergesByKey() async throws {
        let sessions = Sessions(Cache(.memory(entries: 100)))
        let id = try await sessions.begun()
        let (first, second) = (try await sessions.existing(id), try await sessions.existing(id))
        first[.color] = "red"
        first["a"] = 1
        second["b"] = 2
        // Set to what it is: no change of this request's.
        second[.color] = "green"
        try await sessions.save(first)
        try await sessions.save(second)
        let now = try await sessions.existing(id)
        #expect(now[.color] == "red")
        #expect(now["a"] == 1)
        #expect(now["b"] == 2)
        let (third, fourth) = (try await sessions.existing(id), try await sessions.existing(id))
        try third.removeAll()
        fourth["c"] = 3
        try await sessions.save(third)
        try await sessions.save(fourth)
        let last = try await sessions.existing(id)
        #expect(last[.color] == nil)
        #expect(last["c"] == 3)
    }

    @Test(
        "Whoever changes a session while it moves to another id is moved along or told",
        arguments: TestedStore.allCases
    )
    func movesWithEverything(_ store: TestedStore) async throws {
        try await store.withCaches(2) { caches in
            let all = caches.map { Sessions($0) }
            let id = try await all[0].begun()
            let saved = Shared<Set<Int>>([])
            let moved = Shared<SessionID?>(nil)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<20 {
                    group.addTask {
                        let sessions = all[task % all.count]
                        guard let session = try await sessions.session(id) else { return }
                        do {
                            if task == 10 {
                                try session.signIn(as: "ann")
                                let id = try await sessions.save(session)
                                moved.change { $0 = id }
                            } else {
                                try session.set(SessionKey<Int>("own-\(task)"), to: task)
                                try await sessions.save(session)
                                saved.change { $0.insert(task) }
                            }
                        } catch let error as SessionError where error.code == .ended {}
                    }
                }
                try await group.waitForAll()
            }
            let newID = try #require(moved.now)
            #expect(newID != id)
            let old = try await all[1].session(id)
            #expect(old == nil)
            let session = try await all[1].existing(newID)
            #expect(session.user == "ann")
            let kept = saved.now
            let found = Set((0..<20).filter { (task: Int) in session[SessionKey<Int>("own-\(task)")] == task })
            #expect(found == kept)
        }
    }

    @Test("What is saved while all of a user's sessions are revoked leaves none", arguments: TestedStore.allCases)
    func revocationWins(_ store: TestedStore) async throws {
        try await store.withCaches(2) { caches in
            let all = caches.map { Sessions($0) }
            let ids = [try await all[0].begun(user: "ann"), try await all[1].begun(user: "ann")]
            let other = try await all[0].begun(user: "bob")
            let fresh = Shared<[SessionID]>([])
            let opened = [try await all[0].existing(ids[0]), try await all[1].existing(ids[1])]
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await all[1].revokeAll(of: "ann") }
                for task in 0..<10 {
                    group.addTask {
                        let sessions = all[task % 2]
                        // Read before the revocation, or in the middle of it.
                        let session = task < 2 ? opened[task] : try await sessions.session(ids[task % 2])
                        guard let session else { return }
                        do {
                            if task % 4 < 2 { try session.cycleID() } else { session[.counter] = task }
                            let id = try await sessions.save(session)
                            fresh.change { $0 += id.map { [$0] } ?? [] }
                        } catch let error as SessionError where error.code == .ended {}
                    }
                }
                try await group.waitForAll()
            }
            for id in ids + fresh.now {
                let found = try await all[0].session(id)
                #expect(found == nil)
            }
            let listed = try await all[1].sessions(of: "ann")
            #expect(listed.isEmpty)
            let bob = try await all[1].existing(other)
            #expect(bob.user == "bob")
        }
    }

    @Test("100 tasks of one request change its session, and nothing is lost")
    func mergesWithinARequest() async throws {
        let sessions = Sessions(Cache(.memory(entries: 100)))
        let session = sessions.new()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<100 { group.addTask { try session.update(.counter, default: 0) { $0 += 1 } } }
            try await group.waitForAll()
        }
        #expect(session[.counter] == 100)
        let id = try await sessions.save(session)
        let saved = try await sessions.existing(try #require(id))
        #expect(saved[.counter] == 100)
    }
}
