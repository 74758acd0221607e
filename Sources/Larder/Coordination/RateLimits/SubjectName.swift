/// A subject by its bytes: text that only looks alike is another one, as on Redis.
package struct SubjectName: Sendable, Hashable {
    package let name: String

    package init(_ name: String) { self.name = name }

    package static func == (left: Self, right: Self) -> Bool { left.name.hasSameBytes(as: right.name) }

    package func hash(into hasher: inout Hasher) { self.name.hashBytes(into: &hasher) }
}
