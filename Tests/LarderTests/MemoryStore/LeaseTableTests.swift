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
        return table.acquire(self.name(index), self.key(index), request, self.stamp)
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
        #expect(!table.redeem(self.name(1), Lease(key: self.key(1), token: .random(), stamp: self.stamp), self.stamp))
        #expect(table.standing == 2)
        #expect(table.redeem(self.name(1), lease, self.stamp))
        #expect(!table.redeem(self.name(1), lease, self.stamp))
        table.end(self.name(2))
        table.end(self.name(2))
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
        #expect(table.acquire(self.name(1), self.key(1), request, next) == .granted(lease))
        #expect(!table.redeem(self.name(1), old, next))
        #expect(table.standing == 1)
        #expect(table.redeem(self.name(1), lease, next))
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
