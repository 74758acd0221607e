import LarderRedisClient
import Synchronization
import Testing

/// 50 tasks that write without a pause while servers change their parts.
final class WriteLoad: Sendable {
    static let taskCount = 50

    struct Tally: CallTally {
        var replies = 0
        var errors: [RedisError.Code: Int] = [:]
        var otherErrors: [String] = []
        var slowest = Duration.zero
        var lateness = Duration.zero
        /// When the first write was answered that began after the client had met another primary.
        var firstOnSuccessor: ContinuousClock.Instant?

        /// The kinds of errors that were seen.
        var codes: Set<RedisError.Code> { Set(self.errors.keys) }
    }

    private let client: RedisClient
    private let tally = Mutex(Tally())
    private let isOver = Atomic<Bool>(false)

    private init(_ client: RedisClient) { self.client = client }

    /// Lets the tasks write while `trouble` is made, and until one of them has written to another primary.
    static func run<Value>(
        _ client: RedisClient,
        while trouble: () async throws -> Value
    ) async throws -> (Value, Tally) {
        let load = WriteLoad(client)
        let value = try await withThrowingTaskGroup(of: Void.self) { group in
            // Whatever is thrown here, the tasks end; else the group would wait for them for ever.
            defer { load.isOver.store(true, ordering: .relaxed) }
            group.addTask { await load.measureLateness() }
            for task in 0..<Self.taskCount { group.addTask { await load.write(task) } }
            #expect(try await eventually { load.tally.withLock { $0.replies >= Self.taskCount * 4 } })
            let value = try await trouble()
            let hasSuccessor = try await eventually { load.tally.withLock { $0.firstOnSuccessor != nil } }
            #expect(hasSuccessor, "nothing was written to another primary within 30 seconds")
            return value
        }
        return (value, load.tally.withLock { $0 })
    }

    private var goesOn: Bool { !self.isOver.load(ordering: .relaxed) && !Task.isCancelled }

    private func measureLateness() async {
        await watchLateness(while: { self.goesOn }) { lateness in
            self.tally.withLock { $0.lateness = max($0.lateness, lateness) }
        }
    }

    private func write(_ task: Int) async {
        let clock = ContinuousClock()
        let change = self.client.lastServerChange
        while self.goesOn {
            let start = clock.now
            let hasChanged = self.client.lastServerChange != change
            do {
                _ = try await self.client.send(RedisCommand("INCR", "task:\(task)"))
                let end = clock.now
                self.tally.withLock {
                    $0.noteReply(after: end - start)
                    if hasChanged, $0.firstOnSuccessor == nil { $0.firstOnSuccessor = end }
                }
            } catch {
                let duration = clock.now - start
                self.tally.withLock { $0.note(error, after: duration) }
                await Task.yield()
            }
        }
    }
}

extension WriteLoad.Tally {
    /// Checks what holds in every failover.
    ///
    /// - Parameters:
    ///   - codes: The errors that callers may see.
    ///   - moment: When there was another primary.
    ///   - what: Words for the line that is printed.
    func check(_ codes: Set<RedisError.Code>, _ moment: ContinuousClock.Instant, _ what: String) {
        #expect(self.otherErrors.isEmpty)
        #expect(self.codes.subtracting(codes).isEmpty, "\(self.errors)")
        #expect(self.slowest < .milliseconds(2_250) + self.lateness, "a call outlived its deadline")
        guard let first = self.firstOnSuccessor else { return }
        print("\(what): first write \(first - moment) after the election, slowest call \(self.slowest), \(self.errors)")
        #expect(first - moment < .seconds(2) + self.lateness)
    }
}
