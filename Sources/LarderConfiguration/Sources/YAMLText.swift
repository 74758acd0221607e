import Yams

/// Reads YAML, and keeps on which line things stand.
enum YAMLText {
    private static let deepest = 32

    /// All members of the mapping that a text is, however deep.
    ///
    /// - Parameter text: The text; an empty one has no members.
    /// - Returns: The members that are no mappings themselves, and mappings without members.
    /// - Throws: An error that says on which line the text is no YAML.
    static func entries(of text: String) throws(SourceSyntaxError) -> [SourceEntry] {
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch let error as YamlError {
            throw Self.syntaxError(error)
        } catch {
            throw SourceSyntaxError(line: nil, message: "found something that is no YAML; accepted is YAML")
        }
        guard let root, !Self.isNothing(root) else { return [] }
        guard let mapping = root.mapping else {
            throw SourceSyntaxError(line: 1, message: "found no mapping; accepted is one, such as caches: {}")
        }
        var entries: [SourceEntry] = []
        try Self.read(mapping, [], into: &entries)
        return entries
    }

    private static func read(
        _ mapping: Node.Mapping,
        _ path: [String],
        into entries: inout [SourceEntry]
    ) throws(SourceSyntaxError) {
        for (key, node) in mapping {
            let line = key.mark?.line ?? node.mark?.line ?? 1
            guard let name = key.scalar?.string else {
                throw SourceSyntaxError(line: line, message: "found a name that is no text; accepted is a text")
            }
            let path = path + [name]
            guard path.count <= Self.deepest else {
                throw SourceSyntaxError(
                    line: line,
                    message: "found mappings within each other; accepted are at most \(Self.deepest)"
                )
            }
            if let inner = node.mapping, !inner.isEmpty {
                try Self.read(inner, path, into: &entries)
            } else {
                entries.append(SourceEntry(path: path, value: Self.value(of: node), line: line))
            }
        }
    }

    private static func value(of node: Node) -> SourceValue {
        if Self.isNothing(node) || node.mapping != nil { return .nothing }
        if let scalar = node.scalar { return .text(scalar.string) }
        guard let sequence = node.sequence else { return .other("something that is neither a text nor a list") }
        let elements = sequence.compactMap { $0.scalar?.string }
        return elements.count == sequence.count
            ? .list(elements) : .other("a list of other things than texts and numbers")
    }

    private static func isNothing(_ node: Node) -> Bool {
        guard let scalar = node.scalar, scalar.style == .plain || scalar.style == .any else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }

    private static func syntaxError(_ error: YamlError) -> SourceSyntaxError {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            // The problem is a fixed phrase; the rest of the error quotes the file.
            let line = problem.replacing("\n", with: " ")
            return SourceSyntaxError(
                line: mark.line,
                message: "found something that is no YAML (\(line)); accepted is YAML"
            )
        case .duplicatedKeysInMapping(let duplicates, let context):
            let name = duplicates.first?.debugDescription ?? "a name"
            return SourceSyntaxError(
                line: context.mark.line,
                message: "found \(name) twice; accepted is each name once"
            )
        default:
            return SourceSyntaxError(line: nil, message: "found something that is no YAML; accepted is YAML")
        }
    }
}
