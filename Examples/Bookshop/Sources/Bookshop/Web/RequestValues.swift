import Foundation
import HTTPTypes
import Hummingbird

// What a request asks for, checked. Whatever is wrong with it leaves as a 400 that says so.

/// The part of a URL after the question mark, or the body of a form.
struct QueryItems: Sendable {
    private let values: [String: String]

    /// Reads the query as forms send it, with `+` for a space.
    ///
    /// Of a name that is given twice, the first counts.
    init(_ request: Request) throws {
        try self.init(form: request.uri.query ?? "")
    }

    /// Reads what a form sends, in the address or in the body (`application/x-www-form-urlencoded`).
    init(form: String) throws {
        var values: [String: String] = [:]
        for pair in form.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = try Self.decode(parts[0])
            let value = parts.count > 1 ? try Self.decode(parts[1]) : ""
            if values[name] == nil { values[name] = value }
        }
        self.values = values
    }

    subscript(name: String) -> String? { self.values[name] }

    /// Whether a query is written in the one way in which the shop's own links write it.
    ///
    /// - Parameters:
    ///   - query: The query.
    ///   - names: The arguments that it may have, each once, with values that need no escaping; no number of a page begins with zero.
    /// - Returns: Whether it is.
    static func isPlain(_ query: String, _ names: Set<String>) -> Bool {
        var names = names
        return query.split(separator: "&").allSatisfy { pair in
            let parts = pair.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, names.remove(String(parts[0])) != nil else { return false }
            if parts[0] == "page", parts[1].first == "0" { return false }
            return parts[1].utf8.allSatisfy { $0 != UInt8(ascii: "%") && $0 != UInt8(ascii: "+") }
        }
    }

    private static func decode(_ text: Substring) throws -> String {
        guard let decoded = text.replacing("+", with: " ").removingPercentEncoding else {
            throw HTTPError(.badRequest, message: "The query is not valid percent-encoded UTF-8.")
        }
        return decoded
    }
}

extension QueryItems {
    /// The largest page number that is looked up.
    private static let largestPage = 1_000_000

    /// The page that is asked for; the first where none is.
    func page() throws -> Int {
        guard let text = self["page"] else { return 1 }
        guard let page = positiveInteger(text), page <= Self.largestPage else {
            throw HTTPError(.badRequest, message: "\"page\" must be a whole number from 1 on.")
        }
        return page
    }

    /// The most books that a ranking shows.
    private static let longestRanking = 100

    /// How many books a ranking is to show; ten where nothing is said.
    func limit() throws -> Int {
        guard let text = self["limit"] else { return 10 }
        guard let limit = positiveInteger(text), limit <= Self.longestRanking else {
            throw HTTPError(.badRequest, message: "\"limit\" must be a whole number from 1 to \(Self.longestRanking).")
        }
        return limit
    }

    /// Over which time a ranking counts; all of it where nothing is said.
    func period() throws -> ViewPeriod {
        guard let text = self["period"] else { return .all }
        guard let period = ViewPeriod(rawValue: text) else {
            let names = ViewPeriod.allCases.map(\.rawValue).joined(separator: " or ")
            throw HTTPError(.badRequest, message: "\"period\" must be \(names).")
        }
        return period
    }

    /// The shelf to which the answer is to be limited.
    ///
    /// An empty one means none, as forms send it.
    func shelf() throws -> String? {
        guard let slug = self["shelf"], !slug.isEmpty else { return nil }
        guard Slug.isWellFormed(slug) else { throw unknownShelf() }
        return slug
    }

    /// What to search for.
    func search() throws -> SearchQuery {
        guard let query = SearchQuery(self["q"] ?? "") else {
            throw HTTPError(
                .badRequest,
                message: "\"q\" must be there, with what to look for, in at most \(SearchQuery.longest) bytes."
            )
        }
        return query
    }
}

extension ShopContext {
    /// The number of the book in the path.
    func bookID() throws -> Int {
        guard let id = positiveInteger(self.parameters.get("id") ?? "") else {
            throw HTTPError(.badRequest, message: "A book's id is a whole number from 1 on.")
        }
        return id
    }

    /// The slug of the shelf in the path.
    func shelfSlug() throws -> String {
        guard let slug = self.parameters.get("slug"), Slug.isWellFormed(slug) else { throw unknownShelf() }
        return slug
    }
}

/// A number of ASCII digits alone: not `+5`, not `5.0`, and nothing that does not fit.
private func positiveInteger(_ text: String) -> Int? {
    guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let number = Int(text),
        number >= 1
    else { return nil }
    return number
}

/// The answer to a text that cannot be a shelf's slug; it is not looked up, let alone cached.
private func unknownShelf() -> HTTPError {
    HTTPError(.notFound, message: "There is no such shelf.")
}

extension Request {
    /// Reads a JSON body.
    ///
    /// - Parameters:
    ///   - type: What the body is to be.
    ///   - expected: The same for people, such as `{"title": "..."}`.
    /// - Returns: The body.
    /// - Throws: `HTTPError` for a body of another form, `NIOTooManyBytesError` for one that is too large.
    func json<Value: Decodable>(as type: Value.Type, expected: String) async throws -> Value {
        let body = try await self.body.collect(upTo: ShopContext.largestBody)
        do {
            return try JSONDecoder().decode(type, from: Data(body.readableBytesView))
        } catch {
            throw HTTPError(.badRequest, message: "The body must be JSON of the form \(expected).")
        }
    }
}
