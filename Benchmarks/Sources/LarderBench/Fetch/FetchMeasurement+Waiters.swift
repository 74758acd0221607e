import Larder

// What cancelled calls leave behind for others.
extension FetchMeasurement {
    private static let callCount = 100

    func waiters() async throws {
        for kind in self.stores {
            progress("cancelled waiters, store \(kind.rawValue)")
            try await self.withCache(on: kind) { cache in
                try await self.cancelAllButOne(kind, cache)
                try await self.cancelAll(kind, cache)
            }
        }
    }

    private func cancelAllButOne(_ kind: StoreKind, _ cache: Cache) async throws {
        var fills: [Int] = []
        var times: [Double] = []
        for run in 0..<self.runs {
            let crowd = try await Crowd(on: cache, CacheKey("one:\(run)"), calls: Self.callCount)
            let start = SystemTime.nanoseconds
            // The first is the one whose fill runs.
            crowd.cancel(Self.callCount - 1)
            for call in crowd.calls.dropLast() {
                guard case .failure(let error) = await call.result, error is CancellationError else {
                    throw Failure("a call was cancelled and returned something else")
                }
            }
            times.append(SystemTime.milliseconds(from: start, to: SystemTime.nanoseconds))
            crowd.open.note()
            guard try await crowd.calls.last?.value == Crowd.value else { throw Failure("a value got lost") }
            fills.append(crowd.fills.value)
        }
        var line = self.line(kind, cancelled: Self.callCount - 1)
        line.set("fills", fills.max() ?? 0)
        line.set("left_after_ms", median(times))
        line.print()
    }

    private func cancelAll(_ kind: StoreKind, _ cache: Cache) async throws {
        var stops: [Double] = []
        var starts: [Double] = []
        for run in 0..<self.runs {
            let key = CacheKey<Int>("all:\(run)")
            let crowd = try await Crowd(on: cache, key, calls: Self.callCount)
            let start = SystemTime.nanoseconds
            crowd.cancel(Self.callCount)
            for call in crowd.calls { _ = await call.result }
            let began = Moment()
            let value = try await cache.fetch(key) {
                began.note()
                return Crowd.value + 1
            }
            guard value == Crowd.value + 1, let began = began.value else {
                throw Failure("a fetch got the value of a fill that nobody wanted any more")
            }
            try await Self.wait(for: "the end of a cancelled fill") { crowd.stopped.value != nil }
            stops.append(SystemTime.milliseconds(from: start, to: crowd.stopped.value ?? 0))
            starts.append(SystemTime.milliseconds(from: start, to: began))
        }
        var line = self.line(kind, cancelled: Self.callCount)
        line.set("fill_cancelled_after_ms", median(stops))
        line.set("began_after_ms", median(starts))
        line.set("began_after_max_ms", starts.max() ?? .nan)
        line.print()
    }

    private func line(_ kind: StoreKind, cancelled: Int) -> BenchLine {
        var line = BenchLine("fetch.waiters")
        line.set("store", kind.rawValue)
        line.set("calls", Self.callCount)
        line.set("cancelled", cancelled)
        return line
    }
}

/// Calls that all wait for one fill, which waits until it is told to end.
private struct Crowd {
    static let value = 42

    let calls: [Task<Int, any Error>]
    let fills = Tally()
    /// Noted to let the fill end.
    let open = Moment()
    /// When the fill was cancelled.
    let stopped = Moment()

    /// Returns when all calls wait.
    init(on cache: Cache, _ key: CacheKey<Int>, calls count: Int) async throws {
        self.calls = (0..<count).map { [fills, open, stopped] _ in
            Task {
                try await cache.fetch(key) {
                    fills.add()
                    while open.value == nil {
                        do {
                            try await Task.sleep(for: .milliseconds(1))
                        } catch {
                            stopped.note()
                            throw error
                        }
                    }
                    return Self.value
                }
            }
        }
        do {
            try await FetchMeasurement.wait(for: "a crowd of \(count) calls") {
                try await cache.explain(key).waiters == count
            }
        } catch {
            self.cancel(count)
            throw error
        }
    }

    func cancel(_ count: Int) {
        for call in self.calls.prefix(count) { call.cancel() }
    }
}
