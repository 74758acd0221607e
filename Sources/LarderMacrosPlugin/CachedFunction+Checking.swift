import SwiftDiagnostics
import SwiftParser
import SwiftSyntax
import SwiftSyntaxBuilder

/// What cannot be cached, said where it stands.
extension CachedFunction {
    /// All that is wrong with the function and its attribute; none where it can be cached.
    var misuses: [Diagnostic] {
        // What follows from these would only distract from them.
        if let misuse = self.misuseOfPlace { return [misuse] }
        return self.misusesOfEffects + self.misusesOfResult + self.function.misusesOfPacks
            + self.parameters.flatMap(self.misuses)
            + self.misusesOfModifiers + self.misusesOfOtherAttributes + self.misusesOfAttribute
    }

    private var misuseOfPlace: Diagnostic? {
        let message: String? =
            switch self.place {
            case .requirements: "a protocol's requirement has no body to cache; cache the functions that fulfil it"
            case .body: "a local function cannot be cached: callers in other places would have to find its results"
            case .file, .type: self.function.body == nil ? "the function has no body to cache" : nil
            }
        return message.map { Misuse("place", $0).at(self.function.name, self.removal) }
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

    private func misuses(_ parameter: CallParameter) -> [Diagnostic] {
        if let namelessness = parameter.namelessness(among: self.parameters) { return [namelessness] }
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
        if let attributed = parameter.type.as(AttributedTypeSyntax.self),
            let specifier = attributed.specifiers.first(where: Self.isUnfit)
        {
            let kind = specifier.trimmedDescription
            let message = "a cached function cannot have a parameter that is \(kind): its body may not run at all"
            let repair = Repair(
                "remove '\(kind)'",
                replacing: parameter.node,
                with: parameter.node.with(\.type, attributed.baseType.trimmed)
            )
            return [Misuse("specifier", message).at(specifier, repair)]
        }
        if self.attribute.key == nil, let kind = parameter.unencodable,
            self.significant.contains(where: { $0.name == parameter.name })
        {
            let message = "\(kind) cannot be part of a key; if it has no influence on the result, ignore it"
            return [Misuse("unencodable", message).at(parameter.node, self.ignoring([parameter.name]))]
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

    /// The function without `@Cached`.
    var removal: Repair { self.removing(self.attribute.node) }

    /// The function without an attribute.
    private func removing(_ attribute: AttributeSyntax) -> Repair {
        let attributes = self.function.attributes.filter { element in
            guard case .attribute(let other) = element else { return true }
            return other.trimmedDescription != attribute.trimmedDescription
        }
        return Repair("remove '@\(attribute.lastName)'", replacing: self.function.attributes, with: attributes)
    }
}
