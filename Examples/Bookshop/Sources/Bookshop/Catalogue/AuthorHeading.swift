/// An author's heading in the catalogue, such as `Tolstoy, Leo, graf, 1828-1910 [Translator]`, taken apart.
struct AuthorHeading: Equatable {
    /// The name without the years of birth and death.
    let name: String
    /// What the person did, where it was not writing: `Translator`.
    let role: String?

    init(_ heading: String) {
        var rest = heading[...]
        if rest.hasSuffix("]"), let bracket = rest.lastIndex(of: "[") {
            self.role = String(rest[rest.index(after: bracket)...].dropLast())
            rest = rest[..<bracket]
            while rest.last == " " { rest.removeLast() }
        } else {
            self.role = nil
        }
        // Years stand last, after a comma: `1775-1817`, `-1915`, `active 3rd century B.C.`. Nothing else that
        // follows the last comma has a digit in it.
        if let comma = rest.lastIndex(of: ","), rest[comma...].contains(where: \.isNumber) {
            rest = rest[..<comma]
        }
        self.name = String(rest)
    }
}
