import LarderStencil

/// What templates know of a model: its properties by name, with every text in them escaped.
///
/// Stencil escapes nothing. A filter in the templates would be forgotten one day; so what is not escaped does not get there
/// in the first place. All that a template shows comes this way, and what is not known here is refused.
enum TemplateContext {
    /// A model has a property that templates could not show, or not safely.
    struct Unshowable: Error, CustomStringConvertible {
        let description: String
    }

    /// Makes the context of a model.
    ///
    /// - Parameter model: A struct. Its properties may be texts, numbers, truths, ``Markup``, ``Later``, structs of such, and
    ///   optionals and arrays of them. One that is `nil` is not there for templates.
    /// - Returns: The properties.
    /// - Throws: ``Unshowable``.
    static func of(_ model: some Sendable) throws(Unshowable) -> [String: any Sendable] {
        try Self.properties(of: Mirror(reflecting: model))
    }

    private static func value(of shown: Any) throws(Unshowable) -> (any Sendable)? {
        switch shown {
        case let text as String: return HTML.escaped(text)
        case let number as Int: return number
        case let number as Double: return number
        case let truth as Bool: return truth
        case let markup as Markup: return markup.html
        case let later as Later: return Self.lazy(later)
        default: break
        }
        let mirror = Mirror(reflecting: shown)
        switch mirror.displayStyle {
        case .struct:
            return try Self.properties(of: mirror)
        case .optional:
            guard let content = mirror.children.first else { return nil }
            return try Self.value(of: content.value)
        case .collection:
            var values: [any Sendable] = []
            for child in mirror.children {
                if let value = try Self.value(of: child.value) { values.append(value) }
            }
            return values
        default:
            throw Unshowable(description: "templates cannot show a \(type(of: shown))")
        }
    }

    private static func properties(of mirror: Mirror) throws(Unshowable) -> [String: any Sendable] {
        guard mirror.displayStyle == .struct else {
            throw Unshowable(description: "templates know a \(mirror.subjectType) by no property; it is to be a struct")
        }
        var properties: [String: any Sendable] = [:]
        for case (let name?, let shown) in mirror.children {
            // Stencil takes the word for how many properties there are.
            guard name != "count" else {
                throw Unshowable(description: "templates cannot ask a \(mirror.subjectType) for its `count`")
            }
            properties[name] = try Self.value(of: shown)
        }
        return properties
    }

    private static func lazy(_ later: Later) -> LazyValue {
        LazyValue {
            guard let shown = try await later.make() else { return nil }
            return try Self.value(of: shown)
        }
    }
}

/// A property of a model that is made when a template comes to it: within a cached fragment, not at all.
///
/// Its texts are escaped like all others, which those of a bare `LazyValue` would not be.
struct Later: Sendable {
    let make: @Sendable () async throws -> (any Sendable)?

    init(_ make: @escaping @Sendable () async throws -> (any Sendable)?) {
        self.make = make
    }
}
