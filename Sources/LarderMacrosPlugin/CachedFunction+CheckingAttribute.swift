import SwiftDiagnostics
import SwiftParser
import SwiftSyntax
import SwiftSyntaxBuilder

/// What an attribute says that cannot be, of its function or at all.
extension CachedFunction {
    var misusesOfAttribute: [Diagnostic] {
        self.misusesOfIgnoring + self.misusesOfKey + self.misusesOfCache + self.misusesOfText
    }

    private var misusesOfIgnoring: [Diagnostic] {
        guard let ignoring = self.attribute.written("ignoring") else { return [] }
        let plain = Misuse(
            "ignoring",
            "what the key ignores has to be an array of plain strings, such as [\"request\"]: it is needed at compile time"
        )
        guard let list = ignoring.as(ArrayExprSyntax.self) else { return [plain.at(ignoring)] }
        return list.elements.compactMap { element in
            guard let name = element.expression.as(StringLiteralExprSyntax.self)?.representedLiteralValue else {
                return plain.at(element.expression)
            }
            if self.parameters.contains(where: { $0.isCalled(name) }) { return nil }
            let names = self.parameters.map(\.name).joined(separator: ", ")
            let known = names.isEmpty ? "it has none" : "there are \(names)"
            let message = "the function has no parameter \"\(name)\"; \(known)"
            return Misuse("ignoring", message).at(element.expression)
        }
    }

    private var misusesOfKey: [Diagnostic] {
        var found: [Diagnostic] = []
        if let including = self.attribute.written("including"), !including.is(ArrayExprSyntax.self) {
            found.append(Misuse("including", "what the key includes has to be written as an array").at(including))
        }
        guard let key = self.attribute.key, let interpolated = self.attribute.interpolated("key") else { return found }
        if let including = self.attribute.written("including") {
            let message = "with a key of its own, the function needs no 'including': the key says it all"
            found.append(Misuse("key", message).at(including))
        }
        let names = RawStrings.names(in: interpolated)
        for (name, node) in self.attribute.names("ignoring")
        where self.parameters.contains(where: { $0.isCalled(name) && names.contains($0.name) }) {
            found.append(Misuse("key", "the key has \"\(name)\" in it, which is to be ignored").at(node))
        }
        let significant = self.significant
        if !significant.isEmpty, !significant.contains(where: { names.contains($0.name) }) {
            let message = "the key is the same for all arguments; make them part of it, or ignore them"
            let repair = self.extending(key) ?? self.ignoring(significant.map(\.name))
            found.append(Misuse("key", message).at(key, repair))
        }
        return found
    }

    /// The key with all arguments in it; `nil` where it is no simple literal, or an argument has no text.
    private func extending(_ key: ExprSyntax) -> Repair? {
        guard let literal = key.as(StringLiteralExprSyntax.self), literal.openingQuote.tokenKind == .stringQuote,
            !self.significant.contains(where: { $0.unencodable != nil })
        else { return nil }
        let text = literal.segments.description
        // What a plain literal escapes, a raw one does not.
        guard literal.openingPounds != nil || !text.contains("\\") else { return nil }
        let pounds = literal.openingPounds?.text ?? "#"
        let arguments = self.significant.map { ":\\(\($0.name))" }.joined()
        var repaired: ExprSyntax = "\(raw: pounds)\"\(raw: text + arguments)\"\(raw: pounds)"
        repaired.leadingTrivia = key.leadingTrivia
        repaired.trailingTrivia = key.trailingTrivia
        return Repair("make the arguments part of it", replacing: key, with: repaired)
    }

    private var misusesOfCache: [Diagnostic] {
        guard let path = self.attribute.path else { return [] }
        let isOfTheType =
            path.root?.is(MetatypeTypeSyntax.self) == true
            || path.components.contains { $0.trimmedDescription == ".Type" }
        let message: String? =
            if !self.isMember {
                "a function that belongs to no type has no self to begin a path at"
            } else if self.isStatic, !isOfTheType {
                "a static function has no value to begin a path at; name a cache that is static"
            } else {
                nil
            }
        return message.map { [Misuse("path", $0).at(path)] } ?? []
    }

    /// Texts that cannot be interpolated.
    private var misusesOfText: [Diagnostic] {
        ["tags", "key", "including"].compactMap(self.attribute.written).flatMap(RawStrings.literals).compactMap {
            if $0.openingQuote.tokenKind == .multilineStringQuote {
                return Misuse("lines", "a key or a tag is one line of text").at($0, Self.joining($0))
            }
            guard RawStrings.interpolated($0).hasError else { return nil }
            return Misuse("interpolation", "what is interpolated does not end, or is no expression").at($0)
        }
    }

    /// A literal of several lines of which only one has text, in one line.
    private static func joining(_ literal: StringLiteralExprSyntax) -> Repair? {
        let pounds = literal.openingPounds?.text ?? ""
        let text = literal.segments.trimmedDescription
        guard !text.contains("\n"), !text.contains("\"" + pounds) else { return nil }
        var repaired: ExprSyntax = "\(raw: pounds)\"\(raw: text)\"\(raw: pounds)"
        repaired.leadingTrivia = literal.leadingTrivia
        repaired.trailingTrivia = literal.trailingTrivia
        return Repair("write it in one line", replacing: literal, with: repaired)
    }

    /// The attribute with more names to ignore.
    func ignoring(_ added: [String]) -> Repair {
        let names = self.attribute.names("ignoring").map(\.name) + added
        let list = names.map { "\"\($0)\"" }.joined(separator: ", ")
        var arguments: [String] = []
        if case .argumentList(let old) = self.attribute.node.arguments {
            arguments = old.filter { $0.label?.text != "ignoring" }.map {
                $0.with(\.trailingComma, nil).trimmedDescription
            }
        }
        // In the order in which the macro declares them.
        let behind = arguments.firstIndex { argument in
            ["including:", "policy:", "freshness:", "onFailure:"].contains { argument.hasPrefix($0) }
        }
        arguments.insert("ignoring: [\(list)]", at: behind ?? arguments.endIndex)
        let attribute: AttributeSyntax = "@Cached(\(raw: arguments.joined(separator: ", ")))"
        var repaired = attribute
        repaired.leadingTrivia = self.attribute.node.leadingTrivia
        repaired.trailingTrivia = self.attribute.node.trailingTrivia
        return Repair(
            "ignore \(added.map { "'\($0)'" }.joined(separator: ", "))",
            replacing: self.attribute.node,
            with: repaired
        )
    }
}
