public import HTTPTypes
public import Hummingbird
import LarderHTTP

/// Something in a request, beside its URI, by which a page differs.
///
/// What a handler names in `Vary` needs none. A variation says it before the handler runs, narrows it to what matters (one cookie
/// out of ten, one of three languages), and writes the `Vary` that caches beyond this one need.
public struct Variation: Sendable {
    let part: @Sendable (Request) -> ResponseKey.Part?
    /// What the answer's `Vary` has to name.
    let fields: [HTTPField.Name]

    /// By a field of the request, as it came.
    ///
    /// - Parameter name: The field.
    /// - Returns: The variation.
    public static func header(_ name: HTTPField.Name) -> Self {
        Self(fields: [name]) { request in
            let lines = request.headers[values: name]
            // Absent is not the same as empty.
            return lines.isEmpty ? nil : .init("header:" + name.canonicalName, lines.joined(separator: ","))
        }
    }

    /// By one cookie; the others do not matter.
    ///
    /// - Parameter name: The cookie.
    /// - Returns: The variation.
    public static func cookie(_ name: String) -> Self {
        Self(fields: [.cookie]) { request in
            request.cookies[name].map { .init("cookie:" + name, $0.value) }
        }
    }

    /// By the best of the languages that there are (RFC 4647, section 3.4): a page each, whatever lists browsers send.
    ///
    /// - Parameters:
    ///   - supported: The languages that pages come in, as tags such as `en` or `pt-BR`.
    ///   - fallback: That of requests which accept none of them.
    /// - Returns: The variation.
    public static func language(_ supported: [String], fallback: String) -> Self {
        Self(fields: [.acceptLanguage]) { request in
            let accepted = request.headers[values: .acceptLanguage].joined(separator: ",")
            return .init("language", LanguageChoice.best(of: supported, for: accepted) ?? fallback)
        }
    }

    /// By anything that a function reads out of a request: a tenant, a class of devices, a group of an experiment.
    ///
    /// - Parameters:
    ///   - name: What it is; two functions of one name must read the same.
    ///   - fields: The fields that the function looks at, for `Vary`.
    ///   - value: Reads it; `nil` is a value of its own.
    /// - Returns: The variation.
    public static func by(
        _ name: String,
        reading fields: [HTTPField.Name] = [],
        _ value: @escaping @Sendable (Request) -> String?
    ) -> Self {
        Self(fields: fields) { request in value(request).map { .init("by:" + name, $0) } }
    }

    private init(
        fields: [HTTPField.Name],
        _ part: @escaping @Sendable (Request) -> ResponseKey.Part?
    ) {
        self.part = part
        self.fields = fields
    }
}

/// Which of some languages a request prefers (RFC 9110, section 12.5.4; RFC 4647, section 3.4, lookup).
enum LanguageChoice {
    /// - Returns: The supported language of the range with the greatest weight; `nil` where none is accepted.
    static func best(of supported: [String], for accepted: String) -> String? {
        var ranges: [(range: String, weight: Double)] = []
        for member in accepted.split(separator: ",").prefix(64) {
            let pieces = member.split(separator: ";", omittingEmptySubsequences: false)
            guard let range = pieces.first?.trimmed, !range.isEmpty else { continue }
            let weight = pieces.dropFirst().lazy.compactMap { piece -> Double? in
                let text = piece.trimmed.lowercased()
                return text.hasPrefix("q=") ? Double(text.dropFirst(2)) : nil
            }.first
            ranges.append((range.lowercased(), min(1, max(0, weight ?? 1))))
        }
        // The order of the list breaks ties.
        let byWeight = ranges.filter { $0.weight > 0 }.enumerated().sorted {
            ($1.element.weight, $0.offset) < ($0.element.weight, $1.offset)
        }
        for (_, range) in byWeight {
            if range.range == "*" {
                return supported.first { language in
                    !ranges.contains { $0.weight == 0 && $0.range == language.lowercased() }
                }
            }
            var wanted = range.range[...]
            while true {
                if let match = supported.first(where: { $0.lowercased() == wanted }) { return match }
                // `zh-hant-tw` takes `zh-hant`, then `zh`.
                guard let dash = wanted.lastIndex(of: "-") else { break }
                wanted = wanted[..<dash]
            }
        }
        return nil
    }
}

extension Substring {
    fileprivate var trimmed: String {
        var text = self
        while text.first == " " || text.first == "\t" { text.removeFirst() }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return String(text)
    }
}
