import SwiftDiagnostics
import SwiftParser
import SwiftSyntax
import SwiftSyntaxBuilder
import SwiftSyntaxMacros

/// `@CacheKeys`: has each function of a family that has no body given one.
enum CacheKeysMacro: MemberAttributeMacro {
    static func expansion(
        of node: AttributeSyntax,
        attachedTo declaration: some DeclGroupSyntax,
        providingAttributesFor member: some DeclSyntaxProtocol,
        in context: some MacroExpansionContext
    ) throws -> [AttributeSyntax] {
        guard let function = member.as(FunctionDeclSyntax.self), function.body == nil else { return [] }
        let name = function.name.text
        let namesakes = declaration.memberBlock.members.compactMap { $0.decl.as(FunctionDeclSyntax.self) }
            .filter { $0.name.text == name && $0.body == nil }
        if namesakes.count > 1, namesakes.first?.id != function.id {
            let message = "another key of the family is called \(name), too; their entries could not be told apart"
            throw DiagnosticsError(diagnostics: [Misuse("namesake", message).at(function.name)])
        }
        guard case .argumentList(let arguments) = node.arguments, let prefix = arguments.first?.expression else {
            return ["@CacheKeyBody"]
        }
        return ["@CacheKeyBody(\(prefix.trimmed))"]
    }
}

/// `@CacheKeyBody`: makes a key of a function's name and its arguments.
enum CacheKeyBodyMacro: BodyMacro {
    static func expansion(
        of node: AttributeSyntax,
        providingBodyFor declaration: some DeclSyntaxProtocol & WithOptionalCodeBlockSyntax,
        in context: some MacroExpansionContext
    ) throws -> [CodeBlockItemSyntax] {
        guard let function = declaration.as(FunctionDeclSyntax.self) else {
            throw DiagnosticsError(diagnostics: [Misuse("family", "only a function can be a key").at(node)])
        }
        let misuses = Self.misuses(of: function)
        guard misuses.isEmpty else { throw DiagnosticsError(diagnostics: misuses) }
        var prefix = ""
        if case .argumentList(let arguments) = node.arguments, let argument = arguments.first?.expression {
            guard let text = argument.as(StringLiteralExprSyntax.self)?.representedLiteralValue else {
                let message =
                    "the prefix has to be a plain string, such as \"shop:\": its value is needed at compile time"
                throw DiagnosticsError(diagnostics: [Misuse("prefix", message).at(argument)])
            }
            prefix = text
        }
        let name = StringLiteralExprSyntax(content: prefix + function.name.text.filter { $0 != "`" })
        let parameters = function.signature.parameterClause.parameters.map(CallParameter.init)
        let isGeneric = context.lexicalContext.contains {
            $0.asProtocol((any WithGenericParametersSyntax).self)?.genericParameterClause != nil
        }
        // Of several types the values have several types as well.
        let types = (isGeneric ? ["Self"] : []) + function.genericNames
        guard !parameters.isEmpty || !types.isEmpty else { return ["return Larder.CacheKey(\(name))"] }
        let effect = function.signature.effectSpecifiers?.throwsClause == nil ? "" : "try "
        let file = context.fileID(of: function)
        let additions =
            types.map { CallParameter.addition(type: "\($0).self", file) } + parameters.map { $0.addition(file) }
        return [
            """
            return \(raw: effect)Larder.CacheKey(\
            LarderMacros.CallKey(\(name), separator: ":")\(raw: additions.joined()).text)
            """
        ]
    }

    private static func misuses(of function: FunctionDeclSyntax) -> [Diagnostic] {
        var found: [Diagnostic] = []
        if !function.modifiers.contains(where: { $0.name.text == "static" }) {
            var repaired = function
            repaired.modifiers =
                function.modifiers + [DeclModifierSyntax(name: .keyword(.static, trailingTrivia: .space))]
            if function.modifiers.isEmpty {
                repaired.leadingTrivia = function.leadingTrivia
                repaired.funcKeyword.leadingTrivia = []
            }
            found.append(
                Misuse("static", "a key belongs to its family as a whole")
                    .at(function.name, Repair("make it 'static'", replacing: function, with: repaired))
            )
        }
        let result = function.signature.returnClause?.type.trimmedDescription ?? ""
        if !result.hasPrefix("CacheKey<"), !result.hasPrefix("Larder.CacheKey<") {
            found.append(
                Misuse("key", "a key has to be a CacheKey of the type of its value, such as CacheKey<Book>")
                    .at(Syntax(function.signature.returnClause) ?? Syntax(function.name))
            )
        }
        if let asyncSpecifier = function.signature.effectSpecifiers?.asyncSpecifier {
            found.append(Misuse("async", "a key is made at once; its function must not be async").at(asyncSpecifier))
        }
        let parameters = function.signature.parameterClause.parameters.map(CallParameter.init)
        for parameter in parameters {
            if let namelessness = parameter.namelessness(among: parameters) {
                found.append(namelessness)
            } else if let kind = parameter.unencodable {
                found.append(Misuse("unencodable", "\(kind) cannot be part of a key").at(parameter.node))
            }
        }
        return found + function.misusesOfPacks
    }
}
