// How soon another process fills after the one that did is gone.
extension FetchMeasurement {
    private static let leaseMilliseconds = 1_000

    private enum End: String, CaseIterable {
        case killed
        case cancelled
    }

    func leaders() async throws {
        guard self.stores.contains(.redis) else { return }
        for end in End.allCases {
            progress("a leader that is \(end.rawValue)")
            var delays: [Double] = []
            for run in 0..<self.runs { delays.append(try await self.successionDelay(end, run)) }
            var line = BenchLine("fetch.leader")
            line.set("store", "redis")
            line.set("how", end.rawValue)
            line.set("lease_ms", Self.leaseMilliseconds)
            line.set("began_after_ms", median(delays))
            line.set("began_after_max_ms", delays.max() ?? .nan)
            line.print()
        }
    }

    /// How many milliseconds after the end of the leader another process begins its fill.
    private func successionDelay(_ end: End, _ run: Int) async throws -> Double {
        var delay = Double.nan
        try await withRedisServerAndWorkers(2) { workers in
            let leader = workers[0]
            let follower = workers[1]
            let key = "leader:\(run)"
            try leader.send(.fill(key: key, leaseMilliseconds: Self.leaseMilliseconds, fillMilliseconds: 20_000))
            _ = try await leader.awaitEvent(atMost: .seconds(10), \.beginning)
            try follower.send(.fill(key: key, leaseMilliseconds: Self.leaseMilliseconds, fillMilliseconds: 0))
            try await follower.awaitEvent(atMost: .seconds(10)) { event -> Void? in
                if case .waiting = event { () } else { nil }
            }
            // Anywhere between two renewals, the next of which is in a third of the lease.
            try await Task.sleep(for: .milliseconds(100 + Self.leaseMilliseconds * run / self.runs / 3))
            let ended: UInt64
            switch end {
            case .killed:
                ended = SystemTime.nanoseconds
                leader.killAtOnce()
            case .cancelled:
                try leader.send(.cancel)
                ended = try await leader.awaitEvent(atMost: .seconds(10)) { event in
                    if case .cancelling(let moment) = event { moment } else { nil }
                }
            }
            let began = try await follower.awaitEvent(atMost: .seconds(20), \.beginning)
            delay = SystemTime.milliseconds(from: ended, to: began)
        }
        return delay
    }
}

extension WorkerEvent {
    /// When a fill began, of an event that says so.
    fileprivate var beginning: UInt64? {
        if case .began(let moment) = self { moment } else { nil }
    }
}
