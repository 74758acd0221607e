import SwiftSyntax
import SwiftSyntaxBuilder

extension CachedFunction {
    /// The function as it was written, under another name, and for its own type or file alone.
    var uncached: DeclSyntax {
        var uncached = self.function
        uncached.attributes = []
        uncached.name = self.uncachedName
        let kept = self.function.modifiers.filter { ["static", "class", "nonisolated"].contains($0.name.text) }
        uncached.modifiers = DeclModifierListSyntax(
            [DeclModifierSyntax(name: .keyword(.private, trailingTrivia: .space))]
                + kept.map {
                    $0.name.text == "class"
                        ? DeclModifierSyntax(name: .keyword(.static, trailingTrivia: .space))
                        : $0.trimmed.with(\.trailingTrivia, .space)
                }
        )
        uncached.funcKeyword = .keyword(.func, trailingTrivia: .space)
        // Whoever calls it passes everything.
        uncached.signature.parameterClause.parameters = FunctionParameterListSyntax(
            self.function.signature.parameterClause.parameters.map { parameter in
                var parameter = parameter
                if parameter.defaultValue != nil { parameter.type = parameter.type.trimmed }
                parameter.defaultValue = nil
                return parameter
            }
        )
        uncached.leadingTrivia = []
        let attributes = Self.lines(of: self.function.attributes)
        return attributes.isEmpty ? DeclSyntax(uncached) : "\(raw: attributes.joined(separator: "\n"))\n\(uncached)"
    }

    /// The attributes that the body takes along, a line each, and the conditions around them.
    private static func lines(of attributes: AttributeListSyntax) -> [String] {
        attributes.flatMap { element -> [String] in
            switch element {
            case .attribute(let attribute): Self.isTakenAlong(attribute) ? [attribute.trimmedDescription] : []
            case .ifConfigDecl(let block): Self.lines(of: block)
            }
        }
    }

    /// A condition whose branches hold attributes; nothing where none of these is taken along.
    private static func lines(of block: IfConfigDeclSyntax) -> [String] {
        let clauses = block.clauses.map { clause in
            var attributes: [String] = []
            if case .attributes(let list) = clause.elements { attributes = Self.lines(of: list) }
            let condition = clause.condition.map { " \($0.trimmedDescription)" } ?? ""
            return (beginning: clause.poundKeyword.text + condition, attributes: attributes)
        }
        guard clauses.contains(where: { !$0.attributes.isEmpty }) else { return [] }
        return clauses.flatMap { [$0.beginning] + $0.attributes } + ["#endif"]
    }

    /// Whether an attribute belongs to the body.
    ///
    /// A macro sees what an attribute is called, and not what it is; a global actor and a result builder may have any name. So an
    /// attribute goes along where nothing speaks against it: without its actor a body would run elsewhere.
    private static func isTakenAlong(_ attribute: AttributeSyntax) -> Bool {
        let name = attribute.lastName
        if Self.attributesOfTheCall.contains(name) { return false }
        // Neither an actor nor a result builder has arguments: what has some, and is not known, is another macro.
        guard attribute.leftParen != nil, attribute.arguments?.trimmedDescription != "unsafe" else { return true }
        return Self.attributesWithArguments.contains(name)
    }

    /// What is said of the function that others call.
    private static let attributesOfTheCall: Set<String> = [
        "Cached",
        // To callers.
        "discardableResult", "warn_unqualified_access",
        // To other modules, which a private function would be refused for.
        "inlinable", "usableFromInline", "backDeployed", "_alwaysEmitIntoClient", "_transparent", "_spi",
        "_spi_available", "_documentation",
        // To other languages and to the linker, where two functions would have one name, and to the runtime.
        "objc", "nonobjc", "IBAction", "IBSegueAction", "c", "cdecl", "_cdecl", "_silgen_name", "_expose", "_extern",
        "abi", "export", "implementation", "_dynamicReplacement", "_implements", "_nonoverride", "section", "_section",
        "used", "_used",
    ]

    /// What is said of the body, with arguments.
    private static let attributesWithArguments: Set<String> = [
        "available", "inline", "specialized", "_specialize", "optimize", "_optimize", "_effects", "_semantics",
    ]
}

extension AttributeSyntax {
    /// The name without the module and generic arguments.
    var lastName: String {
        self.attributeName.as(MemberTypeSyntax.self)?.name.text
            ?? self.attributeName.as(IdentifierTypeSyntax.self)?.name.text
            ?? self.attributeName.trimmedDescription
    }
}
