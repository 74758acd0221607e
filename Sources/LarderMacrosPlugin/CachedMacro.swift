import SwiftDiagnostics
import SwiftParser
import SwiftSyntax
import SwiftSyntaxBuilder
import SwiftSyntaxMacros

/// `@Cached`: gives a function a body that asks the cache, and keeps its own under another name.
///
/// The own body becomes a function beside it, not a closure within, so that it keeps its isolation, its generic parameters and
/// its `self`.
enum CachedMacro: BodyMacro, PeerMacro {
    static func expansion(
        of node: AttributeSyntax,
        providingBodyFor declaration: some DeclSyntaxProtocol & WithOptionalCodeBlockSyntax,
        in context: some MacroExpansionContext
    ) throws -> [CodeBlockItemSyntax] {
        guard let function = declaration.as(FunctionDeclSyntax.self) else {
            let misuse = Misuse("function", "only functions and methods can be cached")
            throw DiagnosticsError(diagnostics: [misuse.at(node)])
        }
        let cached = CachedFunction(function, CachedAttribute(node), in: context)
        let misuses = cached.misuses
        guard misuses.isEmpty, let result = cached.result else { throw DiagnosticsError(diagnostics: misuses) }
        return try Self.body(of: cached, returning: result, in: context)
    }

    static func expansion(
        of node: AttributeSyntax,
        providingPeersOf declaration: some DeclSyntaxProtocol,
        in context: some MacroExpansionContext
    ) throws -> [DeclSyntax] {
        // What is wrong is said once, by the other half.
        guard let function = declaration.as(FunctionDeclSyntax.self), function.body != nil else { return [] }
        let cached = CachedFunction(function, CachedAttribute(node), in: context)
        guard cached.misuses.isEmpty else { return [] }
        return [cached.uncached]
    }

    private static func body(
        of cached: CachedFunction,
        returning result: TypeSyntax,
        in context: some MacroExpansionContext
    ) throws -> [CodeBlockItemSyntax] {
        let attribute = cached.attribute
        let cache = context.makeUniqueName("cache")
        let key = context.makeUniqueName("key")
        let given = attribute.key == nil ? nil : attribute.interpolated("key")
        let keyText = given ?? Self.key(of: cached, in: context)
        // One `try` for both: making the key throws or not, depending on the arguments' types.
        var statements: [CodeBlockItemSyntax] = [
            """
            let (\(cache), \(key)) = try (
                LarderMacros.CachedCall.cache(\(attribute.cache(in: cached.owners) ?? "nil")),
                Larder.CacheKey<\(result.trimmed)>(\(keyText))
            )
            """
        ]
        let call: ExprSyntax = """
            try await LarderMacros.CachedCall.fetch(
                \(cache),
                \(key),
                ttl: \(attribute.argument("ttl") ?? ".default"),
                tags: \(attribute.interpolated("tags") ?? "[]"),
                policy: \(attribute.argument("policy") ?? "nil"),
                freshness: \(attribute.argument("freshness") ?? "nil"),
                onFailure: \(attribute.argument("onFailure") ?? "nil")
            ) {
                \(cached.call)
            }
            """
        statements.append("return \(call)")
        if cached.throwsErrors && cached.thrownType == nil { return statements }
        return [Self.fallingBack(statements, cached)]
    }

    private static func key(of cached: CachedFunction, in context: some MacroExpansionContext) -> ExprSyntax {
        let file = context.fileID(of: cached.function)
        let name = file.representedLiteralValue ?? ""
        // What is private to a file may be there a second time in another one.
        let module = cached.isOfItsFile ? name : name.split(separator: "/").first.map(String.init) ?? ""
        var key = "LarderMacros.CallKey(\(StringLiteralExprSyntax(content: "\(module).\(cached.signature)")))"
        // Of the same function for other types the results may have other types, and look the same.
        let types = (cached.isMember && cached.isOfSeveralTypes ? ["Self"] : []) + cached.function.genericNames
        for type in types { key += CallParameter.addition(type: "\(type).self", file) }
        for parameter in cached.significant { key += parameter.addition(file) }
        for expression in cached.attribute.interpolatedElements("including") { key += ".adding(\(expression))" }
        return "\(raw: key).text"
    }

    /// The same for a function that throws nothing, or errors of one type: where the cache fails, its body runs.
    private static func fallingBack(_ statements: [CodeBlockItemSyntax], _ cached: CachedFunction)
        -> CodeBlockItemSyntax
    {
        let list = statements.map(\.description).joined(separator: "\n")
        guard let type = cached.thrownType else {
            return """
                do {
                    \(raw: list)
                } catch {
                    return \(cached.call)
                }
                """
        }
        return """
            do {
                \(raw: list)
            } catch let error as \(type) {
                throw error
            } catch {
                return \(cached.call)
            }
            """
    }
}

extension MacroExpansionContext {
    /// The module and the file that a node stands in, as a literal.
    func fileID(of node: some SyntaxProtocol) -> StringLiteralExprSyntax {
        self.location(of: node, at: .afterLeadingTrivia, filePathMode: .fileID)?.file.as(StringLiteralExprSyntax.self)
            ?? StringLiteralExprSyntax(content: "")
    }
}
