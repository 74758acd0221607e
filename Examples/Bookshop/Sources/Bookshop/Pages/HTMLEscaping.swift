/// How text becomes part of a page.
enum HTML {
    /// Writes text so that a page shows it as it is, within an element or within a quoted attribute.
    ///
    /// It goes by Unicode scalars, as browsers do. A quotation mark with a combining accent behind it is one `Character`:
    /// whoever goes by these lets it pass, and it ends the attribute that it stands in.
    static func escaped(_ text: String) -> String {
        // Most texts have nothing to escape. The five are ASCII, so no other scalar has one of their bytes.
        guard text.utf8.contains(where: Self.hasMeaning) else { return text }
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

    private static func hasMeaning(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"), UInt8(ascii: "\""), UInt8(ascii: "'"): true
        default: false
        }
    }
}

/// Text that is HTML already, which a template shows as it is.
///
/// Whoever makes one vouches for it. Nothing that anybody has typed belongs in it, unless by way of ``HTML/escaped(_:)``.
struct Markup: Sendable {
    let html: String

    init(_ html: String) {
        self.html = html
    }
}
