/// Where the keys of one command stand among its elements, of which the name is number 0.
///
/// Every shape comes down to one key that stands alone and a row of keys at even distances.
struct KeyPositions: Equatable {
    /// The key that stands outside the row; 0 if there is none.
    var lone = 0
    /// The first key of the row and the element behind its last.
    var row = 0..<0
    /// The distance from one key of the row to the next.
    var step = 1

    var isEmpty: Bool { self.lone == 0 && self.row.isEmpty }

    /// The position of the first key; nil if there is none.
    var first: Int? {
        if self.row.isEmpty { return self.lone == 0 ? nil : self.lone }
        return self.lone == 0 ? self.row.lowerBound : min(self.lone, self.row.lowerBound)
    }

    @inline(__always)
    func contains(_ position: Int) -> Bool {
        self.row.contains(position) && (self.step == 1 || (position - self.row.lowerBound) % self.step == 0)
            || position == self.lone && position != 0
    }

    /// All positions, in ascending order.
    var all: [Int] {
        var positions = Array(stride(from: self.row.lowerBound, to: self.row.upperBound, by: self.step))
        if self.lone != 0 {
            positions.insert(self.lone, at: positions.firstIndex { $0 > self.lone } ?? positions.count)
        }
        return positions
    }
}

extension RedisCommand {
    /// The slot of the command's first key; nil if it has none.
    ///
    /// Of commands that are not Redis' own, such as a module's, the first argument is taken for the key.
    var firstKeySlot: Int? {
        self.body.withUnsafeBytes { bytes in
            var elements = CommandElements(bytes)
            guard let name = elements.next() else { return nil }
            let shape = CommandKeyTable.shape(of: name)
            if shape.beginsWithKey { return elements.next().map { KeySlot.slot(of: $0) } }
            guard let position = self.keyPositions(shape, in: bytes).first else { return nil }
            // The name was read already.
            return elements.next(after: position - 1).map { KeySlot.slot(of: $0) }
        }
    }

    /// The numbers of the elements that are keys, ascending; the name is element 0.
    ///
    /// Of commands that are not Redis' own, such as a module's, the first argument is taken for the only key.
    var keyPositions: [Int] {
        self.body.withUnsafeBytes { bytes in
            var elements = CommandElements(bytes)
            guard let name = elements.next() else { return [] }
            return self.keyPositions(CommandKeyTable.shape(of: name), in: bytes).all
        }
    }

    /// Reads the positions of the keys out of the command's encoded body.
    ///
    /// A command that the server will refuse (too few arguments, a number that is none) has whatever keys can be made
    /// out, or none.
    func keyPositions(_ shape: KeyShape, in bytes: UnsafeRawBufferPointer) -> KeyPositions {
        let end = self.elementCount
        var elements = CommandElements(bytes)
        switch shape {
        case .first: return KeyPositions(row: Self.row(from: 1, count: 1, end: end))
        case .firstTwo: return KeyPositions(row: Self.row(from: 1, count: 2, end: end))
        case .all, .divisible: return KeyPositions(row: 1..<max(1, end))
        case .pairs, .divisiblePairs: return KeyPositions(row: 1..<max(1, end), step: 2)
        case .allButLast: return KeyPositions(row: 1..<max(1, end - 1))
        case .keyless, .wide, .scan: return KeyPositions()
        case .fromSecond: return KeyPositions(row: 2..<max(2, end))
        case .second: return KeyPositions(row: Self.row(from: 2, count: 1, end: end))
        case .subcommand:
            if elements.next(after: 1)?.isWord("HELP") != false { return KeyPositions() }
            return KeyPositions(row: Self.row(from: 2, count: 1, end: end))
        case .debug:
            if elements.next(after: 1)?.isWord("OBJECT") != true { return KeyPositions() }
            return KeyPositions(row: Self.row(from: 2, count: 1, end: end))
        case .memory:
            if elements.next(after: 1)?.isWord("USAGE") != true { return KeyPositions() }
            return KeyPositions(row: Self.row(from: 2, count: 1, end: end))
        case .counted:
            return KeyPositions(row: Self.counted(elements.next(after: 1), from: 2, end: end))
        case .secondCounted:
            return KeyPositions(row: Self.counted(elements.next(after: 2), from: 3, end: end))
        case .destinationAndCounted:
            return KeyPositions(
                lone: min(1, end - 1),
                row: Self.counted(elements.next(after: 2), from: 3, end: end)
            )
        case .sort:
            return KeyPositions(lone: Self.sortDestination(elements), row: Self.row(from: 1, count: 1, end: end))
        case .radius:
            return KeyPositions(lone: Self.radiusDestination(elements), row: Self.row(from: 1, count: 1, end: end))
        case .streams: return KeyPositions(row: Self.streams(elements, end: end))
        case .migrate: return KeyPositions(row: Self.migrated(elements, end: end))
        }
    }

    private static func row(from start: Int, count: Int, end: Int) -> Range<Int> {
        start..<max(start, min(start + count, end))
    }

    /// As many keys as `number` says, none if there are not so many arguments.
    private static func counted(_ number: UnsafeRawBufferPointer?, from start: Int, end: Int) -> Range<Int> {
        guard let count = number?.asCount, start + count <= end else { return start..<start }
        return start..<start + count
    }

    /// The key after the last `STORE` of a `SORT`, which may also be part of a pattern's name.
    private static func sortDestination(_ elements: CommandElements) -> Int {
        var elements = elements
        guard elements.next(after: 1) != nil else { return 0 }
        var destination = 0
        var position = 2
        while let word = elements.next() {
            var values = 0
            if word.isWord("LIMIT") {
                values = 2
            } else if word.isWord("BY") || word.isWord("GET") {
                values = 1
            } else if word.isWord("STORE") {
                guard elements.next() != nil else { return destination }
                destination = position + 1
                position += 1
            }
            for _ in 0..<values { _ = elements.next() }
            position += 1 + values
        }
        return destination
    }

    /// The key after the last `STORE` or `STOREDIST` of a `GEORADIUS`, whose options begin with the fifth argument.
    private static func radiusDestination(_ elements: CommandElements) -> Int {
        var elements = elements
        guard elements.next(after: 4) != nil else { return 0 }
        var destination = 0
        var position = 5
        while let word = elements.next() {
            if word.isWord("STORE") || word.isWord("STOREDIST") {
                guard elements.next() != nil else { return destination }
                destination = position + 1
                position += 1
            }
            position += 1
        }
        return destination
    }

    /// The first half of what stands behind `STREAMS`.
    ///
    /// A group or a consumer may be called `STREAMS`, so options are skipped with their values.
    private static func streams(_ elements: CommandElements, end: Int) -> Range<Int> {
        var elements = elements
        _ = elements.next()
        var position = 1
        while let word = elements.next() {
            position += 1
            let values: Int
            if word.isWord("STREAMS") {
                let count = end - position
                return count % 2 == 0 ? position..<position + count / 2 : 0..<0
            } else if word.isWord("BLOCK") || word.isWord("COUNT") {
                values = 1
            } else if word.isWord("GROUP") {
                values = 2
            } else if word.isWord("NOACK") {
                values = 0
            } else {
                return 0..<0
            }
            for _ in 0..<values { _ = elements.next() }
            position += values
        }
        return 0..<0
    }

    /// `MIGRATE host port key|"" db timeout [COPY] [REPLACE] [AUTH password | AUTH2 user password] [KEYS key …]`.
    private static func migrated(_ elements: CommandElements, end: Int) -> Range<Int> {
        var elements = elements
        guard let key = elements.next(after: 3) else { return 0..<0 }
        if !key.isEmpty { return 3..<4 }
        for _ in 4...5 { _ = elements.next() }
        var position = 6
        while let word = elements.next() {
            position += 1
            if word.isWord("KEYS") { return position..<end }
            let values = word.isWord("AUTH") ? 1 : word.isWord("AUTH2") ? 2 : 0
            for _ in 0..<values { _ = elements.next() }
            position += values
        }
        return 0..<0
    }
}

extension RedisCommand {
    /// The first key, as text; nil where the command has none, or one that is not UTF-8.
    package var firstKey: String? {
        guard let position = self.keyPositions.first else { return nil }
        return self.withElement(position) { String(validating: $0, as: UTF8.self) } ?? nil
    }
}
