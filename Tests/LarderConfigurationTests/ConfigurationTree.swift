/// A configuration that can be written as JSON and as YAML.
enum ConfigurationTree: Sendable {
    case text(String)
    /// A number, `true` or `false`.
    case word(String)
    case nothing
    case list([ConfigurationTree])
    case object([(String, ConfigurationTree)])

    var json: String {
        switch self {
        case .text(let text): text.debugDescription
        case .word(let word): word
        case .nothing: "null"
        case .list(let elements): "[\(elements.map(\.json).joined(separator: ", "))]"
        case .object(let members):
            "{\n\(members.map { "\($0.0.debugDescription): \($0.1.json)" }.joined(separator: ",\n"))\n}"
        }
    }

    /// Puts something at the end of a path, beside what is there.
    mutating func set(_ path: [String], to value: ConfigurationTree) {
        guard let name = path.first else {
            self = value
            return
        }
        var members: [(String, ConfigurationTree)] = []
        if case .object(let present) = self { members = present }
        let index = members.firstIndex { $0.0 == name } ?? members.endIndex
        if index == members.endIndex { members.append((name, [:])) }
        members[index].1.set(Array(path.dropFirst()), to: value)
        self = .object(members)
    }

    var yaml: String { self.yaml(indentation: "") }

    private func yaml(indentation: String) -> String {
        switch self {
        case .text(let text): text.debugDescription
        case .word(let word): word
        case .nothing: "null"
        case .list(let elements): "[\(elements.map { $0.yaml(indentation: "") }.joined(separator: ", "))]"
        case .object(let members) where members.isEmpty: "{}"
        case .object(let members):
            members.map { name, member in
                if case .object(let inner) = member, !inner.isEmpty {
                    return "\(indentation)\(name.debugDescription):\n\(member.yaml(indentation: indentation + "  "))"
                }
                return "\(indentation)\(name.debugDescription): \(member.yaml(indentation: ""))"
            }.joined(separator: "\n")
        }
    }
}

extension ConfigurationTree: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByFloatLiteral, ExpressibleByNilLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    init(stringLiteral value: String) { self = .text(value) }
    init(integerLiteral value: Int) { self = .word("\(value)") }
    init(booleanLiteral value: Bool) { self = .word("\(value)") }
    init(floatLiteral value: Double) { self = .word("\(value)") }
    init(nilLiteral: ()) { self = .nothing }
    init(arrayLiteral elements: ConfigurationTree...) { self = .list(elements) }
    init(dictionaryLiteral elements: (String, ConfigurationTree)...) { self = .object(elements) }
}
