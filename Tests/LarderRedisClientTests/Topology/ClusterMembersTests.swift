import Logging
import NIOPosix
import Testing

@testable import LarderRedisClient

@Suite(.timeLimit(.minutes(1))) struct ClusterMembersTests {
    static let start = MonotonicTime(nanoseconds: 0)
    static let later = start.advanced(by: ClusterMembers.quarantine)

    let members = ClusterMembers(capacity: 2)
    let setup: ClusterMember.Setup

    init() throws {
        self.setup = ClusterMember.Setup(
            connector: try RedisConnector(RedisConfiguration()),
            history: ServerHistory(),
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    /// The number of the member at a host.
    func number(_ host: String, at now: MonotonicTime = start) -> UInt16? {
        let address = NodeAddress(host: host, port: 6379)
        let member = self.members.member(at: address, now: now) { index in
            ClusterMember(index: index, address: address, isFirst: true, setup: self.setup) {}
        }
        if let member { #expect(member.address == address && self.members[member.index] === member) }
        return member?.index
    }

    @Test func addressKeepsItsNumberAndThereIsRoomForSoMany() {
        #expect(self.number("a") == 0)
        #expect(self.number("b") == 1)
        #expect(self.number("a") == 0)
        #expect(self.number("c") == nil)
        #expect(self.members.all.map(\.address.host) == ["a", "b"])
        #expect(self.members.member(ifKnown: 1) === self.members[1])
        #expect(self.members.member(ifKnown: 2) == nil)
    }

    @Test func numberOfAServerThatHasLeftLongAgoIsFree() throws {
        #expect(self.number("a") == 0)
        #expect(self.number("b") == 1)
        let former = self.members[0]
        self.members.areInCluster([1], at: Self.start)
        #expect(self.number("c", at: Self.later.advanced(by: -1)) == nil)
        #expect(self.number("c", at: Self.later) == 0)
        #expect(self.members.all.map(\.address.host) == ["c", "b"])
        #expect(former.address.host == "a", "who had it may go on")
        #expect(self.number("a", at: Self.later) == nil, "there is no room for it any more")
    }

    @Test func serverThatComesBackInTimeKeepsItsNumber() {
        #expect(self.number("a") == 0)
        #expect(self.number("b") == 1)
        self.members.areInCluster([1], at: Self.start)
        self.members.areInCluster([], at: Self.start.advanced(by: 1))
        // One is in a map again, the other was named by a server.
        self.members.areInCluster([1], at: Self.later)
        #expect(self.number("a", at: Self.later) == 0)
        #expect(self.number("c", at: Self.later) == nil)
    }

    @Test func afterTheEndThereAreNoNewMembers() {
        #expect(self.number("a") == 0)
        self.members.seal()
        #expect(self.number("b") == nil)
        #expect(self.members.isSealed)
    }
}
