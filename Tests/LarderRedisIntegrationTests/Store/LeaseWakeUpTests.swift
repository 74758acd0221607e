import LarderRedisClient
import Testing

@testable import LarderRedis

/// What a waiter makes of what a subscription says, without a server.
@Suite(.timeLimit(.minutes(1))) struct LeaseWakeUpTests {
    static let lost = RedisError(.connectionClosed, message: "lost")

    /// Whether a wait returned before its end.
    static func isWoken(_ wake: LeaseWakeUp, within duration: Duration = .milliseconds(30)) async throws -> Bool {
        let start = ContinuousClock.now
        try await wake.wait(atMost: duration)
        return start.duration(to: .now) < duration
    }

    @Test func whatIsHeardWhileNobodyWaitsWakesTheNextOnce() async throws {
        let wake = LeaseWakeUp()
        try await #expect(!Self.isWoken(wake))
        wake.heard(.resumed)
        wake.heard(.resumed)
        try await #expect(Self.isWoken(wake, within: .seconds(100)))
        try await #expect(!Self.isWoken(wake))
    }

    @Test func everyChangeWakes() async throws {
        let wake = LeaseWakeUp()
        for event in [SubscriptionEvent.interrupted(Self.lost), .resumed, .ended(Self.lost)] {
            wake.heard(event)
            try await #expect(Self.isWoken(wake, within: .seconds(100)))
        }
    }

    @Test(arguments: [SubscriptionEvent.interrupted(lost), .ended(lost)])
    func whileNothingCanBeHeardWaitsAreShort(_ event: SubscriptionEvent) async throws {
        let wake = LeaseWakeUp()
        wake.heard(event)
        try await wake.wait(atMost: .seconds(100))
        for _ in 0..<3 {
            let start = ContinuousClock.now
            try await wake.wait(atMost: .seconds(100))
            let duration = start.duration(to: .now)
            // A pause each time: whoever asks again and again must not spin.
            #expect(duration >= LeaseWakeUp.deafWait - .milliseconds(1))
            #expect(duration < .seconds(10))
        }
        wake.heard(.resumed)
        try await wake.wait(atMost: .seconds(100))
        let long = LeaseWakeUp.deafWait * 3
        try await #expect(!Self.isWoken(wake, within: long))
    }

    @Test func hugeDurationsAreTaken() async throws {
        let wake = LeaseWakeUp()
        async let waiting: Void = wake.wait(atMost: .seconds(Int64.max))
        try await Task.sleep(for: .milliseconds(10))
        wake.heard(.resumed)
        try await waiting
        wake.heard(.resumed)
        try await wake.wait(atMost: .seconds(Int64.min))
    }

    @Test func cancelledAndWokenAtTheSameTimeEndsOnce() async throws {
        for _ in 0..<500 {
            let wake = LeaseWakeUp()
            let waiting = Task { try await wake.wait(atMost: .seconds(100)) }
            await Task.yield()
            async let heard: Void = wake.heard(.resumed)
            waiting.cancel()
            await heard
            if case .failure(let error) = await waiting.result { #expect(error is CancellationError) }
        }
    }
}
