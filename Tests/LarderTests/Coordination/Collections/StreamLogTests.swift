import LarderTesting
import Testing

@testable import Larder

@Suite struct StreamLogTests {
    private static func instant(_ milliseconds: Int64) -> CacheInstant {
        CacheInstant(nanoseconds: milliseconds * 1_000_000)
    }

    @Test func idsGrowThoughTheClockGoesBack() {
        var log = StreamLog()
        let ids = [1_000, 1_000, 900, 1_001, 5].compactMap { time in log.append([], at: time) }
        #expect(ids.map(\.description) == ["1000-0", "1000-1", "1000-2", "1001-0", "1001-1"])
        #expect(log.lastID == ids.last)
    }

    @Test func idsGoOnAfterAllMessagesAreGone() throws {
        var log = StreamLog()
        let appended = log.append([1], at: 10)
        let first = try #require(appended)
        let removals = [log.remove(first), log.remove(first)]
        #expect(removals == [true, false])
        #expect(log.entries.isEmpty)
        let second = log.append([2], at: 10)
        #expect(second == first.next)
    }

    @Test func theLastIdOfAllHasNoneBehindIt() {
        var log = StreamLog()
        let ids = [log.append([], at: .max), log.append([], at: 0)]
        #expect(ids == [StreamID(milliseconds: .max), StreamID(milliseconds: .max, sequence: 1)])
        #expect(StreamID.last.next == nil)
        #expect(StreamID(milliseconds: 7, sequence: .max).next == StreamID(milliseconds: 8))
    }

    @Test func messagesOlderThanTheLimitAreDropped() {
        var log = StreamLog(capacity: 4)
        for time in 0..<100 { _ = log.append([], at: UInt64(time) * 10 + 10) }
        let old = log.trim(to: .age(.milliseconds(100)), at: 1_000)
        #expect(old == 89)
        #expect(log.entries[0].id == StreamID(milliseconds: 900))
        let tooMany = [log.trim(to: .count(4), at: 1_000), log.trim(to: .count(4), at: 1_000)]
        #expect(tooMany == [7, 0])
        #expect(log.entries.checkInvariants() == [])
    }

    @Test func idsAreReadAsTheyAreWritten() {
        for id in [StreamID.zero, .last, StreamID(milliseconds: 1_760_000_000_000, sequence: 7)] {
            #expect(StreamID(id.description) == id)
        }
        for text in ["", "-", "1", "1-", "-1", "1-2-3", "+1-0", "1--1", "a-0", "18446744073709551616-0"] {
            #expect(StreamID(text) == nil, "\(text)")
        }
    }

    /// Random deliveries, acknowledgements, claims and removals: every message is with exactly one consumer until it is
    /// acknowledged, and no message that is there is ever lost.
    @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
    func noMessageIsLostWhateverConsumersDo(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var log = StreamLog(capacity: 4)
        let makings = [log.makeGroup("g", at: .beginning), log.makeGroup("g", at: .end)]
        #expect(makings == [true, false])
        var undelivered: [StreamID] = []
        var pending: [StreamID: String] = [:]
        var removed: Set<StreamID> = []
        for step in 0..<1_500 {
            let now = Self.instant(Int64(step))
            let consumer = "c\(Int.random(in: 0..<4, using: &generator))"
            switch Int.random(in: 0..<10, using: &generator) {
            case 0...3:
                let id = log.append([UInt8(step & 255)], at: UInt64(step))
                undelivered.append(try #require(id))
            case 4, 5:
                let found = log.deliver("g", to: consumer, limit: 3, now: now)
                #expect(found.map(\.id) == Array(undelivered.prefix(3)))
                undelivered.removeFirst(found.count)
                for message in found { pending[message.id] = consumer }
            case 6, 7:
                guard let id = pending.keys.sorted().randomElement(using: &generator) else { continue }
                let isKnown = log.groups["g"]?.acknowledge(id)
                #expect(isKnown == true)
                pending[id] = nil
            case 8:
                let before = pending.keys.sorted().prefix(2)
                let found = log.claim("g", for: consumer, idleFor: 0, from: .zero, limit: 2, now: now)
                #expect(found.messages.map(\.id) == before.filter { !removed.contains($0) })
                for id in before { pending[id] = removed.contains(id) ? nil : consumer }
            default:
                guard let id = pending.keys.sorted().randomElement(using: &generator) else { continue }
                let isRemoved = log.remove(id)
                #expect(isRemoved == removed.insert(id).inserted)
            }
            let reading = try #require(log.groups["g"])
            let found = Dictionary(uniqueKeysWithValues: reading.all.map { ($0.id, $0.consumer) })
            #expect(found == pending)
        }
        let reading = try #require(log.groups["g"])
        #expect(reading.pending.checkInvariants() == [])
        #expect(log.entries.checkInvariants() == [])
    }
}
