/// How the parts of a key are spelled where there are no capitals to tell words apart, or nothing else.
enum SettingSpelling {
    /// The words of a name in camel case, in small letters: `negativeTTL` has `negative` and `ttl`.
    ///
    /// A capital behind a small letter begins a word, as swift-configuration has it.
    static func words(in name: String) -> [String] {
        var words: [String] = []
        var word = ""
        var wasLower = false
        for character in name {
            if wasLower, character.isUppercase {
                words.append(word)
                word = ""
            }
            word += character.lowercased()
            wasLower = character.isLowercase
        }
        words.append(word)
        return words
    }

    /// A part of a variable's name: capitals, and underscores for all but letters and digits.
    static func variable(_ part: String) -> String {
        self.words(in: part).joined(separator: "_").uppercased().map { $0.isLetter || $0.isNumber ? String($0) : "_" }
            .joined()
    }

    /// A part of an argument's name: small letters, and dashes between words.
    static func argument(_ part: String) -> String {
        self.words(in: part).joined(separator: "-")
    }
}
