import Foundation
import Larder
import LarderTesting

@testable import Bookshop

/// Where a shop keeps what it counts: what holds on one has to hold on the other.
enum ShopPlace: String, CaseIterable, Sendable {
    case memory
    case redis

    /// Opens a shop there, on a Redis of its own.
    ///
    /// - Parameters:
    ///   - searchLimits: How often anybody may search; tests ask more often than people do.
    ///   - now: What time it is.
    ///   - body: What to do in the shop.
    /// - Throws: As `TestShop.open`.
    func open(
        searchLimits: Settings.SearchLimits? = nil,
        now: @escaping @Sendable () -> Date = { Date() },
        _ body: @escaping @Sendable (TestShop) async throws -> Void
    ) async throws {
        switch self {
        case .memory:
            try await TestShop.open(searchLimits: searchLimits, now: now, body)
        case .redis:
            try await withRedisServer { server in
                // More patience than visitors have: tests run on busy machines.
                let url = server.url + "?socket_timeout=10"
                try await TestShop.open(redisURL: url, searchLimits: searchLimits, now: now, body)
            }
        }
    }
}
