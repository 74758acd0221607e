import Mustache

/// How text becomes part of a page.
///
/// swift-mustache 2.1.1 escapes character by character, so a quotation mark with a combining accent behind it, which
/// is one `Character`, passes as it is and ends the attribute that it stands in. This goes by Unicode scalars, as
/// browsers do.
struct ScalarHTML: MustacheContentType {
    /// What templates have in front, to be escaped like this.
    ///
    /// Partials do not inherit it, so every template needs it.
    static let pragma: String = {
        MustacheContentTypes.register(ScalarHTML(), named: "SCALAR_HTML")
        return "{{% CONTENT_TYPE: SCALAR_HTML}}\n"
    }()

    func escapeText(_ text: String) -> String {
        var escaped = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "<": escaped.append(contentsOf: "&lt;".unicodeScalars)
            case ">": escaped.append(contentsOf: "&gt;".unicodeScalars)
            case "&": escaped.append(contentsOf: "&amp;".unicodeScalars)
            case "\"": escaped.append(contentsOf: "&quot;".unicodeScalars)
            case "'": escaped.append(contentsOf: "&#39;".unicodeScalars)
            default: escaped.append(scalar)
            }
        }
        return String(escaped)
    }
}
