import Larder

/// When collections come and go as a whole, whatever their kind.
extension CollectionConformance {
    /// A collection that a check writes to, in the same way whatever its kind.
    struct Subject: Sendable {
        let name: String
        let collection: @Sendable (Collections, String, CollectionLifetime) -> any SharedCollection
        /// Writes to it, so that it is there.
        let write: @Sendable (any SharedCollection) async throws -> Void
        /// Takes what there is out of it; `nil` where a collection of this kind can be empty.
        let drain: (@Sendable (any SharedCollection) async throws -> Void)?

        init<Kind: SharedCollection>(
            _ name: String,
            _ collection: @escaping @Sendable (Collections, String, CollectionLifetime) -> Kind,
            write: @escaping @Sendable (Kind) async throws -> Void,
            drain: (@Sendable (Kind) async throws -> Void)?
        ) {
            self.name = name
            self.collection = collection
            self.write = { subject in if let subject = subject as? Kind { try await write(subject) } }
            if let drain {
                self.drain = { subject in if let subject = subject as? Kind { try await drain(subject) } }
            } else {
                self.drain = nil
            }
        }
    }

    static let subjects: [Subject] = [
        Subject(
            "counter",
            { $0.counter($1, lifetime: $2) },
            write: { _ = try await $0.increment() },
            drain: nil
        ),
        Subject(
            "list",
            { $0.list($1, of: String.self, lifetime: $2) },
            write: { _ = try await $0.append("a") },
            drain: { while try await $0.popFirst() != nil {} }
        ),
        Subject(
            "capped list",
            { $0.list($1, of: String.self, limit: 3, lifetime: $2) },
            write: { _ = try await $0.append("a") },
            drain: { while try await $0.popLast() != nil {} }
        ),
        Subject(
            "queue",
            { $0.queue($1, of: String.self, lifetime: $2) },
            write: { _ = try await $0.push("a") },
            drain: { while try await $0.pop() != nil {} }
        ),
        Subject(
            "set",
            { $0.set($1, of: Int.self, lifetime: $2) },
            write: { _ = try await $0.insert(.random(in: .min ... .max)) },
            drain: { while try await $0.popRandom() != nil {} }
        ),
        Subject(
            "hash",
            { $0.hash($1, from: Int.self, to: Int.self, lifetime: $2) },
            write: { _ = try await $0.set(1, to: 2) },
            drain: { _ = try await $0.remove(1) }
        ),
    ]

    static let lifetimes: [CollectionCheck] = Self.subjects.flatMap { kind in
        [
            CollectionCheck("a \(kind.name) without a lifetime has no end, and is not there before its first write") {
                run in
                let subject = kind.collection(run.collections, "x", .unlimited)
                try run.expect(try await subject.ttl(), nil, "the time left before")
                try run.expect(try await subject.exists(), false, "exists before")
                try run.expect(try await subject.remove(), false, "remove before")
                try run.expect(try await subject.expire(in: .seconds(1)), false, "expire before")
                try run.expect(try await subject.persist(), false, "persist before")
                try await kind.write(subject)
                try run.expect(try await subject.ttl(), .forever, "the time left after")
                try run.expect(try await subject.exists(), "exists after")
                try run.expect(try await subject.remove(), "remove after")
                try run.expect(try await subject.exists(), false, "exists at the end")
            },
            CollectionCheck("a \(kind.name) with a fixed lifetime ends so long after its first write") { run in
                let subject = kind.collection(run.collections, "x", .fixed(.seconds(60)))
                try await kind.write(subject)
                try run.expect(try await subject.ttl(), atMost: .seconds(60), "the time left")
                try await run.pass(.seconds(20))
                try await kind.write(subject)
                try run.expect(try await subject.ttl(), atMost: .seconds(40), "the time left after another write")
                try await run.pass(.seconds(41))
                try run.expect(try await subject.exists(), false, "exists past its end")
                try await kind.write(subject)
                try run.expect(try await subject.ttl(), atMost: .seconds(60), "the time left of the next")
            },
            CollectionCheck("a \(kind.name) with a sliding lifetime ends so long after its last write") { run in
                let subject = kind.collection(run.collections, "x", .sliding(.seconds(60)))
                for _ in 0..<3 {
                    try await kind.write(subject)
                    try run.expect(try await subject.ttl(), atMost: .seconds(60), "the time left")
                    try await run.pass(.seconds(30))
                }
                try run.expect(try await subject.exists(), "exists within its time")
                try await run.pass(.seconds(31))
                try run.expect(try await subject.exists(), false, "exists past its end")
            },
            CollectionCheck("a \(kind.name) takes another end, none, and the one of its next write") { run in
                let subject = kind.collection(run.collections, "x", .fixed(.seconds(600)))
                try await kind.write(subject)
                try run.expect(try await subject.expire(in: .seconds(60)), "expire")
                try run.expect(try await subject.ttl(), atMost: .seconds(60), "the time left after expire")
                try run.expect(try await subject.persist(), "persist")
                try run.expect(try await subject.ttl(), .forever, "the time left after persist")
                try await kind.write(subject)
                try run.expect(try await subject.ttl(), atMost: .seconds(600), "the time left after the next write")
                try run.expect(try await subject.expire(in: .zero), "expire at once")
                try run.expect(try await subject.exists(), false, "exists after that")
            },
            CollectionCheck("a \(kind.name) that is empty is not there, and begins another life") { run in
                guard let drain = kind.drain else { return }
                let subject = kind.collection(run.collections, "x", .fixed(.seconds(60)))
                try await kind.write(subject)
                try await run.pass(.seconds(20))
                try await drain(subject)
                try run.expect(try await subject.exists(), false, "exists when empty")
                try await kind.write(subject)
                try run.expect(try await subject.ttl(), atMost: .seconds(60), "the time left of the next")
            },
            CollectionCheck("a \(kind.name) has no name that is empty or carries control characters") { run in
                for name in ["", "a\u{0}b", "line\n"] {
                    let subject = kind.collection(run.collections, name, .unlimited)
                    try await run.expect(.invalidKey, "ttl of \(name.debugDescription)") { try await subject.ttl() }
                    try await run.expect(.invalidKey, "a write to \(name.debugDescription)") {
                        try await kind.write(subject)
                    }
                }
            },
            CollectionCheck("a \(kind.name) may have a name with braces, spaces and any script") { run in
                for name in ["{a}b", "a{b}", "a b", "猫", "a{b"] {
                    let subject = kind.collection(run.collections, name, .unlimited)
                    try await kind.write(subject)
                    try run.expect(try await subject.exists(), "exists as \(name)")
                    try run.expect(try await subject.remove(), "removal of \(name)")
                }
            },
        ]
    }
}
