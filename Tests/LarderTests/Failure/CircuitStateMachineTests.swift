import Testing

@testable import Larder

@Suite struct CircuitStateMachineTests {
    private let policy = CircuitBreakerPolicy(
        failures: 3,
        firstPause: .milliseconds(200),
        longestPause: .milliseconds(500)
    )

    private func at(_ milliseconds: Int64) -> CacheInstant {
        CacheInstant(nanoseconds: milliseconds * 1_000_000)
    }

    private func opened(at milliseconds: Int64) -> Subject {
        let machine = Subject(self.policy)
        for _ in 0..<3 { _ = machine.failed(in: 0, at: self.at(milliseconds)) }
        return machine
    }

    @Test func opensAfterSoManyFailuresInARow() {
        let machine = Subject(self.policy)
        #expect(machine.isCalm)
        #expect(!machine.failed(in: 0, at: self.at(0)))
        #expect(!machine.isCalm)
        #expect(!machine.failed(in: 0, at: self.at(0)))
        #expect(machine.state == .closed)
        #expect(machine.admit(at: self.at(0)) == .pass(period: 0))
        #expect(machine.failed(in: 0, at: self.at(0)))
        #expect(machine.state == .open)
        #expect(machine.admit(at: self.at(0)) == .refuse)
    }

    @Test func successBeginsTheCountAnew() {
        let machine = Subject(self.policy)
        for _ in 0..<10 {
            _ = machine.failed(in: 0, at: self.at(0))
            _ = machine.failed(in: 0, at: self.at(0))
            machine.succeeded(in: 0)
            #expect(machine.isCalm)
        }
        #expect(machine.period == 0)
    }

    @Test func oneCallAfterThePauseStartsTheOnlyProbe() {
        let machine = self.opened(at: 1_000)
        #expect(machine.admit(at: self.at(1_199)) == .refuse)
        #expect(machine.admit(at: self.at(1_200)) == .refuseAndProbe)
        #expect(machine.state == .halfOpen)
        for time in [1_200, 1_300, 1_000_000] as [Int64] { #expect(machine.admit(at: self.at(time)) == .refuse) }
        #expect(machine.probeEnded(isAnswered: true, at: self.at(1_300)))
        #expect(machine.isCalm)
        #expect(machine.admit(at: self.at(1_300)) == .pass(period: 1))
    }

    @Test func pausesDoubleUpToTheLongestAndBeginAnewAfterwards() {
        let machine = self.opened(at: 0)
        var now: Int64 = 0
        for pause in [200, 400, 500, 500, 500] as [Int64] {
            #expect(machine.admit(at: self.at(now + pause - 1)) == .refuse)
            now += pause
            #expect(machine.admit(at: self.at(now)) == .refuseAndProbe)
            // A pause begins when the probe has failed.
            now += 30
            #expect(!machine.probeEnded(isAnswered: false, at: self.at(now)))
            #expect(machine.state == .open)
        }
        #expect(machine.admit(at: self.at(now + 500)) == .refuseAndProbe)
        #expect(machine.probeEnded(isAnswered: true, at: self.at(now + 500)))
        for _ in 0..<3 { _ = machine.failed(in: 1, at: self.at(now)) }
        #expect(machine.admit(at: self.at(now + 199)) == .refuse)
        #expect(machine.admit(at: self.at(now + 200)) == .refuseAndProbe)
    }

    @Test func callsOfAnEarlierPeriodAreNotListenedTo() {
        let machine = self.opened(at: 0)
        machine.succeeded(in: 0)
        #expect(machine.state == .open)
        #expect(!machine.failed(in: 0, at: self.at(100)))
        _ = machine.admit(at: self.at(200))
        machine.succeeded(in: 0)
        #expect(machine.state == .halfOpen)
        _ = machine.probeEnded(isAnswered: true, at: self.at(250))
        for _ in 0..<100 { #expect(!machine.failed(in: 0, at: self.at(300))) }
        #expect(machine.isCalm)
        _ = machine.failed(in: 1, at: self.at(300))
        _ = machine.failed(in: 1, at: self.at(300))
        machine.succeeded(in: 0)
        #expect(machine.failed(in: 1, at: self.at(300)))
    }

    @Test func probeThatNobodyWaitsForChangesNothing() {
        let closed = Subject(self.policy)
        #expect(!closed.probeEnded(isAnswered: false, at: self.at(0)))
        #expect(closed.isCalm)
        let open = self.opened(at: 0)
        #expect(!open.probeEnded(isAnswered: true, at: self.at(100)))
        #expect(open.state == .open)
    }

    @Test func policyKeepsItsNumbersInOrder() {
        let policy = CircuitBreakerPolicy(failures: -1, firstPause: .seconds(2), longestPause: .seconds(1))
        #expect(policy.failures == 1)
        #expect(policy.longestPause == .seconds(2))
        #expect(CircuitBreakerPolicy(firstPause: .seconds(-1)).firstPause == .milliseconds(1))
    }
}

/// A state machine behind a reference: `#expect` takes no calls that change a value.
private final class Subject {
    private var machine: CircuitStateMachine

    init(_ policy: CircuitBreakerPolicy) {
        self.machine = CircuitStateMachine(policy)
    }

    var state: CircuitState { self.machine.state }
    var isCalm: Bool { self.machine.isCalm }
    var period: UInt64 { self.machine.period }

    func admit(at now: CacheInstant) -> CircuitStateMachine.Admission { self.machine.admit(at: now) }
    func succeeded(in period: UInt64) { self.machine.succeeded(in: period) }
    func failed(in period: UInt64, at now: CacheInstant) -> Bool { self.machine.failed(in: period, at: now) }
    func probeEnded(isAnswered: Bool, at now: CacheInstant) -> Bool {
        self.machine.probeEnded(isAnswered: isAnswered, at: now)
    }
}
