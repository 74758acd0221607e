/// Approximate counts in memory.
extension MemoryCollections {
    /// What elements are hashed with: the same in all of the process, so that counts can be merged, and drawn anew by each, so
    /// that nobody outside can choose elements which look like many or like one.
    private static let seed = HashSeed.random()

    /// See ``DistinctCountStore``.
    public func countElements(
        _ elements: [[UInt8]],
        in key: CollectionKey,
        _ lifetime: CollectionLifetime
    ) async throws -> Bool {
        let hashes = elements.map { element in
            element.withUnsafeBytes { bytes in
                bytes.baseAddress.map { Self.seed.hash($0, count: bytes.count) } ?? Self.seed.hash(0)
            }
        }
        return self.sketches.change(key, lifetime, DistinctSketch()) { sketch in
            var isChanged = false
            for hash in hashes where sketch.insert(hash) { isChanged = true }
            return isChanged
        }
    }

    /// See ``DistinctCountStore``.
    public func distinctCount(of keys: [CollectionKey]) async throws -> Int {
        if keys.count == 1 { return self.sketches.read(keys[0]) { $0?.count ?? 0 } }
        return self.union(keys).count
    }

    /// See ``DistinctCountStore``.
    public func mergeCounts(
        _ keys: [CollectionKey],
        into key: CollectionKey,
        _ lifetime: CollectionLifetime
    ) async throws {
        let others = self.union(keys)
        self.sketches.change(key, lifetime, DistinctSketch()) { $0.formUnion(others) }
    }

    private func union(_ keys: [CollectionKey]) -> DistinctSketch {
        var union = DistinctSketch()
        for key in keys {
            if let sketch = self.sketches.read(key, { $0 }) { union.formUnion(sketch) }
        }
        return union
    }
}

extension DistinctSketch: CollectionContents {
    /// A count that was written to is there, if only by a merge with nothing.
    var isEmpty: Bool { false }
}
