/// What stands at one place of a source.
enum SourceValue: Sendable, Hashable {
    /// A text, a number, `true` or `false`, as it is written.
    case text(String)
    /// A list of these.
    case list([String])
    /// Nothing: `null`, or a mapping without members.
    case nothing
    /// Something that no setting is, such as a list of mappings; said in words.
    case other(String)

    /// What was found, in words; values that may be secret are described.
    func described(isSecret: Bool) -> String {
        switch self {
        case .text(let text) where text.isEmpty: "an empty text"
        case .text(let text) where isSecret: "a text of \(text.count) characters"
        case .text(let text) where text.count > 60: "\(String(text.prefix(60)).debugDescription)…"
        case .text(let text): text.debugDescription
        case .list(let elements): "a list of \(elements.count)"
        case .nothing: "nothing"
        case .other(let words): words
        }
    }
}

/// One member of a source that is a tree, such as a JSON or YAML file.
struct SourceEntry: Sendable, Hashable {
    /// The names that lead to it.
    var path: [String]
    var value: SourceValue
    /// The line that it begins on, counted from 1.
    var line: Int
}

/// What is wrong with the text of a file.
struct SourceSyntaxError: Error {
    /// The line, counted from 1; `nil` where it is the whole.
    var line: Int?
    /// What was found and what is accepted.
    var message: String
}
