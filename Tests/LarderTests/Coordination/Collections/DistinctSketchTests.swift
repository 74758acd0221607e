import LarderTesting
import Testing

@testable import Larder

@Suite struct DistinctSketchTests {
    private static func sketch(of elements: Range<Int>, _ seed: HashSeed) -> DistinctSketch {
        var sketch = DistinctSketch()
        for element in elements { sketch.insert(seed.hash(UInt64(element))) }
        return sketch
    }

    private static func seed(_ number: UInt64) -> HashSeed {
        var generator = SeededGenerator(seed: number)
        return HashSeed(first: generator.next(), second: generator.next(), third: generator.next())
    }

    @Test(arguments: [100, 10_000, 1_000_000], [1, 2, 3, 4, 5] as [UInt64])
    func theNumberIsWithinThreeStandardErrors(_ count: Int, _ seed: UInt64) {
        let found = Self.sketch(of: 0..<count, Self.seed(seed)).count
        let error = Double(abs(found - count)) / Double(count)
        #expect(error <= 3 * DistinctSketch.standardError, "\(found) of \(count)")
    }

    /// Text of all lengths goes through another part of the hash.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func theNumberOfTextsIsWithinThreeStandardErrors(_ number: UInt64) {
        let seed = Self.seed(number)
        var sketch = DistinctSketch()
        for index in 0..<50_000 {
            let text = Array(("visitor-" + String(index) + String(repeating: "x", count: index % 40)).utf8)
            text.withUnsafeBytes { bytes in
                if let start = bytes.baseAddress { sketch.insert(seed.hash(start, count: bytes.count)) }
            }
        }
        let error = Double(abs(sketch.count - 50_000)) / 50_000
        #expect(error <= 3 * DistinctSketch.standardError, "\(sketch.count)")
    }

    /// The mean over many sets shows what a single one hides: the estimate is not off to one side, at the change from
    /// exact to estimated numbers neither.
    @Test(arguments: [600, 5_000, 40_000])
    func theNumberIsRightInTheMean(_ count: Int) {
        let rounds = 60
        let sum = (0..<rounds).reduce(0) { $0 + Self.sketch(of: 0..<count, Self.seed(UInt64($1 + 100))).count }
        let error = abs(Double(sum) / Double(rounds * count) - 1)
        #expect(error <= 4 * DistinctSketch.standardError / Double(rounds).squareRoot(), "\(error)")
    }

    @Test func fewElementsAreCountedExactly() {
        let seed = Self.seed(9)
        var sketch = DistinctSketch()
        #expect(sketch.count == 0)
        for element in 0..<DistinctSketch.mostHashes {
            let changes = [sketch.insert(seed.hash(UInt64(element))), sketch.insert(seed.hash(UInt64(element)))]
            #expect(changes == [true, false])
            #expect(sketch.count == element + 1)
        }
    }

    @Test(arguments: [(100, 200), (100, 5_000), (5_000, 100), (5_000, 20_000)])
    func aUnionIsWhatOneSketchOfBothHadSeen(_ left: Int, _ right: Int) {
        let seed = Self.seed(3)
        var union = Self.sketch(of: 0..<left, seed)
        union.formUnion(Self.sketch(of: left / 2..<left / 2 + right, seed))
        #expect(union == Self.sketch(of: 0..<max(left, left / 2 + right), seed))
    }

    @Test func manyMoreElementsChangeHardlyAnything() {
        let seed = Self.seed(4)
        var sketch = Self.sketch(of: 0..<200_000, seed)
        let changes = (200_000..<201_000).count { sketch.insert(seed.hash(UInt64($0))) }
        #expect((1..<250).contains(changes))
    }
}
