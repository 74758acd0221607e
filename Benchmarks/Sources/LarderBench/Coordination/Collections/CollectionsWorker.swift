import ArgumentParser
import Foundation
import Larder
import LarderRedis
import LarderRedisClient

/// `larder-bench collections-worker`: a process whose tasks add to counters, and which says in the end how often.
struct CollectionsWorker: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "collections-worker", shouldDisplay: false)

    /// What became of the additions of a process.
    struct Tally: Codable, Sendable {
        /// By counter: additions that returned.
        var done: [String: Int] = [:]
        /// By counter: additions that threw, so that nobody knows of them.
        var unknown: [String: Int] = [:]
        /// Sums that were returned twice to this process.
        var repeatedSums = 0

        mutating func add(_ other: Tally) {
            self.done.merge(other.done, uniquingKeysWith: +)
            self.unknown.merge(other.unknown, uniquingKeysWith: +)
            self.repeatedSums += other.repeatedSums
        }
    }

    @Option(help: "The server.")
    var url: String

    @Option(help: "How many tasks.")
    var tasks: Int

    @Option(help: "For how long they add.")
    var seconds: Double

    func run() async throws {
        let client = try RedisClient(url: self.url)
        let collections = Collections(.redis(client), namespace: CollectionsMeasurement.namespace)
        let end = ContinuousClock.now.advanced(by: .seconds(self.seconds))
        let results = try await withThrowingTaskGroup(of: (Tally, [String: [Int]]).self) { group in
            for task in 0..<self.tasks {
                group.addTask { try await Self.add(collections, task, until: end) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        var tally = Tally()
        var sums: [String: Set<Int>] = [:]
        for (part, partSums) in results {
            tally.add(part)
            for (name, values) in partSums {
                for value in values where !sums[name, default: []].insert(value).inserted { tally.repeatedSums += 1 }
            }
        }
        FileHandle.standardOutput.write(try JSONEncoder().encode(tally) + Data("\n".utf8))
        await client.shutdown()
    }

    /// Adds to counters of all kinds, alone and several at once.
    private static func add(
        _ collections: Collections,
        _ task: Int,
        until end: ContinuousClock.Instant
    ) async throws -> (Tally, [String: [Int]]) {
        let lifetime = CollectionLifetime.fixed(.days(1))
        let fixed = collections.counter("fixed", lifetime: lifetime)
        let sliding = collections.counter("sliding", lifetime: .sliding(.days(1)))
        var tally = Tally()
        var sums: [String: [Int]] = [:]
        func note(_ name: String, _ result: Result<Int, CacheError>) throws {
            switch result {
            case .success(let sum):
                tally.done[name, default: 0] += 1
                sums[name, default: []].append(sum)
            case .failure(let error):
                guard error.code == .unavailable else { throw error }
                tally.unknown[name, default: 0] += 1
            }
        }
        func attempt(_ counter: SharedCounter) async throws {
            do {
                try note(counter.name, .success(try await counter.increment()))
            } catch let error as CacheError {
                try note(counter.name, .failure(error))
            }
        }
        while ContinuousClock.now < end {
            try await attempt(fixed)
            try await attempt(sliding)
            for (name, result) in try await collections.incrementMany(["one": 1, "two": 1], lifetime: lifetime) {
                try note(name, result)
            }
        }
        return (tally, sums)
    }
}
