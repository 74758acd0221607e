import SwiftSyntax
import SwiftSyntaxBuilder
import SwiftSyntaxMacros

/// A function that `@Cached` stands before.
struct CachedFunction {
    let function: FunctionDeclSyntax
    let attribute: CachedAttribute
    /// The types and extensions that the function is in, the outermost first.
    let owners: [String]

    /// Whether one declaration may stand for several types: a generic one, an extension, which may be that of a protocol, or a class
    /// that others inherit from.
    let isOfSeveralTypes: Bool

    let parameters: [CallParameter]

    init(_ function: FunctionDeclSyntax, _ attribute: CachedAttribute, in context: some MacroExpansionContext) {
        self.function = function
        self.attribute = attribute
        self.owners = context.lexicalContext.reversed().compactMap(Self.name)
        self.isOfSeveralTypes = context.lexicalContext.contains(where: Self.standsForSeveral)
        self.isOfItsFile = Self.isPrivate(function.modifiers) || context.lexicalContext.contains(where: Self.isPrivate)
        self.parameters = function.signature.parameterClause.parameters.map(CallParameter.init)
        self.place = context.lexicalContext.first.map(Place.init) ?? .file
    }

    /// What a function is directly in.
    enum Place {
        case file, type, requirements, body

        init(_ node: Syntax) {
            if node.is(ProtocolDeclSyntax.self) {
                self = .requirements
            } else if node.isProtocol((any DeclGroupSyntax).self) {
                self = .type
            } else {
                self = node.isProtocol((any FreestandingMacroExpansionSyntax).self) ? .file : .body
            }
        }
    }

    let place: Place

    private static func name(_ node: Syntax) -> String? {
        if let node = node.as(FunctionDeclSyntax.self) {
            // Types within functions of one name may have one name, too.
            let parameters = node.signature.parameterClause.parameters.map(CallParameter.init)
            return "\(node.name.text)(\(Self.text(of: parameters)))"
        }
        if let node = node.asProtocol((any NamedDeclSyntax).self) { return node.name.text }
        return node.as(ExtensionDeclSyntax.self)?.extendedType.trimmedDescription
    }

    private static func standsForSeveral(_ node: Syntax) -> Bool {
        if node.is(ExtensionDeclSyntax.self) || node.is(ProtocolDeclSyntax.self) { return true }
        if let node = node.asProtocol((any WithGenericParametersSyntax).self), node.genericParameterClause != nil {
            return true
        }
        guard let node = node.as(ClassDeclSyntax.self) else { return false }
        return !node.modifiers.contains { $0.name.tokenKind == .keyword(.final) }
    }

    private static func isPrivate(_ node: Syntax) -> Bool {
        node.asProtocol((any WithModifiersSyntax).self).map { Self.isPrivate($0.modifiers) } ?? false
    }

    private static func isPrivate(_ modifiers: DeclModifierListSyntax) -> Bool {
        modifiers.contains { ["private", "fileprivate"].contains($0.name.text) && $0.detail == nil }
    }

    /// Whether the function has a `self`.
    var isMember: Bool { self.place == .type }

    /// Whether it belongs to a type as a whole.
    var isStatic: Bool { self.function.modifiers.contains { ["static", "class"].contains($0.name.text) } }

    /// What the function returns.
    var result: TypeSyntax? { self.function.signature.returnClause?.type }

    /// The function without the cache.
    var uncachedName: TokenSyntax { .identifier("_uncached_\(self.function.name.trimmed.text.filter { $0 != "`" })") }

    /// What the key begins with behind the module: types, function, labels, the types of parameters and of the result, and whether it
    /// belongs to a type as a whole, since functions may have one name and differ in these.
    var signature: String {
        let name = (self.owners + [self.function.name.trimmed.text]).joined(separator: ".")
        let result = self.result?.trimmedDescription ?? "Void"
        let signature = "\(name)(\(Self.text(of: self.parameters)))->\(result)".filter { !$0.isWhitespace }
        return self.isStatic ? "static \(signature)" : signature
    }

    private static func text(of parameters: [CallParameter]) -> String {
        parameters.map { "\($0.label ?? "_"):\($0.type.trimmedDescription)" }.joined(separator: ",")
    }

    /// Whether another file of the module may have a function of the same signature.
    let isOfItsFile: Bool

    /// The parameters that go into the key.
    var significant: [CallParameter] {
        let ignored = self.attribute.names("ignoring").map(\.name)
        return self.parameters.filter { !ignored.contains(where: $0.isCalled) }
    }

    /// A call of the body that passes the parameters on.
    var call: ExprSyntax {
        let arguments = self.parameters.map { parameter in
            parameter.label.map { "\($0): \(parameter.name)" } ?? parameter.name
        }
        let receiver = self.isMember ? "self." : ""
        let effects = self.throwsErrors ? "try await" : "await"
        return "\(raw: effects) \(raw: receiver)\(self.uncachedName)(\(raw: arguments.joined(separator: ", ")))"
    }

    var throwsErrors: Bool { self.function.signature.effectSpecifiers?.throwsClause != nil }

    /// The type of what it throws, where that is one type.
    var thrownType: TypeSyntax? {
        guard let type = self.function.signature.effectSpecifiers?.throwsClause?.type?.trimmed else { return nil }
        return ["any Error", "Error", "any Swift.Error", "Swift.Error"].contains(type.trimmedDescription) ? nil : type
    }
}
