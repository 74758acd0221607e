import SwiftDiagnostics
import SwiftParser
import SwiftSyntax
import SwiftSyntaxBuilder

/// What cannot be cached, said where it stands.
extension CachedFunction {
    /// All that is wrong with the function and its attribute; none where it can be cached.
    var misuses: [Diagnostic] {
        self.misusesOfEffects + self.misusesOfResult + self.parameters.flatMap(self.misuses) + self.misusesOfModifiers
            + self.misusesOfOtherAttributes + self.misusesOfAttribute
    }

    private var misusesOfEffects: [Diagnostic] {
        let signature = self.function.signature
        var found: [Diagnostic] = []
        if signature.effectSpecifiers?.asyncSpecifier == nil {
            var repaired = signature
            var effects = signature.effectSpecifiers ?? FunctionEffectSpecifiersSyntax()
            effects.asyncSpecifier = .keyword(.async, trailingTrivia: .space)
            repaired.effectSpecifiers = effects
            // With one space before it, wherever that stood.
            if signature.parameterClause.trailingTrivia.isEmpty { repaired.parameterClause.trailingTrivia = .space }
            found.append(
                Misuse("async", "a cached function has to be async, for its callers may wait for the cache")
                    .at(self.function.name, Repair("add 'async'", replacing: signature, with: repaired))
            )
        }
        if let clause = signature.effectSpecifiers?.throwsClause,
            clause.throwsSpecifier.tokenKind == .keyword(.rethrows)
        {
            var repaired = clause
            repaired.throwsSpecifier = .keyword(.throws, trailingTrivia: clause.throwsSpecifier.trailingTrivia)
            found.append(
                Misuse("rethrows", "a cached function cannot rethrow: the error may be that of another caller's body")
                    .at(clause, Repair("throw instead", replacing: clause, with: repaired))
            )
        }
        return found
    }

    private var misusesOfResult: [Diagnostic] {
        guard let result = self.result, !["Void", "()", "Swift.Void"].contains(result.trimmedDescription) else {
            return [
                Misuse("result", "a cached function has to return something; this one returns nothing")
                    .at(self.function.name, self.removal)
            ]
        }
        let plain = result.as(AttributedTypeSyntax.self)?.baseType ?? result
        let fault: String? =
            if plain.is(FunctionTypeSyntax.self) {
                "a function"
            } else if result.is(TupleTypeSyntax.self), result.as(TupleTypeSyntax.self)?.elements.count != 1 {
                "a tuple"
            } else if let type = result.as(SomeOrAnyTypeSyntax.self) {
                type.someOrAnySpecifier.tokenKind == .keyword(.some) ? "an opaque type" : "an existential"
            } else {
                nil
            }
        guard let fault else { return [] }
        let message = "a cached function has to return something Codable and Sendable, which \(fault) is not"
        return [Misuse("result", message).at(result, self.removal)]
    }

    private func misuses(_ parameter: Parameter) -> [Diagnostic] {
        if parameter.node.ellipsis != nil {
            var repaired = parameter.node
            repaired.ellipsis = nil
            repaired.type = TypeSyntax(ArrayTypeSyntax(element: parameter.type))
            let message = "a cached function cannot take any number of arguments: they cannot be passed on"
            return [
                Misuse("variadic", message)
                    .at(parameter.node, Repair("take an array", replacing: parameter.node, with: repaired))
            ]
        }
        var type = parameter.type
        if let attributed = type.as(AttributedTypeSyntax.self) {
            if let specifier = attributed.specifiers.first(where: Self.isUnfit) {
                let kind = specifier.trimmedDescription
                let message = "a cached function cannot have a parameter that is \(kind): its body may not run at all"
                let repair = Repair(
                    "remove '\(kind)'",
                    replacing: parameter.node,
                    with: parameter.node.with(\.type, attributed.baseType.trimmed)
                )
                return [Misuse("specifier", message).at(specifier, repair)]
            }
            type = attributed.baseType.trimmed
        }
        if type.is(FunctionTypeSyntax.self), self.significant.contains(where: { $0.name == parameter.name }) {
            let message = "a function cannot be part of a key; if it has no influence on the result, ignore it"
            return [Misuse("function", message).at(parameter.node, self.ignoring(parameter.name))]
        }
        return []
    }

    private static func isUnfit(_ specifier: TypeSpecifierListSyntax.Element) -> Bool {
        ["inout", "isolated", "borrowing", "consuming", "__owned", "__shared"].contains(specifier.trimmedDescription)
    }

    private var misusesOfModifiers: [Diagnostic] {
        self.function.modifiers.compactMap { modifier in
            guard ["mutating", "consuming", "borrowing"].contains(modifier.name.text) else { return nil }
            let message = "a cached function cannot be \(modifier.name.text): its body may not run at all"
            let repaired = self.function.modifiers.filter { $0.id != modifier.id }
            return Misuse("modifier", message)
                .at(
                    modifier,
                    Repair(
                        "remove '\(modifier.name.text)'",
                        replacing: self.function.modifiers,
                        with: repaired
                    )
                )
        }
    }

    /// Attributes by which other modules would get the function's body, which calls what they cannot see.
    private var misusesOfOtherAttributes: [Diagnostic] {
        self.function.attributes.compactMap { element in
            guard case .attribute(let attribute) = element else { return nil }
            let name = attribute.lastName
            guard ["inlinable", "backDeployed", "_alwaysEmitIntoClient", "_transparent"].contains(name) else {
                return nil
            }
            let message = "a cached function cannot be @\(name): what it calls is private to its file"
            return Misuse("attribute", message).at(attribute, self.removing(attribute))
        }
    }

    private var misusesOfAttribute: [Diagnostic] {
        var found: [Diagnostic] = []
        for (name, node) in self.attribute.names("ignoring")
        where !self.parameters.contains(where: { $0.name == name || $0.label == name }) {
            let names = self.parameters.map(\.name).joined(separator: ", ")
            let known = names.isEmpty ? "it has none" : "there are \(names)"
            found.append(Misuse("ignoring", "the function has no parameter \"\(name)\"; \(known)").at(node))
        }
        if let key = self.attribute.argument("key"), !key.is(NilLiteralExprSyntax.self) {
            for label in ["ignoring", "including"] {
                guard let argument = self.attribute.written(label) else { continue }
                let message = "with a key of its own, the function needs no '\(label)': the key says it all"
                found.append(Misuse("key", message).at(argument))
            }
        }
        if let cache = self.attribute.written("in"), cache.is(KeyPathExprSyntax.self), !self.isMember {
            found.append(Misuse("path", "a function that belongs to no type has no self to begin a path at").at(cache))
        }
        if let including = self.attribute.written("including"), !including.is(ArrayExprSyntax.self) {
            found.append(Misuse("including", "what the key includes has to be written as an array").at(including))
        }
        return found
    }

    /// The function without `@Cached`.
    private var removal: Repair { self.removing(self.attribute.node) }

    /// The function without an attribute.
    private func removing(_ attribute: AttributeSyntax) -> Repair {
        let attributes = self.function.attributes.filter { element in
            guard case .attribute(let other) = element else { return true }
            return other.trimmedDescription != attribute.trimmedDescription
        }
        return Repair("remove '@\(attribute.lastName)'", replacing: self.function.attributes, with: attributes)
    }

    /// The attribute with one more name to ignore.
    private func ignoring(_ name: String) -> Repair {
        let names = self.attribute.names("ignoring").map(\.name) + [name]
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
        return Repair("ignore '\(name)'", replacing: self.attribute.node, with: repaired)
    }
}
