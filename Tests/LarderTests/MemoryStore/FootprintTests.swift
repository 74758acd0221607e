import Testing

@testable import Larder

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

@Suite struct FootprintTests {
    private struct Book: Codable, Sendable {
        var title: String
        var pages: [String]
        var year: Int?
        var next: [Book] = []
    }

    @Test func textAndBytesCountByTheirLength() {
        let text = String(repeating: "x", count: 10_000)
        #expect((10_000...10_064).contains(Footprint.bytes(of: text)))
        #expect((10_000...10_064).contains(Footprint.bytes(of: [UInt8](repeating: 0, count: 10_000))))
        #expect((10_000...10_064).contains(Footprint.bytes(of: Data(repeating: 0, count: 10_000))))
        #expect(Footprint.bytes(of: nil) == 0)
        #expect(Footprint.bytes(of: 42) == 8)
    }

    @Test func aValueCountsWithAllThatIsInIt() throws {
        let page = String(repeating: "x", count: 1_000)
        let inner = Book(title: "inner", pages: [page, page])
        let book = Book(title: "outer", pages: [page], year: 1_818, next: [inner, inner])
        let estimate = Footprint.bytes(of: book)
        let encoded = try JSONEncoder().encode(book).count
        #expect(estimate > 5_000)
        #expect(Double(estimate) < 1.5 * Double(encoded), "\(estimate) for \(encoded) bytes of JSON")
        let names = Footprint.bytes(of: ["key": page] as [String: String])
        #expect((1_003...1_100).contains(names))
    }

    @Test func aStoreKeepsToItsBytes() async throws {
        let cache = Cache(MemoryStore(limit: .bytes(100_000)))
        let value = String(repeating: "x", count: 1_000)
        for number in 0..<1_000 { try await cache.set(CacheKey<String>("key:\(number)"), to: value) }
        let count = try await cache.entryCount()
        #expect((40...90).contains(count), "\(count) entries")
        await expectError(.valueTooLarge) {
            try await cache.set("large", to: String(repeating: "x", count: 200_000))
        }
    }
}
