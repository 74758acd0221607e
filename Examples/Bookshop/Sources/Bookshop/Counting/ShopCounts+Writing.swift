import Foundation
import Larder

extension ShopCounts {
    /// A write, and how much it counts.
    private struct Write: Sendable {
        let amount: Int
        /// Writes.
        ///
        /// - Returns: How much of the amount was not counted.
        let run: @Sendable () async throws -> Int

        init(_ amount: Int, _ body: @escaping @Sendable () async throws -> Void) {
            self.amount = amount
            self.run = {
                try await body()
                return 0
            }
        }

        init(some amount: Int, _ run: @escaping @Sendable () async throws -> Int) {
            self.amount = amount
            self.run = run
        }
    }

    /// Enough to fill a connection.
    private static let mostWritesAtOnce = 128

    /// Writes counts.
    ///
    /// The writes go out together, so on Redis they take about one round trip however many they are.
    ///
    /// - Parameters:
    ///   - counts: What is to be written.
    ///   - breaker: What the store is asked through.
    /// - Returns: How many counts are missing, because they were not written or nobody knows whether they were. They are not
    ///   tried again: an addition that may have been made must not be made twice.
    func write(_ counts: PendingCounts, through breaker: StoreBreaker) async -> Int {
        await withTaskGroup(of: Int.self) { group in
            var missing = 0
            var running = 0
            for write in self.writes(counts) {
                if running == Self.mostWritesAtOnce, let missed = await group.next() {
                    running -= 1
                    missing += missed
                }
                running += 1
                group.addTask {
                    do {
                        return try await breaker.ask(write.run) ?? write.amount
                    } catch {
                        // Cancelled.
                        return write.amount
                    }
                }
            }
            for await missed in group { missing += missed }
            return missing
        }
    }

    private func writes(_ counts: PendingCounts) -> [Write] {
        var writes: [Write] = []
        if !counts.events.isEmpty {
            writes.append(Write(some: counts.events.values.reduce(0, +)) { try await self.add(counts.events) })
        }
        for (day, visitors) in counts.visitors {
            writes.append(Write(visitors.count) { try await self.visitors(on: day).add(contentsOf: visitors) })
        }
        var views: [Int: Int] = [:]
        for (key, number) in counts.views {
            views[key.book, default: 0] += number
            writes.append(
                Write(number) { try await self.views(on: key.day).increment(key.book, by: Double(number)) }
            )
        }
        for (book, number) in views {
            writes.append(Write(number) { try await self.views().increment(book, by: Double(number)) })
        }
        return writes
    }

    /// Adds to the counters of days.
    ///
    /// - Returns: How much was not added.
    private func add(_ events: [PendingCounts.DayEvent: Int]) async throws -> Int {
        var deltas: [String: Int] = [:]
        for (key, number) in events { deltas[Self.counterName(key.event, on: key.day)] = number }
        var missed = 0
        var failure: CacheError?
        for (name, sum) in try await self.addToCounters(deltas) {
            guard case .failure(let error) = sum else { continue }
            missed += deltas[name] ?? 0
            failure = error
        }
        // In a cluster some of the counters may be where no server answers. If all of them are, the store is down.
        if let failure, missed == deltas.values.reduce(0, +) { throw failure }
        return missed
    }
}
