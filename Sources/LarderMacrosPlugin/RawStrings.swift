import SwiftParser
import SwiftSyntax
import SwiftSyntaxBuilder

/// The raw string literals of an attribute, whose `\(…)` is left to the function: `#"shelf:\(slug)"#` becomes
/// `#"shelf:\#(slug)"#`.
///
/// The literal stays a raw one, so that quotes and backslashes beside its interpolations keep their meaning.
enum RawStrings {
    /// An expression with all its literals interpolated.
    static func interpolated(_ expression: ExprSyntax) -> ExprSyntax {
        Interpolation().rewrite(expression).as(ExprSyntax.self) ?? expression
    }

    /// The literals in an expression, those within interpolations left out.
    static func literals(in expression: ExprSyntax) -> [StringLiteralExprSyntax] {
        let search = Search(viewMode: .sourceAccurate)
        search.walk(expression)
        return search.literals
    }

    /// The names that an expression speaks of.
    static func names(in expression: ExprSyntax) -> Set<String> {
        let search = NameSearch(viewMode: .sourceAccurate)
        search.walk(expression)
        return search.names
    }

    /// A literal with its interpolations.
    static func interpolated(_ literal: StringLiteralExprSyntax) -> StringLiteralExprSyntax {
        guard let pounds = literal.openingPounds?.text else { return literal }
        var literal = literal.trimmed.detached
        // Read anew after each one: only that tells where it ends, and what stands in it is no text.
        while let offset = Self.interpolation(in: literal) {
            var text = Array(literal.description.utf8)
            text.insert(contentsOf: pounds.utf8, at: offset)
            let parsed: ExprSyntax = "\(raw: String(decoding: text, as: UTF8.self))"
            guard let next = parsed.as(StringLiteralExprSyntax.self) else { break }
            literal = next
        }
        return literal
    }

    /// Where the first `\(` stands, behind its backslash.
    private static func interpolation(in literal: StringLiteralExprSyntax) -> Int? {
        for segment in literal.segments {
            guard let content = segment.as(StringSegmentSyntax.self)?.content else { continue }
            var backslashes = 0
            let start = content.positionAfterSkippingLeadingTrivia.utf8Offset
            for (offset, byte) in content.text.utf8.enumerated() {
                // Two backslashes are text.
                if byte == UInt8(ascii: "("), !backslashes.isMultiple(of: 2) { return start + offset }
                backslashes = byte == UInt8(ascii: "\\") ? backslashes + 1 : 0
            }
        }
        return nil
    }

    private final class Interpolation: SyntaxRewriter {
        override func visit(_ node: StringLiteralExprSyntax) -> ExprSyntax { ExprSyntax(RawStrings.interpolated(node)) }
    }

    private final class Search: SyntaxVisitor {
        var literals: [StringLiteralExprSyntax] = []

        override func visit(_ node: StringLiteralExprSyntax) -> SyntaxVisitorContinueKind {
            self.literals.append(node)
            return .skipChildren
        }
    }

    private final class NameSearch: SyntaxVisitor {
        var names: Set<String> = []

        override func visit(_ node: DeclReferenceExprSyntax) -> SyntaxVisitorContinueKind {
            self.names.insert(node.baseName.text)
            return .skipChildren
        }
    }
}
