import HTTPTypes
import LarderHTTP
import Testing

/// Rules, section 12: what the two presets differ in, and what they share.
@Suite struct CachePolicyTests {
    @Test func anApplicationStoresNothingThatCouldBeSomebodys() {
        let policy = CachePolicy.application
        #expect(policy.setCookie == .bypass)
        #expect(policy.authorization == .bypass)
        #expect(!policy.storesStaleOnArrival)
        #expect(!policy.matchesContentLanguage)
        #expect(!policy.guessesWithCookies)
        #expect(policy.staleWhenUnreachable == nil)
    }

    @Test func aProxyStoresWhatTheStandardPermits() {
        let policy = CachePolicy.proxy
        #expect(policy.setCookie == .store)
        #expect(policy.authorization == .whenPermitted)
        #expect(policy.storesStaleOnArrival)
        #expect(policy.matchesContentLanguage)
        #expect(policy.guessesWithCookies)
        #expect(policy.staleWhenUnreachable == .seconds(86_400))
    }

    @Test(arguments: [CachePolicy.application, .proxy])
    func whatBothBeginWith(_ policy: CachePolicy) {
        #expect(policy.targetedFields.map(\.canonicalName) == ["cdn-cache-control"])
        #expect(policy.forwardsTargetedFields)
        #expect(policy.usesHeuristics)
        #expect(policy.longestHeuristicLifetime == .seconds(86_400))
        #expect(policy.longestLifetime == nil)
        #expect(policy.negativeLifetime == nil)
        #expect(policy.heedsRequestDirectives)
        #expect(policy.staleWhileRevalidate == nil)
        #expect(policy.staleIfError == nil)
        #expect(policy.mostVariants == 32)
        #expect(!policy.keepsOlderOnNoStore)
        #expect(policy.statusName == nil)
        #expect(!policy.tellsKey)
    }
}
