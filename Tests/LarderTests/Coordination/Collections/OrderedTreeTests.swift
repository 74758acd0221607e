import LarderTesting
import Testing

@testable import Larder

@Suite struct OrderedTreeTests {
    /// Small nodes make deep trees of few elements; those of the size in use make the splits that happen there.
    @Test(arguments: [4, 5, 7, 64], [1, 2, 3] as [UInt64])
    func anyHistoryLeavesWhatASortedArrayHas(_ capacity: Int, _ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var tree = OrderedTree<Int>(capacity: capacity)
        var model: [Int] = []
        for step in 0..<4_000 {
            // First it grows more than it shrinks, then the other way round.
            let grows = Int.random(in: 0..<10, using: &generator) < (step < 2_000 ? 7 : 3)
            if grows || model.isEmpty {
                let element = Int.random(in: 0..<100_000, using: &generator)
                let place = model.firstIndex { $0 >= element } ?? model.count
                #expect(tree.place(of: element) == place)
                if place == model.count || model[place] != element {
                    tree.insert(element)
                    model.insert(element, at: place)
                }
            } else {
                let place = Int.random(in: model.indices, using: &generator)
                let removed = tree.remove(at: place)
                #expect(removed == model[place])
                model.remove(at: place)
            }
            #expect(tree.count == model.count)
            if step % 100 == 0 {
                #expect(tree.checkInvariants() == [])
                #expect(tree.elements(at: 0..<tree.count) == model)
            }
            if !model.isEmpty {
                let first = Int.random(in: 0...model.count, using: &generator)
                let last = Int.random(in: first...model.count, using: &generator)
                #expect(tree.elements(at: first..<last) == Array(model[first..<last]))
                let place = Int.random(in: model.indices, using: &generator)
                #expect(tree[place] == model[place])
            }
        }
        #expect(tree.checkInvariants() == [])
    }

    @Test(arguments: [true, false]) func elementsInOrderAreTakenFromEitherEnd(_ fromFront: Bool) {
        var tree = OrderedTree<Int>(capacity: 8)
        for element in 0..<1_000 { tree.insert(element) }
        #expect(tree.checkInvariants() == [])
        for step in 0..<1_000 {
            let element = tree.remove(at: fromFront ? 0 : tree.count - 1)
            #expect(element == (fromFront ? step : 999 - step))
        }
        #expect(tree.isEmpty)
        #expect(tree.checkInvariants() == [])
        tree.insert(7)
        #expect(tree.elements(at: 0..<10) == [7])
    }

    @Test func nodesThatWereFreedAreUsedAgain() {
        var tree = OrderedTree<Int>(capacity: 4)
        for element in 0..<1_000 { tree.insert(element) }
        let nodes = tree.nodes.count
        for round in 1...20 {
            let removed = tree.remove(at: 0..<900).count
            #expect(removed == 900)
            for element in 0..<900 { tree.insert(round * 10_000 + element) }
        }
        #expect(tree.checkInvariants() == [])
        #expect(tree.nodes.count <= 2 * nodes)
    }

    @Test func aCopyKeepsWhatItHad() {
        var tree = OrderedTree<Int>(capacity: 4)
        for element in 0..<100 { tree.insert(element) }
        let copy = tree
        tree.remove(at: 10..<90)
        #expect(copy.elements(at: 0..<100) == Array(0..<100))
        #expect(tree.count == 20)
    }

    @Test func placesOutsideOfTheTreeAreLeftOut() {
        var tree = OrderedTree<Int>()
        for element in 0..<10 { tree.insert(element) }
        #expect(tree.elements(at: 8..<Int.max) == [8, 9])
        #expect(tree.elements(at: 20..<30) == [])
        let removed = [tree.remove(at: 20..<30), tree.remove(at: 9..<30)]
        #expect(removed == [[], [9]])
    }
}
