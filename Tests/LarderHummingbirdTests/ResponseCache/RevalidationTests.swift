import HTTPTypes
import Hummingbird
import Larder
import LarderHTTP
import LarderTesting
import NIOCore
import Testing

@testable import LarderHummingbird

/// RFC 9111, section 4.3, and RFC 5861.
@Suite("What is stale")
struct RevalidationTests {
    struct Failure: Error {}

    @Test("is asked for with its validator, and a 304 makes it fresh")
    func notModified() async throws {
        let origin = ScriptedOrigin { request, number in
            if request.headerFields[.ifNoneMatch] == "\"v1\"" {
                var response = Response(status: .notModified, headers: [.cacheControl: "max-age=30", .eTag: "\"v1\""])
                response.headers[.contentLength] = nil
                return response
            }
            return page("page \(number)", [.cacheControl: "max-age=10", .eTag: "\"v1\""])
        }
        let test = TestPages(.application(), origin)
        _ = try await test.send()
        test.clock.advance(by: .seconds(11))
        let validated = try await test.send()
        #expect(validated.status == 200)
        #expect(validated.body == "page 1")
        #expect(validated.cacheStatus == "Larder;fwd=stale;fwd-status=304;stored")
        test.clock.advance(by: .seconds(29))
        let fresh = try await test.send()
        #expect(fresh.isHit)
        #expect(fresh.fields[.age] == "29")
        #expect(test.origin.count == 2)
    }

    @Test("is sent at once and refreshed behind where it says so, once")
    func refreshedBehind() async throws {
        let gate = Gate()
        let origin = ScriptedOrigin { _, number in
            if number == 2 { await gate.wait() }
            return page("page \(number)", [.cacheControl: "max-age=10, stale-while-revalidate=60"])
        }
        let test = TestPages(.application(), origin)
        _ = try await test.send()
        test.clock.advance(by: .seconds(20))
        for _ in 1...5 {
            let stale = try await test.send(refreshes: true)
            #expect(stale.body == "page 1")
            #expect(stale.fields[.age] == "20")
        }
        await gate.open()
        try await eventually("the refresh is stored") { test.pages.counters.stores == 2 }
        let fresh = try await test.send(refreshes: true)
        #expect(fresh.body == "page 2")
        #expect(test.origin.count == 2)
        await test.pages.shutdown()
    }

    @Test("is refreshed by the first reader where nothing refreshes behind, and others get it meanwhile")
    func refreshedByReader() async throws {
        let gate = Gate()
        let origin = ScriptedOrigin { _, number in
            if number == 2 { await gate.wait() }
            return page("page \(number)", [.cacheControl: "max-age=10, stale-while-revalidate=60"])
        }
        let test = TestPages(.application(), origin)
        _ = try await test.send()
        test.clock.advance(by: .seconds(20))
        async let first = test.send()
        try await eventually("the first asks") { origin.count == 2 }
        let second = try await test.send()
        #expect(second.body == "page 1")
        await gate.open()
        let body = try await first.body
        #expect(body == "page 2")
    }

    @Test("stands in for an error within its time, and the handler is left alone for a while")
    func standsIn() async throws {
        let origin = ScriptedOrigin { _, number in
            if number == 1 { return page("page 1", [.cacheControl: "max-age=10, stale-if-error=100"]) }
            if number == 2 { throw HTTPError(.serviceUnavailable) }
            if number == 3 { throw Failure() }
            return page("late", [:], status: .internalServerError)
        }
        let test = TestPages(.application(), origin)
        _ = try await test.send()
        test.clock.advance(by: .seconds(11))
        let stale = try await test.send()
        #expect(stale.body == "page 1")
        let backoff = try await test.send()
        #expect(backoff.body == "page 1")
        #expect(test.origin.count == 2)
        test.clock.advance(by: .seconds(2))
        let again = try await test.send()
        #expect(again.body == "page 1")
        #expect(test.origin.count == 3)
        test.clock.advance(by: .seconds(100))
        let over = try await test.send()
        #expect(over.status == 500)
    }

    @Test("an expired tag leaves the page to stand in, and no more")
    func softPurge() async throws {
        let origin = ScriptedOrigin { _, number in
            if number == 2 { throw Failure() }
            return page("page \(number)", [.cacheControl: "max-age=100, stale-if-error=100", .surrogateKey: "shelf"])
        }
        let test = TestPages(.application(), origin)
        _ = try await test.send()
        try await test.pages.purge(tags: ["shelf"], .expire)
        let stale = try await test.send()
        #expect(stale.body == "page 1")
        #expect(test.origin.count == 2)
        test.clock.advance(by: .seconds(5))
        let fresh = try await test.send()
        #expect(fresh.body == "page 3")
    }

    @Test("the answer to a HEAD tells whether it is still true")
    func headFreshens() async throws {
        let origin = ScriptedOrigin { request, number in
            let tag = number >= 3 ? "\"v2\"" : "\"v1\""
            return page("page", [.cacheControl: "max-age=10", .eTag: tag])
        }
        let test = TestPages(.application(), origin)
        _ = try await test.send()
        test.clock.advance(by: .seconds(11))
        _ = try await test.send(.head)
        let fresh = try await test.send()
        #expect(fresh.isHit)
        test.clock.advance(by: .seconds(11))
        _ = try await test.send(.head)
        let changed = try await test.send()
        #expect(changed.cacheStatus.contains("fwd=stale"))
        #expect(test.origin.count == 4)
    }

    @Test("only-if-cached gets what is stored, or a 504")
    func onlyIfCached() async throws {
        let test = TestPages(.application(), ScriptedOrigin([.cacheControl: "max-age=10"]))
        let missing = try await test.send(.get, "/", [.cacheControl: "only-if-cached"])
        #expect(missing.status == 504)
        _ = try await test.send()
        let stored = try await test.send(.get, "/", [.cacheControl: "only-if-cached"])
        #expect(stored.status == 200)
        #expect(test.origin.count == 1)
    }
}

/// A door that tasks wait at.
actor Gate {
    private var isOpen = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func wait() async {
        if self.isOpen { return }
        await withCheckedContinuation { self.waiting.append($0) }
    }

    func open() {
        self.isOpen = true
        for waiter in self.waiting { waiter.resume() }
        self.waiting = []
    }
}

/// Waits until something holds.
///
/// - Throws: What the condition throws; a failure after ten seconds.
func eventually(_ what: String, _ condition: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(10)
    while ContinuousClock.now < deadline {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(2))
    }
    Issue.record("not within ten seconds: \(what)")
}
