import HTTPTypes

extension HTTPFields {
    /// Says that the answer depends on the cookie (RFC 9110, section 12.5.5).
    mutating func varyOnCookie() {
        let members = self[values: .vary].flatMap { $0.split(separator: ",") }
            .map { $0.filter { $0 != " " && $0 != "\t" }.lowercased() }
        if members.contains("cookie") || members.contains("*") { return }
        self.append(HTTPField(name: .vary, value: "Cookie"))
    }

    /// Sets a cookie that is one browser's, and keeps the answer out of all caches that others share.
    mutating func setPrivateCookie(_ field: String) {
        self.append(HTTPField(name: .setCookie, value: field))
        self.keepPrivate()
    }

    /// Keeps the answer out of all caches that others share.
    mutating func keepPrivate() {
        // These speak to shared caches alone, and such caches heed nothing else then (RFC 9213, section 2.2).
        self.removeAll { field in
            let name = field.name.canonicalName
            return name == "surrogate-control" || name.hasSuffix("-cache-control")
        }
        // A date by itself lets caches store as well.
        let directives = self[values: .cacheControl].flatMap { Self.directives($0) }
        let names = directives.map { Self.name($0) }
        // `must-understand` lifts `no-store` (RFC 9111, section 5.2.2.3).
        if names.contains("no-store"), !names.contains("must-understand") { return }
        let others = ["public", "s-maxage", "private", "proxy-revalidate", "must-understand"]
        let kept = directives.filter { !others.contains(Self.name($0)) }
        let rest = kept.isEmpty ? ["no-cache"] : kept
        self[.cacheControl] = (["private"] + rest).joined(separator: ", ")
    }

    /// The members of a list, split at commas outside of quoted text.
    private static func directives(_ line: String) -> [String] {
        var directives: [String] = []
        var directive = ""
        var (isQuoted, isEscaped) = (false, false)
        for character in line {
            if isEscaped {
                isEscaped = false
            } else if isQuoted, character == "\\" {
                isEscaped = true
            } else if character == "\"" {
                isQuoted.toggle()
            } else if character == ",", !isQuoted {
                directives.append(directive)
                directive = ""
                continue
            }
            directive.append(character)
        }
        directives.append(directive)
        return directives.map { Self.trimmed($0) }.filter { !$0.isEmpty }
    }

    private static func trimmed(_ text: String) -> String {
        let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        return String(text.drop(while: isSpace).reversed().drop(while: isSpace).reversed())
    }

    private static func name(_ directive: String) -> String {
        directive.prefix { $0 != "=" && $0 != " " }.lowercased()
    }
}
