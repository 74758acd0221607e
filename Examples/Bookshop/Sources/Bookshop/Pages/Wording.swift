import Foundation

// How numbers, dates and names of the catalogue read on a page.

/// A number with commas between thousands.
func grouped(_ number: Int) -> String {
    let digits = String(number.magnitude)
    var text = ""
    for (index, digit) in digits.enumerated() {
        if index > 0, (digits.count - index).isMultiple(of: 3) { text.append(",") }
        text.append(digit)
    }
    return number < 0 ? "-" + text : text
}

/// A part of a whole, from 0 to 1, in per cent.
///
/// It is rounded down: 100 % would claim that there is no rest.
func percent(_ part: Double) -> String {
    let tenths = Int(part * 1_000)
    return "\(tenths / 10).\(tenths % 10) %"
}

/// A short time, as the box that explains keys writes it.
func shortTime(_ seconds: Double) -> String {
    switch seconds {
    case ..<0.001: "\(Int((seconds * 1e6).rounded())) µs"
    case ..<1: "\((seconds * 1e4).rounded() / 10) ms"
    default: "\((seconds * 10).rounded() / 10) s"
    }
}

/// A number of seconds that somebody has to wait, in words.
func inSeconds(_ seconds: Int) -> String {
    switch seconds {
    case 1: "a second"
    case ..<120: "\(seconds) seconds"
    default: "\((seconds + 59) / 60) minutes"
    }
}

/// A number of books, with the noun.
func countOfBooks(_ number: Int) -> String {
    number == 1 ? "1 book" : "\(grouped(number)) books"
}

/// A day such as `1998-06-01` in words; anything else as it is.
func dayInWords(_ day: String) -> String {
    dayAndMonth(day).map { "\($0.day) \($0.month) \($0.year)" } ?? day
}

/// A moment such as `1998-06-01T12:30:00Z` in words, to the minute; anything else as it is.
func momentInWords(_ moment: String) -> String {
    let parts = moment.split(separator: "T")
    guard parts.count == 2, let day = dayAndMonth(String(parts[0])) else { return moment }
    return "\(day.day) \(day.month) \(day.year), \(parts[1].prefix(5)) UTC"
}

/// A day such as `1998-06-01` in as little room as possible, which is without its year; anything else as it is.
func shortDay(_ day: String) -> String {
    dayAndMonth(day).map { "\($0.day) \($0.month.prefix(3))" } ?? day
}

private func dayAndMonth(_ day: String) -> (day: Int, month: String, year: Int)? {
    let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]
    let parts = day.split(separator: "-").compactMap { Int($0) }
    guard parts.count == 3, months.indices.contains(parts[1] - 1) else { return nil }
    return (parts[2], months[parts[1] - 1], parts[0])
}

/// The languages of codes such as `de; en`; a code that is not known stays as it is.
func languageNames(_ codes: String) -> String {
    let english = Locale(identifier: "en")
    return GutenbergCSV.list(codes)
        .map { english.localizedString(forLanguageCode: $0) ?? $0 }
        .joined(separator: ", ")
}

/// A title's first line, and the rest.
func headingAndSubtitle(_ title: String) -> (heading: String, subtitle: String?) {
    let lines = title.split(separator: "\n", maxSplits: 1)
    return (lines.first.map(String.init) ?? title, lines.count > 1 ? String(lines[1]) : nil)
}

/// The authors in one line: those who wrote, or else whoever took part, and no more than three.
func byline(_ headings: [String]) -> String? {
    let people = headings.map(AuthorHeading.init)
    let writers = people.filter { $0.role == nil }
    let shown = writers.isEmpty ? people : writers
    guard !shown.isEmpty else { return nil }
    let names = shown.prefix(3).map(\.name).joined(separator: "; ")
    return shown.count > 3 ? names + "; and others" : names
}

/// A path with a query, every value encoded.
func path(_ path: String, _ query: KeyValuePairs<String, String?>) -> String {
    var components = URLComponents()
    components.path = path
    let items = query.compactMap { name, value in value.map { URLQueryItem(name: name, value: $0) } }
    components.queryItems = items.isEmpty ? nil : items
    // A plus sign is legal in a query, but forms mean a space by it.
    components.percentEncodedQuery = components.percentEncodedQuery?.replacing("+", with: "%2B")
    return components.string ?? path
}

/// A shelf's name as people would say it.
struct ShelfLabel: Sendable {
    /// The two kinds of shelves that the catalogue has.
    enum Group: String, CaseIterable, Sendable {
        /// The broad ones, which nearly every book stands on.
        case subjects = "Shelves by subject"
        /// The narrow ones that volunteers put together.
        case bookshelves = "Bookshelves"
    }

    let text: String
    let group: Group

    init(_ name: String) {
        let prefix = "Browsing: "
        let suffix = "(Bookshelf)"
        if name.hasPrefix(prefix) {
            // Spaced out, because a browser breaks no line at a slash.
            self.text = String(name.dropFirst(prefix.count)).replacing("/", with: " / ").replacing(" - ", with: " – ")
            self.group = .subjects
        } else {
            self.text = name.hasSuffix(suffix) ? String(name.dropLast(suffix.count)) : name
            self.group = .bookshelves
        }
    }
}
