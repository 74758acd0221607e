import Testing

// What the API's answers look like to a client, written down apart from the code that makes them.

struct ShelvesAnswer: Decodable {
    struct Shelf: Decodable, Equatable {
        let slug: String
        let name: String
        let books: Int
    }
    let shelves: [Shelf]
}

struct ListedBook: Decodable {
    let id: Int
    let title: String
    let authors: [String]
}

struct TopAnswer: Decodable {
    let shelf: ShelvesAnswer.Shelf
    let books: [ListedBook]
}

struct PageAnswer: Decodable {
    let books: [ListedBook]
    let page: Int
    let pages: Int
    let hasNext: Bool
    let hasPrevious: Bool
}

struct BookAnswer: Decodable {
    let id: Int
    let title: String
    let authors: [String]
    let language: String
    let issued: String
    let shelves: [String]
    let subjects: [String]
}

struct SearchAnswer: Decodable {
    let books: [ListedBook]
}

struct StatisticsAnswer: Decodable {
    let caches: [String: CacheAnswer]
    let topology: TopologyAnswer?

    var books: CacheAnswer { get throws { try #require(self.caches["books"]) } }

    /// A number of all caches together.
    func sum(_ number: KeyPath<CacheAnswer, Int>) -> Int { self.caches.values.map { $0[keyPath: number] }.reduce(0, +) }
}

struct CacheAnswer: Decodable {
    struct Catalogue: Decodable {
        let reads: Int
        let passedBy: Int
        let transactions: Int
        let invalidations: Int
        let changesByOthers: Int
        let untold: Int
    }

    let hits: Int
    let misses: Int
    let stale: Int
    let unavailable: Int
    let fills: Int
    let refreshes: Int
    let failedFills: Int
    let staleServes: Int
    let hitRatio: Double
    let entries: Int?
    let store: String
    let nearCache: NearCacheAnswer?
    let catalogue: Catalogue?
}

struct TopologyAnswer: Decodable {
    struct Node: Decodable {
        let address: String
        let role: String
        let isConnected: Bool
        let slots: Int?
        let roundTrip: Double?
    }

    let kind: String
    let primaryName: String?
    let nodes: [Node]

    func addresses(_ role: String) -> [String] { self.nodes.filter { $0.role == role }.map(\.address) }
}

struct NearCacheAnswer: Decodable {
    struct PushLatency: Decodable {
        let last: Double
        let median: Double
        let percentile99: Double
    }

    let hits: Int
    let misses: Int
    let hitRatio: Double
    let entries: Int
    let limit: Int
    let invalidations: Int
    let isCovered: Bool
    let trouble: String?
    let timesEmptied: Int
    let lastEmptied: String?
    let pushLatency: PushLatency?
}

struct ExplanationAnswer: Decodable {
    struct Tier: Decodable {
        let tier: String
        let state: String
        let why: String
        let tag: String?
        let age: Double?
        let timeLeft: Double?
        let grace: Double?
        let size: Int?
        let codec: String?
        let fillCost: Double?
        let tags: [String]
        let holder: Holder?
    }

    struct Holder: Decodable {
        let lease: String
        let timeLeft: Double
    }

    let key: String
    let version: Int
    let waiters: Int?
    let tiers: [Tier]
}

struct LeaderboardAnswer: Decodable {
    struct Row: Decodable {
        let rank: Int
        let views: Int
        let book: ListedBook
    }

    let period: String
    let books: [Row]
}

struct AnalyticsAnswer: Decodable {
    struct Day: Decodable, Equatable {
        let day: String
        let visitors: Int
        let pages: Int
        let bookViews: Int
        let searches: Int
        let limitedSearches: Int
        let apiCalls: Int
    }

    let days: [Day]
    let skipped: Int
}
