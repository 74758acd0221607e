import GRDB
import Testing

@testable import LarderSQLite

/// The values beneath: marks, the queue of changes, keys.
@Suite struct ChangeValuesTests {
    @Test func markStandsUntilItIsLiftedAndIsRememberedForThoseWhoBeganBefore() {
        var marks = MarkTable()
        let before = marks.serial
        #expect(marks.verdict(on: [3, 4], since: before) == .clear)
        marks.place(on: [4])
        #expect(marks.verdict(on: [3, 4], since: before) == .standing)
        #expect(marks.verdict(on: [3], since: before) == .clear)
        marks.place(on: [4])
        marks.lift([4: 1])
        #expect(marks.verdict(on: [4], since: before) == .standing)
        marks.lift([4: 1])
        #expect(marks.verdict(on: [4], since: before) == .lifted)
        #expect(marks.verdict(on: [4], since: marks.serial) == .clear)
        #expect(marks.isEmpty)
    }

    @Test func markThatIsWithdrawnLeavesNothing() {
        var marks = MarkTable()
        let before = marks.serial
        marks.place(on: [7, 7])
        marks.withdraw(from: [7, 7])
        #expect(marks.verdict(on: [7], since: before) == .clear)
    }

    @Test func valueWithoutPlacesOrWithOnesOutOfRangeIsNotServed() {
        let marks = MarkTable()
        #expect(marks.verdict(on: [], since: 0) == .standing)
        #expect(marks.verdict(on: [60_000], since: 0) == .standing)
    }

    @Test func changesThatWaitGoTogetherAndComeBackWhenTheyFail() {
        var queue = ChangeQueue(limit: 10, everything: "db")
        #expect(queue.isSettled)
        queue.add(tags: ["db/a"], keys: [], marks: [1])
        let first = queue.takeBatch()
        #expect(first?.tags == ["db/a"])
        queue.add(tags: ["db/b"], keys: ["k"], marks: [1, 2])
        queue.add(tags: ["db/b"], keys: [], marks: [2])
        #expect(queue.takeBatch() == nil)
        #expect(queue.batchEnded(isDone: false).isEmpty)
        #expect(queue.failures == 1)
        let second = queue.takeBatch()
        #expect(second?.tags == ["db/a", "db/b"])
        #expect(second?.keys == ["k"])
        #expect(queue.batchEnded(isDone: true) == [1: 2, 2: 2])
        #expect(queue.isSettled)
        #expect(queue.failures == 0)
        #expect(queue.pending == 0)
    }

    @Test func changeDuringATellingIsNotSettledByIt() {
        var queue = ChangeQueue(limit: 10, everything: "db")
        queue.add(tags: ["db/a"], keys: [], marks: [1])
        _ = queue.takeBatch()
        let late = queue.add(tags: ["db/a"], keys: [], marks: [1])
        #expect(queue.batchEnded(isDone: true) == [1: 1])
        #expect(queue.settled < late)
        #expect(queue.takeBatch()?.tags == ["db/a"])
    }

    @Test func tooManyTagsBecomeOneAndThoseOfOthersStay() {
        var queue = ChangeQueue(limit: 10, everything: "db")
        queue.add(tags: (0..<20).map { "db/t#\($0)" } + ["own", "database"], keys: [], marks: [])
        #expect(queue.takeBatch()?.tags == ["db", "own", "database"])
    }

    @Test func tooManyKeysBecomeTheWholeNamespace() {
        var queue = ChangeQueue(limit: 10, everything: "db")
        queue.add(tags: ["db/a"], keys: (0..<20).map { "k\($0)" }, marks: [5])
        #expect(queue.pending == 1)
        queue.add(tags: ["db/b"], keys: ["k"], marks: [5])
        let batch = queue.takeBatch()
        #expect(batch?.clears == true)
        #expect(queue.batchEnded(isDone: true) == [5: 2])
        #expect(queue.isSettled)
    }

    @Test func digestsAreThoseOfTheStandard() {
        // FIPS 180-4's examples, and a million a's.
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        #expect(SHA256.hexadecimalDigest(of: []) == empty)
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        #expect(SHA256.hexadecimalDigest(of: Array("abc".utf8)) == abc)
        let long = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"
        let digest = "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        #expect(SHA256.hexadecimalDigest(of: Array(long.utf8)) == digest)
        // The padding around a block's end; against sha256sum.
        let sixtyFour = "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"
        #expect(SHA256.hexadecimalDigest(of: Array(repeating: UInt8(ascii: "a"), count: 64)) == sixtyFour)
    }

    private static func text(_ arguments: StatementArguments) -> String? { PlainText.describing(arguments) }

    @Test func textOfAValueTellsAllOfItOrNothing() {
        struct Pair { var first: Any, second: Any }
        let texts = [
            PlainText.describing(Pair(first: "a", second: "b")), PlainText.describing(Pair(first: "a1:", second: "b")),
            PlainText.describing(Pair(first: 1, second: "b")), PlainText.describing(Pair(first: "1", second: "b")),
            Self.text([1, "1"]), Self.text(["1", 1]),
            Self.text([nil, 1.0]), Self.text([nil, 1]),
            Self.text(["a": 1, "b": 2]), Self.text(["a": 2, "b": 1]),
        ]
        #expect(texts.allSatisfy { $0 != nil })
        #expect(Set(texts).count == texts.count)
        #expect(Self.text(["a": 1, "b": 2]) == Self.text(["b": 2, "a": 1]))
        #expect(PlainText.describing(Pair(first: { 1 }, second: 1)) == nil)
        #expect(PlainText.describing(RenameColumnAdapter { $0 }) == nil)
        let adapters = [1, 2].map { PlainText.describing(SuffixRowAdapter(fromIndex: $0)) }
        #expect(adapters[0] != nil && adapters[0] != adapters[1])
    }

    @Test func namesThatLookAlikeHaveTagsOfTheirOwn() {
        let tags = DataTags(database: "Main")
        let names = [
            tags.table("book"), tags.table("book.title"), tags.column("title", of: "book"), tags.members(of: "book"),
            tags.table("book+"), tags.rows(of: "book"), tags.row(1, of: "book"), tags.table("book#1"),
            tags.table("bücher"),
            tags.everything, tags.anyWrite, DataTags(database: "main/book").everything,
        ]
        #expect(Set(names).count == names.count)
        #expect(tags.table("BOOK") == tags.table("book"))
        #expect(names.allSatisfy { $0.utf8.count <= 250 && $0.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F } })
    }
}
