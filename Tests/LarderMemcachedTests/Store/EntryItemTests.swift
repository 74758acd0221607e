import Larder
import NIOCore
import Testing

@testable import LarderMemcached

@Suite struct EntryItemTests {
    private static func header(_ marks: [TagMark] = []) -> EntryHeader {
        EntryHeader(
            codec: .text,
            isNull: false,
            fillCost: .milliseconds(3),
            lifetime: EntryLifetime(freshFor: .seconds(60), grace: .seconds(5)),
            generation: 42,
            marks: marks
        )
    }

    private static let marks = [TagMark(name: "books", generation: 1, freshness: 2)]

    private static var lease: ItemLease {
        var lease = ItemLease(
            token: LeaseToken(high: 1, low: 2),
            stamp: NamespaceStamp(generation: 3, epoch: 4),
            serial: 5,
            end: 1_700_000_000_123,
            marks: Self.marks
        )
        lease.shown = 6
        return lease
    }

    private static func items() -> [EntryItem] {
        let entry = EntryItem.Entry(
            end: 1_700_000_060_000,
            header: Self.header(Self.marks),
            value: ByteBuffer(string: "text")
        )
        return [
            EntryItem(name: nil),
            EntryItem(name: Array("ns:1:whole name".utf8), lease: Self.lease),
            EntryItem(name: nil, entry: entry),
            EntryItem(name: Array("n".utf8), lease: Self.lease, entry: entry),
        ]
    }

    @Test func whatIsWrittenIsReadAgain() throws {
        for item in Self.items() {
            let read = try #require(EntryItem(ByteBuffer(bytes: item.bytes())))
            #expect(read.name == item.name)
            #expect(read.lease == item.lease)
            #expect(read.entry?.end == item.entry?.end)
            #expect(read.entry?.header == item.entry?.header)
            #expect(read.entry?.value == item.entry?.value)
        }
    }

    @Test func itemThatIsCutOffOrChangedNeverCrashes() throws {
        for item in Self.items() {
            let bytes = try item.bytes()
            for length in bytes.indices { _ = EntryItem(ByteBuffer(bytes: bytes[..<length])) }
            for index in bytes.indices {
                for value in [UInt8(0), 1, 0x7F, 0x80, 0xFF] {
                    var changed = bytes
                    changed[index] = value
                    _ = EntryItem(ByteBuffer(bytes: changed))
                }
            }
        }
    }

    @Test func whatIsNotOursIsNothing() {
        for text in ["", "M", "hello", String(repeating: "x", count: 100)] {
            #expect(EntryItem(ByteBuffer(string: text)) == nil)
            #expect(StampItem(ByteBuffer(string: text)) == nil)
            #expect(TagItem(ByteBuffer(string: text)) == nil)
        }
    }

    @Test func serverKeepsAnItemLongerThanItsLastMillisecond() {
        let items = Self.items()
        #expect(items[0].expiry == 0)
        #expect(items[1].expiry == 1_700_000_003)
        #expect(items[2].expiry == 1_700_000_062)
        #expect(items[3].expiry == 1_700_000_062)
        var endless = items[3]
        endless.entry?.end = 0
        #expect(endless.expiry == 0)
        // What memcached cannot keep in 32 bits is for ever.
        endless.entry?.end = 5_000_000_000_000
        #expect(endless.expiry == 0)
    }

    @Test func entryAgesByItsServersTime() {
        let entry = EntryItem.Entry(end: 100_000, header: Self.header(), value: ByteBuffer(string: "text"))
        #expect(entry.timeLeft(now: 35_000) == .remaining(.seconds(60)))
        #expect(entry.timeLeft(now: 94_999) == .remaining(.milliseconds(1)))
        #expect(entry.timeLeft(now: 95_000) == .remaining(.zero))
        // A clock that is behind shows no entry younger than it can be.
        #expect(entry.timeLeft(now: 0) == .remaining(.seconds(60)))
    }

    @Test func tagsThatFitNoHeaderAreRefused() {
        let marks = (0..<300).map {
            TagMark(name: String(repeating: "t", count: 246) + "\($0)", generation: 1, freshness: 1)
        }
        let item = EntryItem(
            name: nil,
            entry: .init(end: 0, header: Self.header(marks), value: ByteBuffer())
        )
        #expect(throws: CacheError.self) { try item.bytes() }
    }

    @Test func stampsAndTagsComeBack() {
        let stamp = StampItem(stamp: NamespaceStamp(generation: 1, epoch: .max), serial: 3)
        #expect(StampItem(ByteBuffer(bytes: stamp.bytes)) == stamp)
        let tag = TagItem.random(serial: TagItem.unknownSerial, namespace: 8)
        #expect(TagItem(ByteBuffer(bytes: tag.bytes)) == tag)
        #expect(TagItem(ByteBuffer(bytes: stamp.bytes)) == nil)
    }
}
