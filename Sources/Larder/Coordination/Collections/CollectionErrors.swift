extension CacheError {
    /// Something else than such a collection has the name.
    package static func wrongType(_ key: CollectionKey, underlying: (any Error)? = nil) -> Self {
        .init(.wrongType, "something else than a \(key.kind) has this name", key: key.text, underlying: underlying)
    }

    /// A sum is out of bounds.
    package static func integerOverflow(_ key: CollectionKey, _ bounds: ClosedRange<Int64>) -> Self {
        .init(
            .integerOverflow,
            "the sum would leave the range from \(bounds.lowerBound) to \(bounds.upperBound)",
            key: key.text
        )
    }

    /// What is to be added to is no integer.
    package static func notAnInteger(_ key: CollectionKey) -> Self {
        .init(.notAnInteger, "the \(key.kind) does not hold an integer there", key: key.text)
    }

    /// The queue takes no more.
    package static func queueFull(_ key: CollectionKey, _ limit: QueueLimit) -> Self {
        .init(.queueFull, "the queue takes \(limit.count) elements", key: key.text)
    }

    /// What has to be done in one step concerns several servers.
    package static func keysApart(_ key: CollectionKey, _ other: CollectionKey) -> Self {
        .init(
            .keysApart,
            "this collection and \(other.text.debugDescription) lie in different slots; a common part in braces in both "
                + "names brings them together",
            key: key.text
        )
    }
}
