import LarderTesting
import Testing

@testable import Larder

@Suite struct LeaseTableTests {
    private let clock = ManualClock()
    private let stamp = NamespaceStamp.random()

    private func name(_ index: Int) -> NamespacedName { NamespacedName(namespace: 1, version: 1, name: "k\(index)") }

    private func key(_ index: Int) -> StoreKey { StoreKey(version: 1, name: "k\(index)") }

    private func acquire(_ table: LeaseTable, _ index: Int, for duration: Duration = .seconds(30)) -> LeaseAnswer {
        let request = LeaseRequest(token: .random(), duration: duration)
        return self.acquire(table, index, request, self.stamp)
    }

    private func acquire(_ table: LeaseTable, _ index: Int, _ request: LeaseRequest, _ stamp: NamespaceStamp)
        -> LeaseAnswer
    {
        var ended = EndedLeases()
        defer { ended.tell() }
        let terms = LeaseTerms(stamp: stamp, serial: 0, tags: nil)
        return table.acquire(self.name(index), self.key(index), request, terms, &ended)
    }

    private func redeem(_ table: LeaseTable, _ lease: Lease, _ stamp: NamespaceStamp) -> Bool {
        var ended = EndedLeases()
        defer { ended.tell() }
        return table.redeem(self.name(1), lease, stamp, &ended) != nil
    }

    private func end(_ table: LeaseTable, _ index: Int) {
        var ended = EndedLeases()
        table.end(self.name(index), &ended)
        ended.tell()
    }

    @Test func leasesAreCountedUntilTheyEnd() {
        let table = LeaseTable(clock: CacheClock(self.clock))
        guard case .granted(let lease) = self.acquire(table, 1) else {
            Issue.record("not granted")
            return
        }
        guard case .held(let holder) = self.acquire(table, 1) else {
            Issue.record("the lease is not held")
            return
        }
        #expect(holder.token == lease.token)
        _ = self.acquire(table, 2)
        #expect(table.standing == 2)
        #expect(!self.redeem(table, Lease(key: self.key(1), token: .random(), stamp: self.stamp), self.stamp))
        #expect(table.standing == 2)
        #expect(self.redeem(table, lease, self.stamp))
        #expect(!self.redeem(table, lease, self.stamp))
        self.end(table, 2)
        self.end(table, 2)
        #expect(table.standing == 0)
    }

    @Test func leaseOfAnotherStampIsVoidAndMakesRoom() {
        let table = LeaseTable(clock: CacheClock(self.clock))
        guard case .granted(let old) = self.acquire(table, 1) else {
            Issue.record("not granted")
            return
        }
        let next = NamespaceStamp.random()
        let request = LeaseRequest(token: .random(), duration: .seconds(30))
        let lease = Lease(key: self.key(1), token: request.token, stamp: next)
        #expect(self.acquire(table, 1, request, next) == .granted(lease))
        #expect(!self.redeem(table, old, next))
        #expect(table.standing == 1)
        #expect(self.redeem(table, lease, next))
        #expect(table.standing == 0)
    }

    @Test func leasesThatHaveRunOutAreForgottenBeforeTheyBecomeMany() {
        let table = LeaseTable(clock: CacheClock(self.clock))
        for index in 0..<100_000 {
            _ = self.acquire(table, index, for: .seconds(1))
            if index.isMultiple(of: 1_000) { self.clock.advance(by: .seconds(2)) }
        }
        #expect(table.standing < 20_000)
    }
}
