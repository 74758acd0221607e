import Testing

@testable import Larder

/// What a policy says, as pure functions.
@Suite struct FetchPolicyTests {
    struct Contradiction: Sendable, CustomTestStringConvertible {
        var word: String
        var make: @Sendable () throws -> FetchPolicy
        var testDescription: String { self.word }
    }

    static let contradictions: [Contradiction] = [
        .init(word: "jitter") { try FetchPolicy(jitter: 1.1) },
        .init(word: "jitter") { try FetchPolicy(jitter: -0.1) },
        .init(word: "jitter") { try FetchPolicy(jitter: .nan) },
        .init(word: "earlyRefresh") { try FetchPolicy(earlyRefresh: -1) },
        .init(word: "earlyRefresh") { try FetchPolicy(earlyRefresh: .nan) },
        .init(word: "earlyRefresh") { try FetchPolicy(earlyRefresh: .infinity) },
        .init(word: "earlyRefresh needs a ttl") { try FetchPolicy(ttl: nil, earlyRefresh: 1) },
        .init(word: "refreshAfter is") { try FetchPolicy(refreshAfter: .zero) },
        .init(word: "refreshAfter (60") { try FetchPolicy(ttl: .seconds(60), refreshAfter: .seconds(60)) },
        .init(word: "refreshAfter needs a ttl") { try FetchPolicy(ttl: nil, refreshAfter: .seconds(1)) },
        .init(word: "staleOnError is") { try FetchPolicy(staleOnError: .seconds(-1)) },
        .init(word: "staleOnError needs a ttl") { try FetchPolicy(ttl: nil, staleOnError: .seconds(1)) },
        .init(word: "nothing is stored") { try FetchPolicy(ttl: .seconds(0), staleOnError: .seconds(1)) },
        .init(word: "nothing is stored") { try FetchPolicy(ttl: .seconds(0), refreshAfter: .seconds(1)) },
        .init(word: "softTimeout is") { try FetchPolicy(softTimeout: .seconds(-1)) },
        .init(word: "softTimeout (") { try FetchPolicy(softTimeout: .seconds(30), hardTimeout: .seconds(30)) },
        .init(word: "hardTimeout is") { try FetchPolicy(hardTimeout: .zero) },
        .init(word: "negativeTTL is") { try FetchPolicy(negativeTTL: .seconds(-1)) },
        .init(word: "retryAfter is") { try FetchPolicy(retryAfter: .seconds(-1)) },
        .init(word: "leaseDuration is") { try FetchPolicy(leaseDuration: .zero) },
    ]

    @Test(arguments: Self.contradictions)
    func policyThatContradictsItselfIsRefusedWithASentence(_ example: Contradiction) {
        let error = #expect(throws: CacheError.self) { _ = try example.make() }
        #expect(error?.code == .invalidPolicy)
        #expect(error?.message.contains(example.word) == true, "\(error?.message ?? "")")
    }

    @Test func presetsAreWhatTheySay() throws {
        #expect(FetchPolicy.standard == (try FetchPolicy()))
        #expect(FetchPolicy.standard.scope == .fleet)
        #expect(FetchPolicy.resilient.staleOnError == .seconds(86_400))
        let refreshing = try FetchPolicy.refreshingBehind(ttl: .seconds(100))
        #expect(refreshing.refreshAfter == .seconds(80))
        #expect(throws: CacheError.self) { try FetchPolicy.refreshingBehind(ttl: .zero) }
    }

    // MARK: Decisions

    private func entry(left: Duration?, of freshFor: Duration? = .seconds(100), cost: Duration? = nil) -> StoredEntry {
        StoredEntry(
            value: .integer(1),
            timeLeft: left.map { .remaining($0) } ?? .forever,
            freshFor: freshFor,
            fillCost: cost
        )
    }

    @Test func freshEntryIsServed() {
        #expect(FetchPolicy.standard.decision(on: self.entry(left: .seconds(1)), chance: 0.5) == .serve)
        #expect(FetchPolicy.standard.decision(on: self.entry(left: nil, of: nil), chance: 0.5) == .serve)
    }

    @Test func entryPastItsTimeStandsInForAsLongAsThePolicySays() throws {
        let policy = try FetchPolicy(staleOnError: .seconds(10))
        #expect(policy.decision(on: self.entry(left: .zero), chance: 0.5) == .fillOrServe)
        #expect(policy.decision(on: self.entry(left: .milliseconds(-9_999)), chance: 0.5) == .fillOrServe)
        // The grace has a hard end.
        #expect(policy.decision(on: self.entry(left: .seconds(-10)), chance: 0.5) == .fill)
        #expect(FetchPolicy.standard.decision(on: self.entry(left: .zero), chance: 0.5) == .fill)
    }

    @Test func entryWithAnExpiredTagIsServedOnceMoreWhileItIsFilledAnew() {
        var entry = self.entry(left: .seconds(50))
        entry.isExpiredByTag = true
        #expect(FetchPolicy.standard.decision(on: entry, chance: 0.5) == .serveAndRefresh)
        entry = self.entry(left: nil, of: nil)
        entry.isExpiredByTag = true
        #expect(FetchPolicy.standard.decision(on: entry, chance: 0.5) == .serveAndRefresh)
    }

    @Test func entryPastTheAgeOfRefreshingIsServedAndRefreshed() throws {
        let policy = try FetchPolicy(refreshAfter: .seconds(80))
        #expect(policy.decision(on: self.entry(left: .milliseconds(20_001)), chance: 0.5) == .serve)
        #expect(policy.decision(on: self.entry(left: .seconds(20)), chance: 0.5) == .serveAndRefresh)
        #expect(policy.decision(on: self.entry(left: nil, of: nil), chance: 0.5) == .serve)
    }

    @Test func earlyRefreshFollowsXFetch() throws {
        let policy = try FetchPolicy(earlyRefresh: 1)
        // -ln(0.5) is 0.69: with a fill of 10 seconds the refresh begins 6.9 seconds before the end.
        #expect(policy.decision(on: self.entry(left: .seconds(7), cost: .seconds(10)), chance: 0.5) == .serve)
        #expect(
            policy.decision(on: self.entry(left: .milliseconds(6_900), cost: .seconds(10)), chance: 0.5)
                == .serveAndRefresh
        )
        // A certain chance never, an entry without a known cost never.
        #expect(policy.decision(on: self.entry(left: .milliseconds(1), cost: .seconds(10)), chance: 1) == .serve)
        #expect(policy.decision(on: self.entry(left: .milliseconds(1)), chance: 0.0001) == .serve)
        let eager = try FetchPolicy(earlyRefresh: 2)
        #expect(eager.decision(on: self.entry(left: .seconds(13), cost: .seconds(10)), chance: 0.5) == .serveAndRefresh)
    }

    // MARK: Lifetimes

    @Test func jitterShortensAndNeverLengthens() throws {
        let policy = try FetchPolicy(staleOnError: .seconds(5), jitter: 0.2)
        func lifetime(_ chance: Double) -> EntryLifetime? {
            policy.lifetime(ttl: .seconds(100), isAbsence: false, defaults: .init(), chance: chance)
        }
        #expect(lifetime(0) == EntryLifetime(freshFor: .seconds(100), grace: .seconds(5)))
        #expect(lifetime(1) == EntryLifetime(freshFor: .seconds(80), grace: .seconds(5)))
        #expect(lifetime(0.5) == EntryLifetime(freshFor: .seconds(90), grace: .seconds(5)))
        #expect(policy.lifetime(ttl: nil, isAbsence: false, defaults: .init(), chance: 1)?.freshFor == nil)
        #expect(policy.lifetime(ttl: .seconds(0), isAbsence: false, defaults: .init(), chance: 1) == nil)
    }

    @Test func absencesHaveATimeToLiveOfTheirOwn() throws {
        let policy = try FetchPolicy(negativeTTL: .seconds(3))
        func lifetime(_ isAbsence: Bool, _ policy: FetchPolicy) -> Duration?? {
            policy.lifetime(ttl: .seconds(100), isAbsence: isAbsence, defaults: .init(), chance: 0)?.freshFor
        }
        #expect(lifetime(true, policy) == .seconds(3))
        #expect(lifetime(false, policy) == .seconds(100))
        #expect(lifetime(true, .standard) == .seconds(100))
        // What is not to be stored is not, and nothing outlives its own time.
        #expect(policy.lifetime(ttl: .seconds(0), isAbsence: true, defaults: .init(), chance: 0) == nil)
        #expect(
            policy.lifetime(ttl: .seconds(1), isAbsence: true, defaults: .init(), chance: 0)?.freshFor == .seconds(1)
        )
        #expect(policy.lifetime(ttl: nil, isAbsence: true, defaults: .init(), chance: 0)?.freshFor == .seconds(3))
        let none = try FetchPolicy(negativeTTL: .zero)
        #expect(none.lifetime(ttl: .seconds(100), isAbsence: true, defaults: .init(), chance: 0) == nil)
    }
}
