import SwiftDiagnostics
import SwiftSyntax

/// A parameter: what callers say, what the body says, its type.
struct CallParameter {
    let node: FunctionParameterSyntax
    let label: String?
    let name: String
    let type: TypeSyntax

    init(_ node: FunctionParameterSyntax) {
        self.node = node
        self.label = node.firstName.text == "_" ? nil : node.firstName.text
        self.name = (node.secondName ?? node.firstName).text
        self.type = node.type
    }

    /// Whether an attribute that says `name` means this one.
    func isCalled(_ name: String) -> Bool {
        [self.name, self.label ?? self.name].contains { $0.filter { $0 != "`" } == name }
    }

    /// What adds the argument to a `CallKey`.
    ///
    /// - Parameter file: The literal that names the file.
    /// - Returns: One call or two, each with its dot.
    func addition(_ file: StringLiteralExprSyntax) -> String {
        if self.type.is(MetatypeTypeSyntax.self) { return Self.addition(type: self.name, file) }
        let added = ".adding(\(self.name))"
        // Arguments of several types may look the same.
        return self.isOfAnyType ? Self.addition(type: "Swift.type(of: \(self.name))", file) + added : added
    }

    /// What adds a type to a `CallKey`.
    static func addition(type: String, _ file: StringLiteralExprSyntax) -> String {
        ".adding(type: \(type), file: \(file))"
    }

    private var isOfAnyType: Bool {
        let words = self.type.trimmedDescription.split { !$0.isLetter }
        return words.contains("some") || words.contains("any")
    }

    /// What the type is, or holds, that has no text for a key; `nil` where the compiler sees whether it can be encoded.
    var unencodable: String? { Self.unencodable(self.type) }

    private static func unencodable(_ type: TypeSyntax) -> String? {
        if type.is(FunctionTypeSyntax.self) { return "a function" }
        if let type = type.as(AttributedTypeSyntax.self) { return Self.unencodable(type.baseType) }
        if let type = type.as(OptionalTypeSyntax.self) { return Self.unencodable(type.wrappedType) }
        if let type = type.as(ImplicitlyUnwrappedOptionalTypeSyntax.self) { return Self.unencodable(type.wrappedType) }
        if let type = type.as(ArrayTypeSyntax.self) { return Self.unencodable(type.element) }
        if let type = type.as(DictionaryTypeSyntax.self) { return Self.unencodable(type.value) }
        if let type = type.as(TupleTypeSyntax.self) {
            guard type.elements.count == 1, let element = type.elements.first else { return "a tuple" }
            return Self.unencodable(element.type)
        }
        guard let type = type.as(IdentifierTypeSyntax.self), let arguments = type.genericArgumentClause?.arguments,
            ["Optional", "Array", "Dictionary"].contains(type.name.text)
        else { return nil }
        return arguments.lazy.compactMap { $0.argument.as(TypeSyntax.self).flatMap(Self.unencodable) }.first
    }

    /// What is wrong with a parameter that the body cannot name, which goes into no key and cannot be passed on.
    ///
    /// - Parameter others: All parameters of the function.
    /// - Returns: The misuse; `nil` where the parameter has a name.
    func namelessness(among others: [CallParameter]) -> Diagnostic? {
        guard self.name == "_" else { return nil }
        var repaired = self.node
        if self.label == nil {
            let names = Set(others.map(\.name))
            let free = (2...).lazy.map { "value\($0)" }.first { !names.contains($0) } ?? "value"
            repaired.firstName.trailingTrivia = .space
            repaired.secondName = .identifier(names.contains("value") ? free : "value")
        } else {
            repaired.firstName.trailingTrivia = []
            repaired.secondName = nil
        }
        return Misuse("nameless", "a parameter needs a name to be part of a key")
            .at(self.node, Repair("name it", replacing: self.node, with: repaired))
    }
}

extension FunctionDeclSyntax {
    /// The generic parameters' names.
    var genericNames: [String] { self.genericParameterClause?.parameters.map(\.name.text) ?? [] }

    /// Lists of types that are as long as callers like.
    var misusesOfPacks: [Diagnostic] {
        (self.genericParameterClause?.parameters ?? []).filter { $0.specifier?.tokenKind == .keyword(.each) }.map {
            Misuse("pack", "a parameter pack cannot be part of a key").at($0)
        }
    }
}
