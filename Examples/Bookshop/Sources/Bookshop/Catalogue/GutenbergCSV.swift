import Foundation
import SwiftCSV

/// A line of Project Gutenberg's catalogue.
struct GutenbergRow: Sendable, Equatable {
    let id: Int
    let issued: String
    let title: String
    let language: String
    let authors: [String]
    let subjects: [String]
    let shelves: [String]
}

/// The catalogue as Project Gutenberg publishes it: CSV as in RFC 4180, with titles that span lines.
enum GutenbergCSV {
    /// Why a catalogue cannot be read.
    enum Failure: Error, CustomStringConvertible {
        case missingColumn(String)
        case notANumber(String, row: Int)
        case duplicate(Int)

        var description: String {
            switch self {
            case .missingColumn(let name): "the catalogue has no column \(name)"
            case .notANumber(let text, let row):
                "row \(row) of the catalogue has \(text.debugDescription) as its number"
            case .duplicate(let id): "the catalogue has book \(id) twice"
            }
        }
    }

    /// Reads a whole catalogue.
    static func parse(_ text: String) throws -> [GutenbergRow] {
        let csv = try EnumeratedCSV(string: text, delimiter: .comma, loadColumns: false)
        func column(_ name: String) throws -> Int {
            guard let index = csv.header.firstIndex(of: name) else { throw Failure.missingColumn(name) }
            return index
        }
        let id = try column("Text#")
        let issued = try column("Issued")
        let title = try column("Title")
        let language = try column("Language")
        let authors = try column("Authors")
        let subjects = try column("Subjects")
        let shelves = try column("Bookshelves")

        var seen: Set<Int> = []
        return try csv.rows.enumerated().map { index, row in
            guard let number = Int(row[id]) else { throw Failure.notANumber(row[id], row: index + 1) }
            guard seen.insert(number).inserted else { throw Failure.duplicate(number) }
            return GutenbergRow(
                id: number,
                issued: row[issued],
                title: row[title],
                language: row[language],
                authors: Self.list(row[authors]),
                subjects: Self.list(row[subjects]),
                shelves: Self.list(row[shelves])
            )
        }
    }

    /// Takes a `; `-separated list apart.
    ///
    /// The last book of the catalogue ends its shelves with a bare `;`, which would otherwise make a shelf called
    /// `Browsing: Literature;` with one book on it.
    static func list(_ field: String) -> [String] {
        field.components(separatedBy: "; ")
            .map { $0.trimmingCharacters(in: CharacterSet(charactersIn: "; ")) }
            .filter { !$0.isEmpty }
    }
}
