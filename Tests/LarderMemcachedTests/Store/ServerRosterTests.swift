import Larder
import NIOCore
import Testing

@testable import LarderMemcached

/// Which entries are alive when servers are taken out and let in again.
@Suite struct ServerRosterTests {
    private static let namespace: UInt64 = 0x1234_5678

    @Test func withoutALossEntriesAreStoredUnderTheNamespacesOwnGeneration() {
        #expect(ServerRoster().generation(Self.namespace, on: 1, behind: []) == Self.namespace)
        var roster = ServerRoster()
        roster.letIn(2, epoch: 77)
        #expect(roster.generation(Self.namespace, on: 1, behind: []) == Self.namespace)
        #expect(roster.generation(Self.namespace, on: 2, behind: []) != Self.namespace)
    }

    /// Every way along which a key can come to lie on a server, through losses and returns of all three: none has a generation of another.
    @Test func noGenerationComesBack() {
        var roster = ServerRoster()
        // By the epochs that have gone into them.
        var generations: [[UInt64]: Set<UInt64>] = [:]
        var epoch: UInt64 = 1_000
        func note() {
            for path in [[1], [1, 2], [1, 3], [1, 2, 3], [2], [2, 3], [3], [3, 1]] as [[UInt64]] {
                let generation = roster.generation(Self.namespace, on: path.last ?? 0, behind: path.dropLast())
                generations[path.map { roster.epoch(of: $0) }.filter { $0 != 0 }, default: []].insert(generation)
            }
        }
        note()
        for server in [1, 2, 1, 3, 2, 3, 1, 1, 2] as [UInt64] {
            epoch += 1
            if roster.outSince(server) == nil {
                roster.takeOut(server, epoch: epoch, at: 5)
            } else {
                roster.letIn(server, epoch: epoch)
            }
            note()
        }
        #expect(generations.count > 30)
        #expect(generations.values.allSatisfy { $0.count == 1 })
        #expect(generations.values.reduce(into: Set()) { $0.formUnion($1) }.count == generations.count)
    }

    @Test func outAndInAreRemembered() {
        var roster = ServerRoster()
        roster.takeOut(1, epoch: 9, at: 50)
        #expect(roster.outSince(1) == 50 && roster.epoch(of: 1) == 9)
        roster.letIn(1, epoch: 10)
        #expect(roster.outSince(1) == nil && roster.epoch(of: 1) == 10)
        #expect(roster.outSince(2) == nil && roster.epoch(of: 2) == 0)
    }

    @Test func itemHasTheRosterAndOneWithoutItIsReadAsWell() throws {
        var roster = ServerRoster()
        let stamp = NamespaceStamp(generation: 1, epoch: 2)
        let plain = StampItem(stamp: stamp, serial: 3)
        #expect(plain.bytes.count == 26)
        #expect(StampItem(ByteBuffer(bytes: plain.bytes)) == plain)
        roster.takeOut(4, epoch: 5, at: 6)
        roster.letIn(7, epoch: 8)
        let item = StampItem(stamp: stamp, serial: 3, roster: roster)
        #expect(StampItem(ByteBuffer(bytes: item.bytes)) == item)
        for count in item.bytes.indices where count != 26 && count != 50 {
            #expect(StampItem(ByteBuffer(bytes: item.bytes.prefix(count))) == nil)
        }
    }

    @Test func serversAreNumberedByTheirNames() {
        let numbers = (0..<1_000).map { ServerRoster.number(ofServerNamed: "10.0.0.\($0)") }
        #expect(Set(numbers).count == 1_000)
        #expect(ServerRoster.number(ofServerNamed: "10.0.0.1") == numbers[1])
    }
}
