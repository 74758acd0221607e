import DequeModule

/// A list in memory.
struct ListContents: CollectionContents {
    var elements: Deque<[UInt8]> = []

    var isEmpty: Bool { self.elements.isEmpty }

    /// The positions from one to another, both included, as Redis counts them: negative ones from the end, and what is
    /// beyond the ends is left out.
    func positions(from first: Int, through last: Int) -> Range<Int> {
        let count = self.elements.count
        let start = first < 0 ? max(0, count &+ first) : first
        let end = last < 0 ? count &+ last : min(last, count - 1)
        return start <= end ? start..<end + 1 : 0..<0
    }

    /// The offset of a position; `nil` where there is none.
    func offset(_ index: Int) -> Int? {
        let offset = index < 0 ? self.elements.count &+ index : index
        return self.elements.indices.contains(offset) ? offset : nil
    }

    mutating func push(_ new: [[UInt8]], to end: ListEnd, limit: Int?) {
        switch end {
        case .last: self.elements.append(contentsOf: new)
        case .first: self.elements.prepend(contentsOf: new.reversed())
        }
        guard let limit, self.elements.count > limit else { return }
        switch end {
        case .last: self.elements.removeFirst(self.elements.count - limit)
        case .first: self.elements.removeLast(self.elements.count - limit)
        }
    }

    mutating func pop(_ count: Int, from end: ListEnd) -> [[UInt8]] {
        let count = max(0, min(count, self.elements.count))
        switch end {
        case .first:
            defer { self.elements.removeFirst(count) }
            return Array(self.elements.prefix(count))
        case .last:
            defer { self.elements.removeLast(count) }
            return self.elements.suffix(count).reversed()
        }
    }

    mutating func remove(_ element: [UInt8], count: Int) -> Int {
        let limit = count == 0 ? self.elements.count : Int(clamping: count.magnitude)
        var offsets = self.elements.indices.filter { self.elements[$0] == element }
        offsets = count < 0 ? Array(offsets.suffix(limit)) : Array(offsets.prefix(limit))
        guard !offsets.isEmpty else { return 0 }
        let gone = Set(offsets)
        var kept: Deque<[UInt8]> = []
        for (offset, element) in self.elements.enumerated() where !gone.contains(offset) { kept.append(element) }
        self.elements = kept
        return offsets.count
    }
}

extension MemoryCollections {
    /// Puts elements to an end.
    public func push(
        _ elements: [[UInt8]],
        to end: ListEnd,
        of key: CollectionKey,
        limit: Int?,
        _ lifetime: CollectionLifetime
    ) async throws -> Int {
        self.lists.write(key, lifetime) { contents -> Int in
            if contents == nil { contents = ListContents() }
            contents?.push(elements, to: end, limit: limit)
            return contents?.elements.count ?? 0
        }
    }

    /// Takes elements from an end.
    public func pop(
        _ count: Int,
        from end: ListEnd,
        of key: CollectionKey,
        _ lifetime: CollectionLifetime
    ) async throws -> [[UInt8]] {
        self.lists.write(key, lifetime) { $0?.pop(count, from: end) ?? [] }
    }

    /// How many elements a list has.
    public func count(ofList key: CollectionKey) async throws -> Int {
        self.lists.read(key) { $0?.elements.count ?? 0 }
    }

    /// The elements from one position to another.
    public func elements(of key: CollectionKey, from first: Int, through last: Int) async throws -> [[UInt8]] {
        self.lists.read(key) { contents -> [[UInt8]] in
            guard let contents else { return [] }
            return Array(contents.elements[contents.positions(from: first, through: last)])
        }
    }

    /// The element at a position.
    public func element(of key: CollectionKey, at index: Int) async throws -> [UInt8]? {
        self.lists.read(key) { contents -> [UInt8]? in
            contents.flatMap { contents in contents.offset(index).map { contents.elements[$0] } }
        }
    }

    /// Replaces the element at a position.
    public func replaceElement(
        of key: CollectionKey,
        at index: Int,
        with element: [UInt8],
        _ lifetime: CollectionLifetime
    ) async throws -> Bool {
        self.lists.write(key, lifetime, if: { $0 }) { contents -> Bool in
            guard let offset = contents?.offset(index) else { return false }
            contents?.elements[offset] = element
            return true
        }
    }

    /// Keeps only the elements from one position to another.
    public func trim(
        _ key: CollectionKey,
        from first: Int,
        through last: Int,
        _ lifetime: CollectionLifetime
    ) async throws {
        self.lists.write(key, lifetime) { contents -> Void in
            guard let kept = contents?.positions(from: first, through: last) else { return }
            contents?.elements.removeSubrange(kept.upperBound...)
            contents?.elements.removeSubrange(..<kept.lowerBound)
        }
    }

    /// Removes elements that have these bytes.
    public func remove(
        _ element: [UInt8],
        from key: CollectionKey,
        count: Int,
        _ lifetime: CollectionLifetime
    ) async throws -> Int {
        self.lists.write(key, lifetime) { $0?.remove(element, count: count) ?? 0 }
    }

    /// Moves the element at one list's end to another's.
    public func move(
        from source: CollectionKey,
        _ sourceEnd: ListEnd,
        to destination: CollectionKey,
        _ destinationEnd: ListEnd,
        limit: Int?,
        _ lifetime: CollectionLifetime
    ) async throws -> [UInt8]? {
        if source == destination {
            return self.lists.write(source, lifetime, if: { $0 != nil }) { contents -> [UInt8]? in
                guard let element = contents?.pop(1, from: sourceEnd).first else { return nil }
                contents?.push([element], to: destinationEnd, limit: limit)
                return element
            }
        }
        return self.lists.write(source, and: destination, lifetime, if: { $0 != nil }) { from, to -> [UInt8]? in
            guard let element = from?.pop(1, from: sourceEnd).first else { return nil }
            if to == nil { to = ListContents() }
            to?.push([element], to: destinationEnd, limit: limit)
            return element
        }
    }
}
