import Testing

@testable import LarderRedisClient

@Suite(.timeLimit(.minutes(1))) struct SlotTableTests {
    @Test func nobodyOwnsASlotUntilSomebodyDoes() {
        let table = SlotTable()
        #expect((0..<KeySlot.count).allSatisfy { table.load($0) == nil })
        table.store(3, in: 0)
        table.store(0, in: 16_383)
        #expect(table.load(0) == 3)
        #expect(table.load(16_383) == 0)
        #expect(table.load(1) == nil)
        table.store(nil, in: 0)
        #expect(table.load(0) == nil)
    }

    @Test func replacingGivesEverySlotItsOwner() {
        let table = SlotTable()
        table.replaceAll { $0 < 5461 ? 0 : $0 < 10_923 ? 1 : 2 }
        #expect(table.load(5460) == 0)
        #expect(table.load(5461) == 1)
        #expect(table.load(16_383) == 2)
        table.replaceAll { $0 == 7 ? 9 : nil }
        #expect((0..<KeySlot.count).filter { table.load($0) != nil } == [7])
    }

    @Test func readersSeeOwnersFromBeforeOrAfterAReplacement() async {
        let table = SlotTable()
        table.replaceAll { _ in 0 }
        let strangers = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<3 {
                group.addTask {
                    var strangers = 0
                    for round in 0..<200_000 {
                        guard let owner = table.load(round % KeySlot.count), owner <= 20 else {
                            strangers += 1
                            continue
                        }
                    }
                    return strangers
                }
            }
            group.addTask {
                for owner in 1...UInt16(20) { table.replaceAll { _ in owner } }
                return 0
            }
            return await group.reduce(0, +)
        }
        #expect(strangers == 0)
        #expect((0..<KeySlot.count).allSatisfy { table.load($0) == 20 })
    }
}
