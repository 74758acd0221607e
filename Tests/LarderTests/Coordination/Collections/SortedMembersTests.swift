import LarderTesting
import Testing

@testable import Larder

@Suite struct SortedMembersTests {
    /// What a sorted set is, as simply as it can be said.
    private struct Model {
        var scores: [[UInt8]: Double] = [:]

        var sorted: [SortedMembers.Place] {
            self.scores.map { .init(score: $0.value, member: MemberBytes($0.key)) }.sorted { left, right in
                left.score != right.score
                    ? left.score < right.score : left.member.bytes.lexicographicallyPrecedes(right.member.bytes)
            }
        }
    }

    @Test(arguments: [4, 64], [1, 2, 3, 4] as [UInt64])
    func anyHistoryLeavesWhatASortedArrayHas(_ capacity: Int, _ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var board = SortedMembers(capacity: capacity)
        var model = Model()
        for step in 0..<600 {
            // Few scores, so that there are ties; few members, so that they meet again.
            let member = Array("m\(Int.random(in: 0..<150, using: &generator))".utf8)
            let score = Double(Int.random(in: -5...5, using: &generator)) / 2
            switch Int.random(in: 0..<10, using: &generator) {
            case 0...3:
                board.set(MemberBytes(member), to: score)
                model.scores[member] = score
            case 4:
                let isChanged = board.set(MemberBytes(member), to: score, if: .ifGreater).isChanged
                #expect(isChanged == (model.scores[member].map { score > $0 } ?? true))
                model.scores[member] = max(model.scores[member] ?? score, score)
            case 5:
                board.set(MemberBytes(member), to: score, if: .ifLower)
                model.scores[member] = min(model.scores[member] ?? score, score)
            case 6, 7:
                let isRemoved = board.remove(MemberBytes(member))
                let wasThere = model.scores.removeValue(forKey: member) != nil
                #expect(isRemoved == wasThere)
            default:
                let order: LeaderboardOrder = step.isMultiple(of: 2) ? .highestFirst : .lowestFirst
                let sorted = order == .lowestFirst ? model.sorted : model.sorted.reversed()
                let first = Int.random(in: 0...sorted.count, using: &generator)
                let ranks = first..<min(sorted.count, first + 3)
                #expect(board.members(at: ranks, order) == Array(sorted[ranks]))
                let removed = board.remove(at: ranks, order)
                #expect(removed == ranks.count)
                for place in sorted[ranks] { model.scores[place.member.bytes] = nil }
            }
            let sorted = model.sorted
            #expect(board.count == sorted.count)
            if let rank = sorted.indices.randomElement(using: &generator) {
                #expect(board.rank(of: sorted[rank].member, .lowestFirst) == rank)
                #expect(board.rank(of: sorted[rank].member, .highestFirst) == sorted.count - 1 - rank)
                let range = ScoreRange.above(sorted[rank].score).intersection(.atMost(2))
                let inRange = sorted.filter { $0.score > sorted[rank].score && $0.score <= 2 }
                #expect(board.members(at: board.ranks(of: range, .lowestFirst), .lowestFirst) == inRange)
                #expect(board.members(at: board.ranks(of: range, .highestFirst), .highestFirst) == inRange.reversed())
            }
            if step % 50 == 0 { #expect(board.checkInvariants() == []) }
        }
        #expect(board.members(at: 0..<Int.max, .lowestFirst) == model.sorted)
        #expect(board.checkInvariants() == [])
    }

    @Test func aBeginningComesBeforeWhatItBeginsAndBytesAreUnsigned() {
        var board = SortedMembers()
        for member in [[1, 2], [1], [255], [], [1, 1, 9]] as [[UInt8]] { board.set(MemberBytes(member), to: 0) }
        let order = board.members(at: 0..<5, .lowestFirst).map(\.member.bytes)
        #expect(order == [[], [1], [1, 1, 9], [1, 2], [255]])
    }

    @Test func zerosOfBothSignsAreOneScore() {
        var board = SortedMembers()
        board.set(MemberBytes([2]), to: 0)
        let isChanged = board.set(MemberBytes([2]), to: -0.0).isChanged
        board.set(MemberBytes([1]), to: -0.0)
        #expect(!isChanged)
        #expect(board.members(at: 0..<2, .lowestFirst).map(\.member.bytes) == [[1], [2]])
        #expect(board.checkInvariants() == [])
    }

    @Test func aRangeThatIsUpsideDownIsEmpty() {
        var board = SortedMembers()
        for score in 0..<10 { board.set(MemberBytes([UInt8(score)]), to: Double(score)) }
        #expect(board.ranks(of: .between(7, and: 3), .lowestFirst).isEmpty)
        #expect(board.ranks(of: .between(7, and: 3), .highestFirst).isEmpty)
        #expect(board.ranks(of: .above(3).intersection(.below(3)), .highestFirst).isEmpty)
    }
}
