import Larder
import Testing

@Suite struct KeptHashTests {
    /// Files keep these numbers: they never change.
    @Test func theHashIsWhatFilesHaveKept() {
        let hash = KeptHash(first: 1, second: 2)
        let found = ["", "a", "12345678", "book:42", "a name of more than two words"].map {
            hash.hash($0, beside: (3, 4))
        }
        #expect(found == Self.golden)
    }

    private static let golden: [UInt64] = [
        0x769836DE35C485DF,
        0xB843777B59611971,
        0xE5BFB22794D4364B,
        0x3702AAAB247BCC8C,
        0x0087EFFDEB0C4941,
    ]

    @Test func namesNamespacesVersionsAndSeedsAllCount() {
        let hash = KeptHash(first: 7, second: 9)
        var numbers: Set<UInt64> = []
        for name in ["", "a", "b", "ab", "a\u{0}", "aaaaaaaa", "aaaaaaaaa", "aaaaaaaab"] {
            for namespace in [0, 1, -1] as [Int64] {
                for version in [0, 1, 2] as [Int64] { numbers.insert(hash.hash(name, beside: (namespace, version))) }
            }
        }
        #expect(numbers.count == 72)
        let others = Set((0..<1_000).map { KeptHash(first: $0, second: 9).hash("a", beside: (0, 0)) })
        #expect(others.count == 1_000)
    }

    @Test func numbersAreSpreadEvenlyOverFolders() {
        let hash = KeptHash.random()
        var folders = Array(repeating: 0, count: 256)
        for number in 0..<25_600 { folders[Int(hash.hash("key:\(number)", beside: (1, 1)) >> 56)] += 1 }
        // A hundred each, with a deviation of ten.
        #expect(folders.allSatisfy { (40...170).contains($0) })
    }
}
