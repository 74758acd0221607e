#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Values as Python's `str()` writes them, so that a fragment has the key that Django gives it.
///
/// What has no text of its own is refused: a value that prints the same for every user would show one user's fragment to all.
enum PythonText {
    /// A value of a type that has no text of its own.
    struct NoText: Error {
        let type: String
    }

    /// What `str()` says of a value.
    ///
    /// - Throws: ``NoText`` where the value, or one within it, has no text.
    static func text(of value: Any?) throws(NoText) -> String {
        guard let value = Self.unwrapped(value) else { return "None" }
        switch value {
        case let text as String: return text
        case let bool as Bool: return bool ? "True" : "False"
        case let integer as any BinaryInteger: return integer.description
        case let number as Double: return Self.text(of: number)
        case let number as Float: return Self.text(of: number)
        case let text as Substring: return String(text)
        case let id as UUID: return id.uuidString.lowercased()
        case let date as Date: return Self.text(of: date)
        case let raw as any RawRepresentable: return try Self.text(of: Self.rawValue(of: raw))
        case is Data: throw NoText(type: "Data")
        default: return try Self.textOfCompound(value)
        }
    }

    private static func textOfCompound(_ value: Any) throws(NoText) -> String {
        let mirror = Mirror(reflecting: value)
        switch mirror.displayStyle {
        case .collection:
            return "[\(try Self.literals(of: mirror.children.map(\.value)).joined(separator: ", "))]"
        case .set:
            // Python's order is as random as Swift's; a key needs one.
            return "{\(try Self.literals(of: mirror.children.map(\.value)).sorted().joined(separator: ", "))}"
        case .tuple:
            return "(\(try Self.literals(of: mirror.children.map(\.value)).joined(separator: ", ")))"
        case .dictionary:
            var pairs: [String] = []
            for child in mirror.children {
                let pair = Mirror(reflecting: child.value).children.map(\.value)
                pairs.append(try Self.literals(of: pair).joined(separator: ": "))
            }
            return "{\(pairs.sorted().joined(separator: ", "))}"
        case .enum where mirror.children.isEmpty && !(value is any CustomStringConvertible):
            return String(describing: value)
        default:
            guard let text = value as? any CustomStringConvertible else { throw NoText(type: "\(type(of: value))") }
            return text.description
        }
    }

    // MARK: Numbers

    /// Python keeps to decimals below 10¹⁶, Swift only as long as all whole numbers have a form.
    private static func text(of number: Double) -> String {
        let size = number.magnitude
        return size >= 0x1p53 && size < 1e16 ? "\(Int64(number)).0" : number.description
    }

    /// Python has no short floating-point numbers; the same digits are meant.
    private static func text(of number: Float) -> String {
        Double(number.description).map(Self.text(of:)) ?? number.description
    }

    // MARK: Dates

    /// A moment as an aware `datetime` in UTC: with microseconds where there are any.
    private static func text(of date: Date) -> String {
        // Python's own range is the years from 1 to 9999; outside of it, the seconds tell dates apart as well.
        let seconds = date.timeIntervalSince1970
        guard seconds >= -62_135_596_800, seconds < 253_402_300_800 else { return Self.text(of: seconds) }
        let microseconds = Int64((seconds * 1_000_000).rounded())
        let (day, rest) = Self.divided(microseconds, by: 86_400_000_000)
        let (second, fraction) = Self.divided(rest, by: 1_000_000)
        let (year, month, dayOfMonth) = Self.civilDate(daysSince1970: day)
        let clock = [second / 3_600, second / 60 % 60, second % 60].map { Self.padded($0, 2) }
        let calendar = [Self.padded(year, 4), Self.padded(month, 2), Self.padded(dayOfMonth, 2)]
        let decimals = fraction == 0 ? "" : "." + Self.padded(fraction, 6)
        return "\(calendar.joined(separator: "-")) \(clock.joined(separator: ":"))\(decimals)+00:00"
    }

    /// Division that rounds down, so that what is left is never negative.
    private static func divided(_ value: Int64, by divisor: Int64) -> (Int64, Int64) {
        let rest = (value % divisor + divisor) % divisor
        return ((value - rest) / divisor, rest)
    }

    /// The Gregorian date of a day, by counting in eras of 400 years that begin in March (Hinnant, "chrono-Compatible Low-Level
    /// Date Algorithms").
    private static func civilDate(daysSince1970 days: Int64) -> (Int64, Int64, Int64) {
        let (era, dayOfEra) = Self.divided(days + 719_468, by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * month + 2) / 5 + 1
        let isAfterNewYear = month >= 10
        return (yearOfEra + era * 400 + (isAfterNewYear ? 1 : 0), isAfterNewYear ? month - 9 : month + 3, day)
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    // MARK: Values within others

    private static func literals(of values: [Any]) throws(NoText) -> [String] {
        var literals: [String] = []
        for value in values { literals.append(try Self.literal(of: value)) }
        return literals
    }

    /// What `repr()` says of a value.
    private static func literal(of value: Any) throws(NoText) -> String {
        switch Self.unwrapped(value) {
        case let text as String: Self.quoted(text)
        case let text as Substring: Self.quoted(String(text))
        case let other: try Self.text(of: other)
        }
    }

    private static func quoted(_ text: String) -> String {
        let quote: Unicode.Scalar = text.contains("'") && !text.contains("\"") ? "\"" : "'"
        var literal = String.UnicodeScalarView([quote])
        for scalar in text.unicodeScalars {
            switch scalar {
            case quote, "\\": literal += [("\\" as Unicode.Scalar), scalar]
            case "\n": literal += "\\n".unicodeScalars
            case "\r": literal += "\\r".unicodeScalars
            case "\t": literal += "\\t".unicodeScalars
            case " ": literal.append(scalar)
            default:
                if Self.isPrintable(scalar) {
                    literal.append(scalar)
                } else {
                    literal += Self.escaped(scalar).unicodeScalars
                }
            }
        }
        literal.append(quote)
        return String(literal)
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
            .spaceSeparator:
            false
        default: true
        }
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16)
        let (letter, width) =
            if scalar.value < 0x100 { ("x", 2) } else if scalar.value < 0x1_0000 { ("u", 4) } else { ("U", 8) }
        return "\\\(letter)\(String(repeating: "0", count: width - digits.count))\(digits)"
    }

    // MARK: Looking through optionals

    /// The value within however many optionals; `nil` where one of them is empty.
    static func unwrapped(_ value: Any?) -> Any? {
        guard let value else { return nil }
        guard let optional = value as? any OptionalValue else { return value }
        return Self.unwrapped(optional.content)
    }

    private static func rawValue(of value: some RawRepresentable) -> Any { value.rawValue }
}

/// What `Optional` can do without anyone naming its wrapped type.
private protocol OptionalValue {
    var content: Any? { get }
}

extension Optional: OptionalValue {
    var content: Any? { self.map { $0 as Any } }
}
