import Synchronization
import Testing

@testable import LarderRedisClient

@Suite(.timeLimit(.minutes(1))) struct ServerHistoryTests {
    static func identity(_ name: String, history: String = "h") -> ServerIdentity {
        ServerIdentity(runID: name, replicationID: history, isPrimary: true)
    }

    @Test func firstServerIsNoChange() {
        let history = ServerHistory()
        #expect(history.opened(Self.identity("a"), place: "p", isFirst: true) { _ in }.number == 1)
        #expect(history.opened(Self.identity("a"), place: "p", isFirst: true) { _ in }.number == 1)
        #expect(history.position == .init(meetings: 1, lastChange: 0))
    }

    @Test(arguments: [Self.identity("b"), Self.identity("a", history: "other")])
    func anotherProcessOrHistoryIsAChangeAndClosesWhatLedToTheFormer(successor: ServerIdentity) {
        let history = ServerHistory()
        let closed = Mutex<[String]>([])
        _ = history.opened(Self.identity("a"), place: "p", isFirst: true) { _ in closed.withLock { $0.append("p1") } }
        let gone = history.opened(Self.identity("a"), place: "p", isFirst: true) { _ in
            closed.withLock { $0.append("p2") }
        }
        _ = history.opened(Self.identity("x"), place: "q", isFirst: true) { _ in closed.withLock { $0.append("q") } }
        history.closed(gone)
        #expect(history.opened(successor, place: "p", isFirst: true) { _ in }.number == 3)
        #expect(closed.withLock { $0 } == ["p1"])
        #expect(history.position == .init(meetings: 3, lastChange: 3))
        #expect(Set(history.currentIdentities) == [successor, Self.identity("x")])
    }

    @Test func serverThatComesBackIsMetAgain() {
        let history = ServerHistory()
        for (name, number) in [("a", 1), ("b", 2), ("a", 3)] as [(String, UInt64)] {
            #expect(history.opened(Self.identity(name), place: "p", isFirst: true) { _ in }.number == number)
        }
    }

    @Test func nodeThatComesLaterIsAChange() {
        let history = ServerHistory()
        _ = history.opened(Self.identity("a"), place: "p", isFirst: true) { _ in }
        _ = history.opened(Self.identity("b"), place: "q", isFirst: false) { _ in }
        #expect(history.position == .init(meetings: 2, lastChange: 2))
    }

    @Test func whoDoesNotSayWhoItIsMayBeAnyone() {
        let history = ServerHistory()
        // Two connections to one server would close each other for ever.
        _ = history.opened(nil, place: "p", isFirst: true) { _ in Issue.record("closed") }
        _ = history.opened(nil, place: "p", isFirst: true) { _ in Issue.record("closed") }
        #expect(history.position == .init(meetings: 2, lastChange: 2))
    }

    @Test func whoDoesNotSayWhoItIsEndsOnlyWhatHearsOfChanges() {
        let history = ServerHistory()
        let closed = Mutex<[String]>([])
        func open(_ name: String, place: String = "p", hears: Bool) {
            _ = history.opened(nil, place: place, isFirst: true, hearsOfChanges: hears) { _ in
                closed.withLock { $0.append(name) }
            }
        }
        open("command", hears: false)
        open("feed", hears: true)
        open("elsewhere", place: "q", hears: true)
        // Two feeds would close each other for ever as well.
        open("second feed", hears: true)
        #expect(closed.withLock { $0 } == [])
        open("second command", hears: false)
        #expect(closed.withLock { Set($0) } == ["feed", "second feed"])
    }

    @Test func whoLeavesItsPlaceIsNobodyNowAndNoChangeWhenItComesBack() {
        let history = ServerHistory()
        _ = history.opened(Self.identity("a"), place: "p", isFirst: true) { _ in }
        history.deserted("p")
        history.deserted("q")
        #expect(history.currentIdentities == [])
        #expect(history.opened(Self.identity("a"), place: "p", isFirst: false) { _ in }.number == 1)
        #expect(history.currentIdentities == [Self.identity("a")])
        #expect(history.position == .init(meetings: 1, lastChange: 0))
    }
}
