import SwiftParser
import SwiftSyntax
import SwiftSyntaxBuilder

/// What stands in an `@Cached` attribute.
struct CachedAttribute {
    let node: AttributeSyntax
    private let arguments: [String: ExprSyntax]

    init(_ node: AttributeSyntax) {
        self.node = node
        var arguments: [String: ExprSyntax] = [:]
        if case .argumentList(let list) = node.arguments {
            for argument in list { arguments[argument.label?.text ?? ""] = argument.expression }
        }
        self.arguments = arguments
    }

    /// An argument at the place where it is written.
    func written(_ label: String) -> ExprSyntax? { self.arguments[label] }

    /// An argument that goes into the call as it is.
    func argument(_ label: String) -> ExprSyntax? { self.arguments[label]?.trimmed }

    /// An argument whose raw strings are interpolated within the function.
    func interpolated(_ label: String) -> ExprSyntax? {
        self.argument(label).map { RawStrings().rewrite($0).as(ExprSyntax.self) ?? $0 }
    }

    /// The elements of an array of such strings.
    func interpolatedElements(_ label: String) -> [ExprSyntax] {
        self.interpolated(label)?.as(ArrayExprSyntax.self)?.elements.map(\.expression.trimmed) ?? []
    }

    /// The names in an array of plain strings.
    ///
    /// - Returns: Each name and where it stands; what is no plain string is left out.
    func names(_ label: String) -> [(name: String, node: ExprSyntax)] {
        (self.arguments[label]?.as(ArrayExprSyntax.self)?.elements ?? []).compactMap { element in
            guard let name = element.expression.as(StringLiteralExprSyntax.self)?.representedLiteralValue else {
                return nil
            }
            return (name, element.expression)
        }
    }

    /// The expression of the cache within the function; `nil` takes the current one.
    ///
    /// A path from the type becomes one from `self`.
    var cache: ExprSyntax? {
        guard let cache = self.argument("in"), !cache.is(NilLiteralExprSyntax.self) else { return nil }
        guard let path = cache.as(KeyPathExprSyntax.self) else { return cache }
        return "self\(raw: path.components.map(\.trimmedDescription).joined())"
    }
}

/// Turns raw string literals that carry `\(…)` into such that are interpolated.
private final class RawStrings: SyntaxRewriter {
    override func visit(_ node: StringLiteralExprSyntax) -> ExprSyntax {
        guard node.openingPounds?.text == "#", node.openingQuote.tokenKind == .stringQuote,
            let content = node.segments.first?.as(StringSegmentSyntax.self)?.content.text, node.segments.count == 1,
            content.contains("\\(")
        else { return ExprSyntax(node) }
        return "\"\(raw: content)\""
    }
}
