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
        self.argument(label).map(RawStrings.interpolated)
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

    /// The entry's whole key, where one is given, as it is written.
    var key: ExprSyntax? {
        self.arguments["key"].flatMap { $0.is(NilLiteralExprSyntax.self) ? nil : $0 }
    }

    /// The path from the value to its cache, where one is given.
    var path: KeyPathExprSyntax? { self.arguments["in"]?.as(KeyPathExprSyntax.self) }

    /// The expression of the cache within a function, in which a path from the type becomes one from `self`.
    ///
    /// - Parameter owners: The types that the function is in.
    /// - Returns: The expression; `nil` takes the current cache.
    func cache(in owners: [String]) -> ExprSyntax? {
        guard let cache = self.argument("in"), !cache.is(NilLiteralExprSyntax.self) else { return nil }
        guard let path = self.path else { return cache }
        // Of `\Shop.Catalogue.cache` the syntax takes the first name for the type, and the second one for a property.
        let types = Set(owners.flatMap { $0.split(separator: ".").map { ".\($0)" } } + [".Type"])
        let components = path.components.map(\.trimmedDescription).drop(while: types.contains)
        return "self\(raw: components.joined())"
    }
}
