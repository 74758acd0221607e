import Foundation

/// The parts of a URL that stand for names.
enum Slug {
    /// The longest slug there is; whatever is longer is not looked up.
    static let longest = 100

    /// Turns a name into lower-case ASCII letters, digits and single hyphens.
    ///
    /// The result depends on nothing but the name, so a shelf keeps its address when others come and go.
    static func make(from name: String) -> String {
        // Apostrophes vanish rather than part a word: `Children's` is `childrens`.
        let folded =
            name.replacing("'", with: "")
            .folding(options: [.diacriticInsensitive, .caseInsensitive, .widthInsensitive], locale: nil)
            .lowercased()
        let words = folded.split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
        return String(words.joined(separator: "-").prefix(Self.longest))
    }

    /// Whether the text could be a slug at all: what a visitor typed becomes part of a cache key only then.
    static func isWellFormed(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= Self.longest
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                    true
                default:
                    false
                }
            }
    }
}
