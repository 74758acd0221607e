/// A map of a document, in which keys are looked for.
///
/// Values mostly ask for their keys in the order in which they were written. So each search begins where the last one ended, and
/// finds most keys at once without a table; a table is made only where a map is large and is asked otherwise.
final class MessagePackMap {
    let document: MessagePackDocument
    /// The tokens of the keys; each is followed by its value's.
    private let places: [Int]
    private var cursor = 0
    private var misses = 0
    private var table: [MapKey: Int]?

    private enum MapKey: Hashable {
        case text(ArraySlice<UInt8>)
        case integer(Int)
    }

    /// From how many pairs on a table is worth its making.
    private static let tableSize = 32
    /// How many searches may miss their place before.
    private static let patience = 8

    /// - Throws: `DecodingError` where a key is neither text nor an integer.
    init(_ document: MessagePackDocument, at index: Int, _ path: MessagePackPath) throws {
        self.document = document
        var places: [Int] = []
        places.reserveCapacity(Int(document.tokens[index].count))
        var place = index + 1
        for _ in 0..<document.tokens[index].count {
            switch document.tokens[place].kind {
            case .text, .unsigned, .negative: break
            default:
                let message = "a map has a key that is neither text nor an integer"
                throw DecodingError.dataCorrupted(.init(codingPath: path.keys, debugDescription: message))
            }
            places.append(place)
            // A key is no container: its value comes next.
            place = Int(document.tokens[place + 1].next)
        }
        self.places = places
    }

    /// The keys, those left out that `Key` does not have.
    func keys<Key: CodingKey>() -> [Key] {
        self.places.compactMap { place in
            if let integer = self.integer(place) { return Key(intValue: integer) ?? Key(stringValue: "\(integer)") }
            let token = self.document.tokens[place]
            if token.kind != .text { return Key(stringValue: "\(token.value)") }
            return String(validating: self.document.payload(place), as: UTF8.self).flatMap { Key(stringValue: $0) }
        }
    }

    /// The token of a key's value; `nil` where the map does not have it.
    func value(of key: some CodingKey) -> Int? {
        if self.places.isEmpty { return nil }
        var name = key.stringValue
        let number = key.intValue
        return name.withUTF8 { utf8 in self.place(utf8, number) }.map { $0 + 1 }
    }

    private func place(_ name: UnsafeBufferPointer<UInt8>, _ number: Int?) -> Int? {
        if self.table == nil {
            for step in 0..<min(2, self.places.count) {
                let index = (self.cursor + step) % self.places.count
                if self.matches(self.places[index], name, number) {
                    self.cursor = index
                    return self.places[index]
                }
            }
            self.misses += 1
            guard self.places.count >= Self.tableSize, self.misses > Self.patience else {
                return self.places.indices.first { self.matches(self.places[$0], name, number) }.map { index in
                    self.cursor = index
                    return self.places[index]
                }
            }
            self.table = self.makeTable()
        }
        if let place = self.table?[.text(Array(name)[...])] { return place }
        return number.flatMap { self.table?[.integer($0)] }
    }

    /// Where a key stands twice, the last one counts.
    private func makeTable() -> [MapKey: Int] {
        var table: [MapKey: Int] = [:]
        for place in self.places {
            if let integer = self.integer(place) {
                table[.integer(integer)] = place
            } else if self.document.tokens[place].kind == .text {
                table[.text(self.document.payload(place))] = place
            }
        }
        return table
    }

    private func integer(_ place: Int) -> Int? {
        let token = self.document.tokens[place]
        switch token.kind {
        case .unsigned: return Int(exactly: token.value)
        case .negative: return Int(exactly: Int64(bitPattern: token.value))
        default: return nil
        }
    }

    private func matches(_ place: Int, _ name: UnsafeBufferPointer<UInt8>, _ number: Int?) -> Bool {
        let token = self.document.tokens[place]
        guard token.kind == .text else { return number != nil && self.integer(place) == number }
        return Int(token.count) == name.count && self.document.payload(place).elementsEqual(name)
    }
}
