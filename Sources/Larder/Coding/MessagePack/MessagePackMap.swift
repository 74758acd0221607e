/// A map of a document, in which keys are looked for.
///
/// Values mostly ask for their keys in the order in which they were written. So each search begins where the last one ended, and
/// finds most keys at once. Others are found one by one, and in large maps by a table.
///
/// The key of an integer is its digits, as it is for those who ask. Of a key that stands twice the last value counts, wherever a search
/// begins.
final class MessagePackMap {
    let document: MessagePackDocument
    /// Where the keys are, each followed by its value.
    private var places: [UInt32] = []
    private var cursor = 0
    /// A hash table, empty for small maps: the indices of places plus one, and 0 where none is.
    private var slots: [UInt32] = []

    /// From how many pairs on a table is worth its making.
    private static let tableSize = 32

    /// - Throws: `DecodingError` where a key is neither text nor an integer.
    init(_ document: MessagePackDocument, _ map: MessagePackItem, _ path: MessagePackPath) throws {
        self.document = document
        self.places.reserveCapacity(map.count)
        if map.count >= Self.tableSize {
            // Two thirds full at most.
            let room = UInt(map.count + map.count / 2)
            self.slots = [UInt32](repeating: 0, count: 1 << (UInt.bitWidth - room.leadingZeroBitCount))
        }
        // A bit for each key, by its length and its ends; only where one is set already, there may be a twin.
        var seen: UInt64 = 0
        var place = map.next
        for _ in 0..<map.count {
            let item = document.item(at: place)
            switch item.kind {
            case .text, .unsigned, .negative: break
            default:
                let message = "a map has a key that is neither text nor an integer"
                throw DecodingError.dataCorrupted(.init(codingPath: path.keys, debugDescription: message))
            }
            self.withName(item) { self.add(UInt32(place), $0, &seen) }
            // A key is no container: its value comes next.
            place = document.end(of: item.next)
        }
    }

    private func add(_ place: UInt32, _ name: UnsafeBufferPointer<UInt8>, _ seen: inout UInt64) {
        let (twin, slot) = self.slots.isEmpty ? (self.twin(name, &seen), nil) : self.search(name)
        if let twin {
            self.places[twin] = place
        } else {
            self.places.append(place)
            if let slot { self.slots[slot] = UInt32(self.places.count) }
        }
    }

    private func twin(_ name: UnsafeBufferPointer<UInt8>, _ seen: inout UInt64) -> Int? {
        let ends = Int(name.first ?? 0) &* 7 ^ Int(name.last ?? 0) &* 31
        let bit: UInt64 = 1 << UInt64((name.count &* 5 ^ ends) & 63)
        guard seen & bit == 0 else { return self.places.firstIndex { self.matches($0, name) } }
        seen |= bit
        return nil
    }

    /// Looks a name up in the table.
    ///
    /// - Returns: The index of its place; where it has none, the slot for it.
    private func search(_ name: UnsafeBufferPointer<UInt8>) -> (index: Int?, slot: Int?) {
        // Seeded for each process, so that nobody can choose keys that share a slot.
        var hasher = Hasher()
        hasher.combine(bytes: UnsafeRawBufferPointer(name))
        let mask = self.slots.count - 1
        var slot = hasher.finalize() & mask
        while self.slots[slot] != 0 {
            let index = Int(self.slots[slot]) - 1
            if self.matches(self.places[index], name) { return (index, nil) }
            slot = (slot + 1) & mask
        }
        return (nil, slot)
    }

    /// The keys, those left out that `Key` does not have.
    func keys<Key: CodingKey>() -> [Key] {
        self.places.compactMap { place in
            let item = self.document.item(at: Int(place))
            switch item.kind {
            case .text:
                return String(validating: self.document.payload(item), as: UTF8.self).flatMap { Key(stringValue: $0) }
            default:
                let digits = item.digits
                return Int(digits).flatMap { Key(intValue: $0) } ?? Key(stringValue: digits)
            }
        }
    }

    /// Where the value of a key is; `nil` where the map does not have it.
    func value(of key: some CodingKey) -> Int? {
        if self.places.isEmpty { return nil }
        var name = key.stringValue
        if let index = name.withUTF8(self.index) { return self.value(index) }
        // Others may write the number of a key that has a name here.
        guard let number = key.intValue else { return nil }
        var digits = "\(number)"
        return digits.withUTF8(self.index).flatMap { index in
            self.document.item(at: Int(self.places[index])).kind == .text ? nil : self.value(index)
        }
    }

    private func value(_ index: Int) -> Int {
        self.cursor = index
        return self.document.item(at: Int(self.places[index])).next
    }

    private func index(_ name: UnsafeBufferPointer<UInt8>) -> Int? {
        for step in 0..<min(2, self.places.count) {
            let index = (self.cursor + step) % self.places.count
            if self.matches(self.places[index], name) { return index }
        }
        return self.slots.isEmpty ? self.places.firstIndex { self.matches($0, name) } : self.search(name).index
    }

    private func matches(_ place: UInt32, _ name: UnsafeBufferPointer<UInt8>) -> Bool {
        self.document.bytes.withUnsafeBufferPointer { bytes in
            let offset = Int(place)
            // Most names are short texts, whose lengths are in their first bytes.
            if bytes[offset] & 0xE0 == MessagePackFormat.fixedText {
                guard Int(bytes[offset] & 0x1F) == name.count else { return false }
                return (0..<name.count).allSatisfy { bytes[offset + 1 + $0] == name[$0] }
            }
            return self.withName(self.document.item(at: offset)) { $0.elementsEqual(name) }
        }
    }

    private func withName<Result>(_ item: MessagePackItem, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        if item.kind == .text { return self.document.payload(item).withUnsafeBufferPointer(body) }
        var digits = item.digits
        return digits.withUTF8(body)
    }
}

extension MessagePackItem {
    /// An integer in decimal digits.
    fileprivate var digits: String {
        self.kind == .negative ? "\(Int64(bitPattern: self.value))" : "\(self.value)"
    }
}
