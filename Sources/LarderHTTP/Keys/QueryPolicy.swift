/// Which arguments of a query make the key.
///
/// By default all do, in their order: different arguments are different pages. An argument that is hidden from the key must
/// be hidden from the handler, too, or one visitor's answer goes to all; see ``visible(_:)``.
public struct QueryPolicy: Sendable, Hashable {
    private enum Selection: Hashable {
        case all
        case keeping(Set<String>)
        case dropping(Set<String>)
    }

    private var selection: Selection

    /// Whether arguments are put in order of their names; those of one name stay in theirs.
    public var sorts: Bool

    private init(_ selection: Selection, sorts: Bool) {
        self.selection = selection
        self.sorts = sorts
    }

    /// The query as it came.
    public static let asReceived = QueryPolicy(.all, sorts: false)

    /// All arguments, in the order of their names.
    public static let sorted = QueryPolicy(.all, sorts: true)

    /// No argument but these.
    ///
    /// - Parameters:
    ///   - names: The arguments' names as they are written in the query.
    ///   - sorts: Whether to order them.
    /// - Returns: The policy.
    public static func keeping(_ names: Set<String>, sorts: Bool = true) -> QueryPolicy {
        QueryPolicy(.keeping(names), sorts: sorts)
    }

    /// All arguments but these, as those by which mailings are tracked.
    ///
    /// - Parameters:
    ///   - names: The arguments' names as they are written in the query.
    ///   - sorts: Whether to order what is left.
    /// - Returns: The policy.
    public static func dropping(_ names: Set<String>, sorts: Bool = true) -> QueryPolicy {
        QueryPolicy(.dropping(names), sorts: sorts)
    }

    /// Whether some argument is hidden.
    public var hidesArguments: Bool { self.selection != .all }

    /// What a handler may see of a path and its query, so that it cannot depend on what the key does not hold.
    ///
    /// - Parameter pathAndQuery: Path and query as in a request line.
    /// - Returns: The same without the hidden arguments, in their order.
    public func visible(_ pathAndQuery: String) -> String {
        guard self.hidesArguments, let mark = pathAndQuery.utf8.firstIndex(of: UInt8(ascii: "?")) else {
            return pathAndQuery
        }
        var unsorted = self
        unsorted.sorts = false
        let path = pathAndQuery[..<mark]
        guard let query = unsorted.applied(to: String(pathAndQuery[pathAndQuery.utf8.index(after: mark)...])) else {
            return String(path)
        }
        return "\(path)?\(query)"
    }

    /// The query as it stands in the key; `nil` where nothing is left.
    func applied(to query: String?) -> String? {
        guard let query, self.sorts || self.hidesArguments else { return query }
        var arguments = query.utf8.split(separator: UInt8(ascii: "&")).map { argument in
            let name = argument.prefix { $0 != UInt8(ascii: "=") }
            return (name: String(Substring(name)), argument: Substring(argument))
        }
        switch self.selection {
        case .all: break
        case .keeping(let names): arguments.removeAll { !names.contains($0.name) }
        case .dropping(let names): arguments.removeAll { names.contains($0.name) }
        }
        if arguments.isEmpty { return nil }
        guard self.sorts else { return arguments.map(\.argument).joined(separator: "&") }
        // Repeated arguments are a list, whose order the sort must keep.
        let order = arguments.indices.sorted { left, right in
            let (first, second) = (arguments[left].name, arguments[right].name)
            return first == second ? left < right : first.utf8.lexicographicallyPrecedes(second.utf8)
        }
        return order.map { arguments[$0].argument }.joined(separator: "&")
    }
}
