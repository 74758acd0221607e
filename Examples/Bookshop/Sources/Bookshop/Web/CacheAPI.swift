import HTTPTypes
import Hummingbird
import Larder
import LarderHummingbird
import Logging

/// The caches, seen and emptied from outside.
struct CacheAPI: Sendable {
    /// A key of the cache `books`, for who asks for none.
    static let exampleKey = "catalogue~r~Bookshop.BookRow~i42"

    let shop: Storefront

    private var caches: ShopCaches { self.shop.caches }

    func addReading(to group: RouterGroup<ShopContext>) {
        group.get("stats") { request, context in
            try await self.shop.statistics().response(from: request, context: context)
        }
    }

    func addWriting(to group: RouterGroup<ShopContext>) {
        group.post("cache/invalidate") { request, context in
            let wanted = try await request.json(as: Invalidation.self, expected: Invalidation.expected)
            try wanted.check()
            try await self.ask(context) {
                if wanted.all == true {
                    try await self.caches.clear()
                } else {
                    try await self.caches.invalidate(keys: wanted.keys ?? [], tags: wanted.tags ?? [])
                    // Pages and their fragments fall with the tags of what is on them. Of a key nobody knows which ones it is on. The
                    // fragments first: a page that is made meanwhile must not bring an old one back.
                    if wanted.keys != nil {
                        try await self.caches.removeFragments()
                        try await self.shop.pages.purgeAll()
                    }
                }
            }
            return try Done(invalidated: true).response(from: request, context: context)
        }
        group.get("cache/explain") { request, context in
            let query = try QueryItems(request)
            guard let key = query["key"], !key.isEmpty else {
                throw HTTPError(.badRequest, message: "\"key\" must be there, such as \(Self.exampleKey).")
            }
            let cache = query["cache"] ?? "books"
            let names = self.caches.all.names
            guard names.contains(cache) else {
                throw HTTPError(.badRequest, message: "\"cache\" must be one of \(names.joined(separator: ", ")).")
            }
            let explanation = try await self.ask(context) { try await self.caches.explain(key: key, in: cache) }
            var response = try ExplanationBody(explanation).response(from: request, context: context)
            // It is true for this moment and for the administrator.
            response.headers[.cacheControl] = "no-store"
            return response
        }
    }

    /// Asks the cache for something, and says in HTTP's words what went wrong.
    private func ask<Result>(_ context: ShopContext, _ body: () async throws -> Result) async throws -> Result {
        do {
            return try await body()
        } catch let error as CacheError where error.code == .invalidKey || error.code == .invalidTag {
            throw HTTPError(.badRequest, message: "The cache refused that: \(error.message).")
        } catch {
            context.logger.error("the cache could not be asked", metadata: ["error": "\(error)"])
            throw HTTPError(
                .serviceUnavailable,
                headers: [.retryAfter: "5"],
                message: "The cache could not be reached. Please send the same again."
            )
        }
    }
}

extension ShopStatistics: ResponseEncodable {}

/// What is to be invalidated: keys, tags or both, or else everything.
private struct Invalidation: Decodable {
    /// The most keys that one call removes.
    private static let mostKeys = 1_000
    /// The most tags that one call invalidates.
    private static let mostTags = 100

    static let expected =
        "{\"keys\": [\"\(CacheAPI.exampleKey)\"], \"tags\": [\"catalogue/book#42\"]}, one of the two, or {\"all\": true}"

    let keys: [String]?
    let tags: [String]?
    let all: Bool?

    private struct Member: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: Member.self)
        // A misspelt "tags" beside good "keys" must not pass for done.
        let unknown = members.allKeys.first { !["keys", "tags", "all"].contains($0.stringValue) }
        if let unknown {
            throw DecodingError.dataCorruptedError(forKey: unknown, in: members, debugDescription: "unknown")
        }
        func value<Value: Decodable>(_ name: String, _ type: Value.Type) throws -> Value? {
            let member = Member(stringValue: name)
            return members.contains(member) ? try members.decode(type, forKey: member) : nil
        }
        self.keys = try value("keys", [String].self)
        self.tags = try value("tags", [String].self)
        self.all = try value("all", Bool.self)
    }

    /// Refuses what makes no sense, before any of it is done.
    func check() throws {
        switch (self.keys, self.tags, self.all) {
        case (nil, nil, true): return
        case (nil, nil, _), (_, _, .some):
            throw HTTPError(.badRequest, message: "Give \"keys\", \"tags\" or both, or else \"all\": true.")
        default: break
        }
        try Self.check(self.keys, "keys", most: Self.mostKeys)
        try Self.check(self.tags, "tags", most: Self.mostTags)
    }

    private static func check(_ names: [String]?, _ what: String, most: Int) throws {
        guard let names else { return }
        guard (1...most).contains(names.count) else {
            throw HTTPError(.badRequest, message: "\"\(what)\" must hold 1 to \(most) of them.")
        }
        for name in names
        where name.isEmpty || name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
            throw HTTPError(.badRequest, message: "None of the \"\(what)\" may be empty or have control characters.")
        }
    }
}

private struct Done: ResponseEncodable {
    let invalidated: Bool
}
