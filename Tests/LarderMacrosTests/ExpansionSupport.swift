@testable import LarderMacrosPlugin
import SwiftDiagnostics
import SwiftParser
import SwiftSyntax
import SwiftSyntaxMacroExpansion
import SwiftSyntaxMacros
import SwiftSyntaxMacrosGenericTestSupport
import Testing

/// What the compiler would say of a source, and what it would make of it.
enum Expansion {
    static let specs: [String: MacroSpec] = [
        "Cached": MacroSpec(type: CachedMacro.self),
        "CacheKeys": MacroSpec(type: CacheKeysMacro.self),
        "CacheKeyBody": MacroSpec(type: CacheKeyBodyMacro.self),
    ]

    /// Compares an expansion with what it is to be.
    static func expect(
        _ source: String,
        becomes expanded: String,
        sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) {
        assertMacroExpansion(
            source,
            expandedSource: expanded,
            macroSpecs: Self.specs,
            testModuleName: "Shop",
            indentationWidth: .spaces(4)
        ) { failure in
            Issue.record(Comment(rawValue: failure.message), sourceLocation: sourceLocation)
        }
    }

    /// A misuse as the compiler reports it.
    struct Report: Equatable {
        var message: String
        var line: Int
        var column: Int
        /// What the source becomes by the repair that is offered, if one is.
        var repaired: String?
    }

    /// What a source becomes.
    static func expanded(_ source: String) -> String { Self.expand(source).expanded }

    private static func expand(_ source: String) -> (expanded: String, context: BasicMacroExpansionContext) {
        let file = Parser.parse(source: source)
        let context = BasicMacroExpansionContext(
            sourceFiles: [file: .init(moduleName: "Shop", fullFilePath: "Shop.swift")]
        )
        let expanded = file.expand(
            macroSpecs: Self.specs,
            contextGenerator: {
                BasicMacroExpansionContext(sharingWith: context, lexicalContext: $0.allMacroLexicalContexts())
            }
        )
        return (expanded.description, context)
    }

    /// All that is reported of a source.
    static func reports(of source: String) -> [Report] {
        let context = Self.expand(source).context
        return context.diagnostics.map { diagnostic in
            let location = context.location(
                for: diagnostic.position,
                anchoredAt: diagnostic.node,
                fileName: "Shop.swift"
            )
            let edits = diagnostic.fixIts.first.map { $0.changes.map { change in Self.edit(change, in: context) } }
            return Report(
                message: diagnostic.message,
                line: location.line,
                column: location.column,
                repaired: edits.flatMap { Self.apply($0, to: source) }
            )
        }
    }

    private static func edit(_ change: FixIt.Change, in context: BasicMacroExpansionContext) -> (Range<Int>, String) {
        guard case .replace(let old, let new) = change else { return (0..<0, "") }
        let start = context.location(for: old.position, anchoredAt: old, fileName: "").offset
        return (start..<(start + old.totalLength.utf8Length), new.description)
    }

    /// - Returns: The source after the edits; `nil` where they are meant for a place that another macro has made.
    private static func apply(_ edits: [(Range<Int>, String)], to source: String) -> String? {
        var bytes = Array(source.utf8)
        guard edits.allSatisfy({ $0.0.upperBound <= bytes.count }) else { return nil }
        for (range, text) in edits.sorted(by: { $0.0.lowerBound > $1.0.lowerBound }) {
            bytes.replaceSubrange(range, with: text.utf8)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
