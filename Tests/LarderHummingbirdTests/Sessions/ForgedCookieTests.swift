import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Larder
import LarderCrypto
import LarderTesting
import Testing

@testable import LarderHummingbird

/// Cookies that somebody has changed, made up, kept for too long or used again.
@Suite("Forged cookies")
struct ForgedCookieTests {
    /// A way to come by a cookie that must not be good for anything.
    private enum Forgery: CaseIterable {
        case flippedBit, changedCharacter, truncated, extended, spliced, otherKey, random, empty, longText
        case expired, signedOut, cycled, revoked
    }

    private struct Bench: Sendable {
        let keeper: any SessionKeeping
        let clock: ManualClock
        /// A keeper with another key, or another store.
        let stranger: any SessionKeeping
        let revokeAll: @Sendable (String) async throws -> Void

        func cookie(user: String, secret: String, on keeper: any SessionKeeping) async throws -> String {
            let session = try await keeper.open([])
            session[.color] = secret
            try session.signIn(as: user)
            guard case .set(let value, _) = try await keeper.close(session) else { return "" }
            return value
        }
    }

    private static func bench(_ kind: SessionMiddlewareTests.Kind) throws -> Bench {
        let clock = ManualClock()
        let time = CacheClock(clock)
        func cache() -> Cache { Cache(.memory(MemoryStore(limit: .entries(100_000), clock: time)), clock: time) }
        let configuration = SessionConfiguration(expiry: .sliding(.seconds(1_000)), mostPerUser: 1_000_000)
        let key = try SealingKey(1, bytes: Array(repeating: 1, count: 32))
        let other = try SealingKey(1, bytes: Array(repeating: 2, count: 32))
        func bench(_ sealer: (SealingKey) -> any EntrySealer) -> Bench {
            let keeper = CookieSessions(sealer(key), revocations: cache(), configuration, clock: time)
            let stranger = CookieSessions(sealer(other), revocations: cache(), configuration, clock: time)
            return Bench(keeper: keeper, clock: clock, stranger: stranger) { try await keeper.revokeAll(of: $0) }
        }
        switch kind {
        case .cache:
            let keeper = Sessions(cache(), configuration, clock: time)
            return Bench(keeper: keeper, clock: clock, stranger: Sessions(cache(), configuration, clock: time)) {
                try await keeper.revokeAll(of: $0)
            }
        case .encryptedCookie: return bench { AESGCMSealer($0) }
        case .signedCookie: return bench { HMACSealer($0) }
        }
    }

    @Test(
        "1,000 forged cookies: none is accepted, and nobody gets another's session",
        arguments: SessionMiddlewareTests.Kind.allCases
    )
    func refusesAll(_ kind: SessionMiddlewareTests.Kind) async throws {
        let bench = try Self.bench(kind)
        var generator = SeededGenerator(20_260_101)
        // Two who stay signed in all the time.
        var annsCookie = try await bench.cookie(user: "ann", secret: "ann's", on: bench.keeper)
        var bobsCookie = try await bench.cookie(user: "bob", secret: "bob's", on: bench.keeper)
        var accepted: [String] = []
        var kinds = Set<String>()
        for round in 0..<1_000 {
            let forgery = Forgery.allCases[round % Forgery.allCases.count]
            kinds.insert("\(forgery)")
            let forged = try await Self.forge(forgery, annsCookie, bobsCookie, bench, &generator)
            let session = try await bench.keeper.open([forged])
            if session.user != nil || !session.isEmpty || !session.isNew { accepted.append("\(forgery)") }
            if forgery == .expired {
                annsCookie = try await bench.cookie(user: "ann", secret: "ann's", on: bench.keeper)
                bobsCookie = try await bench.cookie(user: "bob", secret: "bob's", on: bench.keeper)
            }
            let (ann, bob) = (try await bench.keeper.open([annsCookie]), try await bench.keeper.open([bobsCookie]))
            #expect(ann.user == "ann" && ann[.color] == "ann's")
            #expect(bob.user == "bob" && bob[.color] == "bob's")
        }
        #expect(accepted.isEmpty, "\(accepted)")
        #expect(kinds.count == Forgery.allCases.count)
    }

    private static func forge(
        _ forgery: Forgery,
        _ ann: String,
        _ bob: String,
        _ bench: Bench,
        _ generator: inout SeededGenerator
    ) async throws -> String {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        var bytes = Array(ann.utf8)
        let place = Int.random(in: 0..<bytes.count, using: &generator)
        switch forgery {
        case .flippedBit:
            // Of the bytes that are sealed, not only of their text.
            var sealed = Base64URL.bytes(of: ann) ?? []
            sealed[Int.random(in: 0..<sealed.count, using: &generator)] ^=
                1 << UInt8.random(in: 0..<8, using: &generator)
            return Base64URL.text(of: sealed)
        case .changedCharacter:
            let others = digits.filter { $0 != bytes[place] }
            bytes[place] = others.randomElement(using: &generator) ?? 0x41
        case .truncated: bytes.removeLast(Int.random(in: 1...bytes.count, using: &generator))
        case .extended:
            bytes += (0..<Int.random(in: 1...40, using: &generator)).map { _ in
                digits.randomElement(using: &generator) ?? 0x41
            }
        case .spliced:
            let other = Array(bob.utf8)
            // Cut within what both begin with, it would be the other's own cookie.
            let common = zip(bytes, other).prefix { $0 == $1 }.count
            let cut = Int.random(in: common + 1..<min(bytes.count, other.count) - 8, using: &generator)
            bytes = Array(bytes[..<cut] + other[cut...])
        case .otherKey:
            return try await bench.cookie(user: "ann", secret: "forged", on: bench.stranger)
        case .random:
            let length = [32, 64, 300].randomElement(using: &generator) ?? 32
            bytes = (0..<length).map { _ in digits.randomElement(using: &generator) ?? 0x41 }
        case .empty: return ["", "null", "undefined", "{}", "=", "%00"].randomElement(using: &generator) ?? ""
        case .longText: bytes = Array(repeating: 0x41, count: 100_000)
        case .expired:
            bench.clock.advance(by: .seconds(1_001))
            return ann
        case .signedOut, .cycled:
            let mallory = try await bench.cookie(user: "mallory", secret: "old", on: bench.keeper)
            let session = try await bench.keeper.open([mallory])
            if forgery == .signedOut { try session.flush() } else { try session.cycleID() }
            _ = try await bench.keeper.close(session)
            return mallory
        case .revoked:
            let mallory = try await bench.cookie(user: "mallory", secret: "old", on: bench.keeper)
            try await bench.revokeAll("mallory")
            bench.clock.advance(by: .milliseconds(1))
            return mallory
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("Base 64 says each bytes in one way, and those back")
    func codes() {
        var generator = SeededGenerator(7)
        for length in 0..<200 {
            let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
            let text = Base64URL.text(of: bytes)
            #expect(Base64URL.bytes(of: text) == bytes)
            #expect(text.utf8.count == (length * 4 + 2) / 3)
        }
        #expect(Base64URL.text(of: Array("foobar".utf8)) == "Zm9vYmFy")
        #expect(Base64URL.text(of: [0xFB, 0xFF]) == "-_8")
        for text in ["A", "AB=", "AB==", "A+", "A/", "AB", "ABD", "ABCDE", "Ä", " AA"] {
            #expect(Base64URL.bytes(of: text) == nil, "\(text)")
        }
        #expect(Base64URL.bytes(of: "AA") == [0])
    }
}
