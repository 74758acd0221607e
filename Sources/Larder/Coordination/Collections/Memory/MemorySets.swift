/// A set in memory, of which a random element is as near as any.
struct SetContents: CollectionContents {
    private(set) var elements: [[UInt8]] = []
    private var places: [[UInt8]: Int] = [:]

    var isEmpty: Bool { self.elements.isEmpty }

    func contains(_ element: [UInt8]) -> Bool { self.places[element] != nil }

    mutating func insert(_ element: [UInt8]) -> Bool {
        guard self.places[element] == nil else { return false }
        self.places[element] = self.elements.count
        self.elements.append(element)
        return true
    }

    mutating func remove(_ element: [UInt8]) -> Bool {
        guard let place = self.places.removeValue(forKey: element) else { return false }
        // The last one takes the place that is free now.
        let last = self.elements.removeLast()
        if place < self.elements.count {
            self.elements[place] = last
            self.places[last] = place
        }
        return true
    }

    mutating func popRandom(_ count: Int) -> [[UInt8]] {
        (0..<max(0, min(count, self.elements.count))).compactMap { _ in
            guard let element = self.elements.randomElement() else { return nil }
            return self.remove(element) ? element : nil
        }
    }

    func random(_ count: Int) -> [[UInt8]] {
        if count >= self.elements.count { return self.elements.shuffled() }
        // Of few among many, the same one rarely comes twice; of many, a shuffle is no more work.
        if count > self.elements.count / 4 { return Array(self.elements.shuffled().prefix(count)) }
        var chosen = Set<Int>()
        while chosen.count < count { chosen.insert(Int.random(in: self.elements.indices)) }
        return chosen.map { self.elements[$0] }
    }
}

extension MemoryCollections {
    /// Puts elements into a set.
    public func insert(
        _ elements: [[UInt8]],
        into key: CollectionKey,
        _ lifetime: CollectionLifetime
    ) async throws -> Int {
        self.sets.write(key, lifetime) { contents -> Int in
            if contents == nil { contents = SetContents() }
            return elements.count { contents?.insert($0) ?? false }
        }
    }

    /// Removes elements from a set.
    public func remove(
        _ elements: [[UInt8]],
        fromSet key: CollectionKey,
        _ lifetime: CollectionLifetime
    ) async throws -> Int {
        self.sets.write(key, lifetime) { contents -> Int in
            elements.count { contents?.remove($0) ?? false }
        }
    }

    /// Which of some elements are in a set.
    public func contains(_ elements: [[UInt8]], in key: CollectionKey) async throws -> [Bool] {
        self.sets.read(key) { contents -> [Bool] in
            elements.map { contents?.contains($0) ?? false }
        }
    }

    /// How many elements a set has.
    public func count(ofSet key: CollectionKey) async throws -> Int {
        self.sets.read(key) { $0?.elements.count ?? 0 }
    }

    /// All elements.
    public func members(of key: CollectionKey) async throws -> [[UInt8]] {
        self.sets.read(key) { $0?.elements ?? [] }
    }

    /// Takes elements out of a set.
    public func popRandom(
        _ count: Int,
        from key: CollectionKey,
        _ lifetime: CollectionLifetime
    ) async throws -> [[UInt8]] {
        self.sets.write(key, lifetime) { $0?.popRandom(count) ?? [] }
    }

    /// Different elements of a set.
    public func random(_ count: Int, from key: CollectionKey) async throws -> [[UInt8]] {
        self.sets.read(key) { $0?.random(max(0, count)) ?? [] }
    }

    /// What several sets make together.
    public func combine(_ keys: [CollectionKey], _ combination: SetCombination) async throws -> [[UInt8]] {
        combination.applied(to: keys.map { key in self.sets.read(key) { $0?.elements ?? [] } })
    }

    /// A part of a set: here, all of it.
    public func page(ofSet key: CollectionKey, after cursor: String?) async throws -> CollectionPage<[UInt8]> {
        CollectionPage(items: self.sets.read(key) { $0?.elements ?? [] }, next: nil)
    }
}

extension SetCombination {
    /// What sets make together.
    ///
    /// - Parameter sets: The elements of each.
    /// - Returns: The elements, each once.
    package func applied(to sets: [[[UInt8]]]) -> [[UInt8]] {
        guard let first = sets.first else { return [] }
        var result = Set(first)
        for set in sets.dropFirst() {
            switch self {
            case .union: result.formUnion(set)
            case .intersection: result.formIntersection(set)
            case .difference: result.subtract(set)
            }
        }
        return Array(result)
    }
}
