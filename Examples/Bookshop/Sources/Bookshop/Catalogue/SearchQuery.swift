import Foundation

/// What a visitor is looking for.
struct SearchQuery: Sendable, Equatable {
    /// The longest text that is searched for.
    static let longest = 200
    /// The most words that are searched for; the rest of a longer text is ignored.
    static let mostTerms = 12

    /// The words, in lower case.
    let terms: [String]

    /// Takes a text apart into words, where the full-text index does.
    ///
    /// - Returns: `nil` for a text that is blank or too long.
    init?(_ text: String) {
        guard text.utf8.count <= Self.longest, text.contains(where: { !$0.isWhitespace }) else { return nil }
        self.terms =
            text.lowercased()
            .unicodeScalars.split { !CharacterSet.alphanumerics.contains($0) }
            .prefix(Self.mostTerms)
            .map { String($0) }
    }

    /// The query in FTS5's language: every word, or a word that begins with it, must be there.
    ///
    /// The quotation marks keep `AND`, `OR`, `NOT` and `NEAR` what the visitor meant, namely words. There is nothing
    /// to escape inside them, since the terms consist of letters, digits and marks alone.
    ///
    /// - Returns: `nil` if there is no word to look for.
    var matchExpression: String? {
        guard !self.terms.isEmpty else { return nil }
        return self.terms.map { "\"\($0)\"*" }.joined(separator: " ")
    }
}
