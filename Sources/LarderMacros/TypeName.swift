/// The names that types have at run time.
enum TypeName {
    /// A name that is the same in each process.
    ///
    /// The runtime calls a private type `Shop.(unknown context at $55c7ff0dd5a4).Book`, after where the program lies in memory.
    ///
    /// - Parameters:
    ///   - name: What `String(reflecting:)` makes of a type.
    ///   - file: What stands in front of the name of a type with such contexts.
    /// - Returns: The name without these contexts.
    static func stable(_ name: String, file: String) -> String {
        var rest = name[...]
        var stable = ""
        while let beginning = rest.firstRange(of: Self.context) {
            guard let end = rest[beginning.upperBound...].firstIndex(of: ")") else { break }
            stable += rest[..<beginning.lowerBound]
            rest = rest[rest.index(after: end)...].drop { $0 == "." }
        }
        stable += rest
        return rest.startIndex == name.startIndex ? name : "\(file).\(stable)"
    }

    private static let context = "(unknown context at "
}
