/// Some of the slots of a cluster, and their form in a text.
struct SlotSet: Sendable, Equatable {
    private static let wordCount = KeySlot.count / 64

    /// A bit for each slot.
    private var words: [UInt64]

    /// No slots.
    init() { self.words = Array(repeating: 0, count: Self.wordCount) }

    /// All slots.
    static var all: SlotSet {
        var all = SlotSet()
        all.words = Array(repeating: .max, count: Self.wordCount)
        return all
    }

    var isEmpty: Bool { self.words.allSatisfy { $0 == 0 } }

    func contains(_ slot: Int) -> Bool { self.words[slot / 64] & 1 << UInt64(slot % 64) != 0 }

    mutating func insert(_ slot: Int) { self.words[slot / 64] |= 1 << UInt64(slot % 64) }

    /// The slots as a text.
    ///
    /// Words of 64 slots with their numbers: `3.ff` are the slots 192 to 199. `all` for all of them.
    var text: String {
        if self == .all { return "all" }
        return self.words.enumerated().filter { $0.element != 0 }
            .map { "\($0.offset).\(String($0.element, radix: 16))" }
            .joined(separator: ",")
    }

    /// The longest text: all words, each with its number.
    static let longestText = Self.wordCount * 21

    /// Reads such a text; nil for any other, and for one without slots.
    init?(_ text: some StringProtocol) {
        if text == "all" {
            self = .all
            return
        }
        self.init()
        guard text.utf8.count <= Self.longestText else { return nil }
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let halves = part.split(separator: ".", omittingEmptySubsequences: false)
            guard halves.count == 2, let index = Int(halves[0]), (0..<Self.wordCount).contains(index),
                let word = UInt64(halves[1], radix: 16), word != 0, self.words[index] == 0
            else { return nil }
            self.words[index] = word
        }
    }
}
