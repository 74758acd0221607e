import Foundation

/// What an account is called.
struct AccountName: Sendable, Equatable {
    static let longest = 40

    /// The name as its owner has written it, in Unicode's compatibility form.
    let shown: String
    /// What names have in common that are one name: those that differ only in case, in any script.
    let folded: String

    /// Checks a name that somebody has typed; `nil` for what is none.
    ///
    /// - Parameter text: What was typed; spaces around it do not count.
    init?(_ text: String) {
        // Nothing is done with a text that is much too long.
        guard text.utf8.count <= 8 * Self.longest else { return nil }
        let name = text.trimmingCharacters(in: .whitespaces).precomposedStringWithCompatibilityMapping
        guard (1...Self.longest).contains(name.count), name.utf8.count <= 4 * Self.longest,
            name.unicodeScalars.allSatisfy({
                CharacterSet.alphanumerics.contains($0) || " .-_".unicodeScalars.contains($0)
            })
        else { return nil }
        self.shown = name
        self.folded = Self.folded(name)
    }

    /// A name without its case.
    ///
    /// Upper case first, which makes one of `ς` and `σ`, and of `ß` and `ss`.
    static func folded(_ name: String) -> String {
        name.precomposedStringWithCompatibilityMapping.uppercased().lowercased()
            .precomposedStringWithCompatibilityMapping
    }
}
