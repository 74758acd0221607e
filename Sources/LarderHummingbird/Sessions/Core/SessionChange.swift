/// What a request has done to a session's values, so that it can be done again to what is stored by then.
enum SessionChange: Sendable {
    case set(String, json: String)
    case remove(String)
    case removeAll
    /// Makes a value of what there is.
    case update(String, @Sendable (String?) throws -> String?)

    /// Does it.
    ///
    /// - Parameter values: The values by their names.
    /// - Throws: What an update throws.
    func apply(to values: inout [String: String]) throws {
        switch self {
        case .set(let name, let json): values[name] = json
        case .remove(let name): values[name] = nil
        case .removeAll: values = [:]
        case .update(let name, let change): values[name] = try change(values[name])
        }
    }
}
