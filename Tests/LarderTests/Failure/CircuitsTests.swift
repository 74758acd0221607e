import Testing

@testable import Larder

/// The circuits of a store with parts, driven by hand.
@Suite struct CircuitsTests {
    private static let error = CacheError(.unavailable, "down")
    private static let (a, b) = (FailureDomain("a"), FailureDomain("b"))

    /// Circuits that open after two failures, in a box, so that an expectation may change them.
    private final class Subject {
        private var circuits = Circuits(CircuitBreakerPolicy(failures: 2))

        var areCalm: Bool { self.circuits.areCalm }
        var state: CircuitState { self.circuits.state }
        var era: UInt64 { self.circuits.era }

        private func at(_ milliseconds: Int64) -> CacheInstant {
            CacheInstant(nanoseconds: milliseconds * 1_000_000)
        }

        /// What keeps a call back that needs some parts, and whether it starts a probe; `nil`, it passes.
        func refusal(
            _ parts: Set<FailureDomain>?,
            at milliseconds: Int64 = 0
        ) -> (scope: Circuits.Scope, probes: Bool)? {
            guard case .refuse(let scope, _, let probes) = self.circuits.admit(parts, at: self.at(milliseconds)) else {
                return nil
            }
            return (scope, probes)
        }

        /// Lets a call fail; `nil`, the whole.
        func fail(_ part: FailureDomain?, in era: UInt64? = nil, at milliseconds: Int64 = 0) -> Bool {
            self.circuits.failed(part, CircuitsTests.error, in: era ?? self.era, at: self.at(milliseconds))
        }

        func succeed(_ parts: Set<FailureDomain>?) { self.circuits.succeeded(parts, in: self.era) }

        func endProbe(_ scope: Circuits.Scope, isAnswered: Bool, at milliseconds: Int64) -> Bool {
            self.circuits.probeEnded(scope, isAnswered: isAnswered, at: self.at(milliseconds))
        }
    }

    /// Circuits of which one is open; `nil`, the whole.
    private func opened(_ part: FailureDomain?) -> Subject {
        let circuits = Subject()
        #expect(!circuits.fail(part))
        #expect(circuits.fail(part))
        return circuits
    }

    @Test func partThatFailsKeepsBackOnlyWhoNeedsIt() {
        let circuits = self.opened(Self.a)
        #expect(!circuits.areCalm)
        #expect(circuits.state == .closed)
        #expect(circuits.refusal([Self.a])?.scope == .part(Self.a))
        #expect(circuits.refusal([Self.a, Self.b])?.scope == .part(Self.a))
        #expect(circuits.refusal([Self.b]) == nil)
        #expect(circuits.refusal([]) == nil)
        // What the others answer does not close it.
        circuits.succeed([Self.b])
        #expect(circuits.refusal([Self.a])?.probes == false)
    }

    @Test func whoNeedsAllPartsIsKeptBackByAnyAndClosesNone() {
        let circuits = self.opened(Self.a)
        #expect(circuits.refusal(nil)?.scope == .part(Self.a))
        circuits.succeed(nil)
        #expect(circuits.refusal([Self.a])?.scope == .part(Self.a))
        #expect(circuits.refusal(nil, at: 200)?.probes == true)
        #expect(circuits.endProbe(.part(Self.a), isAnswered: true, at: 210))
        #expect(circuits.refusal(nil, at: 210) == nil)
        // Its success ends the row of failures of every part.
        #expect(!circuits.fail(Self.b))
        circuits.succeed(nil)
        #expect(circuits.areCalm)
    }

    @Test func wholeThatFailsKeepsAllBack() {
        let circuits = self.opened(nil)
        #expect(circuits.state == .open)
        for parts in [[], [Self.a], [Self.a, Self.b]] as [Set<FailureDomain>] {
            #expect(circuits.refusal(parts)?.scope == .whole)
        }
    }

    @Test func successesOfAPartEndItsOwnRowOfFailures() {
        let circuits = Subject()
        #expect(circuits.areCalm)
        #expect(!circuits.fail(Self.a))
        circuits.succeed([Self.b])
        #expect(!circuits.areCalm)
        circuits.succeed([Self.a])
        #expect(circuits.areCalm)
        #expect(!circuits.fail(Self.a))
        #expect(!circuits.fail(Self.b))
        #expect(circuits.fail(Self.a))
    }

    @Test func partClosesWhenItsProbeIsAnswered() {
        let circuits = self.opened(Self.a)
        #expect(circuits.refusal([Self.a], at: 199)?.probes == false)
        #expect(circuits.refusal([Self.a], at: 200)?.probes == true)
        #expect(circuits.refusal([Self.a], at: 200)?.probes == false)
        #expect(circuits.endProbe(.part(Self.a), isAnswered: true, at: 210))
        #expect(circuits.areCalm)
        #expect(circuits.refusal([Self.a], at: 210) == nil)
    }

    @Test func callsFromBeforeAnOpeningAreNotListenedTo() {
        let circuits = self.opened(Self.a)
        _ = circuits.refusal([Self.a], at: 200)
        #expect(circuits.endProbe(.part(Self.a), isAnswered: true, at: 210))
        for _ in 0..<10 { #expect(!circuits.fail(Self.a, in: 0, at: 220)) }
        #expect(circuits.areCalm)
        // Another part's circuit has not opened since.
        #expect(!circuits.fail(Self.b, in: 0, at: 220))
        #expect(circuits.fail(Self.b, in: 0, at: 220))
    }

    @Test func partThatNobodyWantsAnyMoreIsForgotten() {
        let circuits = self.opened(Self.a)
        #expect(circuits.refusal([Self.b], at: 10_199) == nil)
        #expect(!circuits.areCalm)
        #expect(circuits.refusal([Self.b], at: 10_200) == nil)
        #expect(circuits.areCalm)
    }
}
