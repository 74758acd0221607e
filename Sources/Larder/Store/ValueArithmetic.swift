/// What stores do with values beside keeping them, written once for all that hold Swift values.
extension Int64 {
    /// The sum.
    ///
    /// - Throws: ``CacheError`` with ``CacheError/Code/integerOverflow`` where it leaves the bounds.
    package func adding(_ delta: Int64, within bounds: ClosedRange<Int64>, _ key: StoreKey) throws -> Int64 {
        let (sum, overflow) = self.addingReportingOverflow(delta)
        guard !overflow, bounds.contains(sum) else { throw CacheError.integerOverflow(key, bounds) }
        return sum
    }
}

extension EntryWrite {
    /// What this entry's text or bytes make when they are added to the end of another entry.
    ///
    /// - Parameter entry: The entry to add to; `nil` where there is none.
    /// - Returns: The whole, and its length in bytes.
    /// - Throws: ``CacheError`` with ``CacheError/Code/appendFailed`` where the two are not of one kind.
    func appendedValue(to entry: EntryValue?) throws -> (value: EntryValue, length: Int) {
        guard case .object(let box) = self.value else { throw CacheError.notAppendable(self.key) }
        if let suffix = box.value(as: String.self) {
            guard let entry else { return (self.value, suffix.utf8.count) }
            guard case .object(let box) = entry, let text = box.value(as: String.self) else {
                throw CacheError.notAppendable(self.key)
            }
            let whole = text + suffix
            return (.object(.boxing(whole)), whole.utf8.count)
        }
        if let suffix = box.value(as: [UInt8].self) {
            guard let entry else { return (self.value, suffix.count) }
            guard case .object(let box) = entry, let bytes = box.value(as: [UInt8].self) else {
                throw CacheError.notAppendable(self.key)
            }
            let whole = bytes + suffix
            return (.object(.boxing(whole)), whole.count)
        }
        throw CacheError.notAppendable(self.key)
    }
}

extension CacheError {
    /// There is no entry to work on.
    package static func keyNotFound(_ key: StoreKey) -> Self {
        .init(.keyNotFound, "there is no entry to add to, and no initial value was given", key: key.name)
    }

    /// The entry is not an integer.
    package static func notAnInteger(_ key: StoreKey) -> Self {
        .init(.notAnInteger, "the entry does not hold an integer", key: key.name)
    }

    /// The sum is out of bounds.
    package static func integerOverflow(_ key: StoreKey, _ bounds: ClosedRange<Int64>) -> Self {
        .init(
            .integerOverflow,
            "the sum would leave the range from \(bounds.lowerBound) to \(bounds.upperBound)",
            key: key.name
        )
    }

    /// The entry is not of the kind that was to be added to it.
    package static func notAppendable(_ key: StoreKey) -> Self {
        .init(.appendFailed, "the entry is not of the kind that was to be added to it", key: key.name)
    }
}
