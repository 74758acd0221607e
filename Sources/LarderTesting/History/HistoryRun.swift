public import Larder
import Logging
import Synchronization

/// Runs random histories.
///
/// Several tasks get, fetch, fetchMany, set, add, increment, remove, remove by pattern, invalidate, expire and clear the same few
/// keys through several `Cache` objects, with pauses wherever a call or a fill is suspended. What happened is checked by
/// ``HistoryChecker``:
///
/// ```swift
/// let history = try await HistoryRun.simulated(seed: 42) { clock, count in
///     let store = MyStore(clock: clock)
///     return Array(repeating: store, count: count)
/// }
/// #expect(HistoryChecker().violations(in: history).isEmpty)
/// ```
public enum HistoryRun: Sendable {
    /// Makes the stores that the caches of a history stand on, one for each: the same one, or several that share entries.
    public typealias Stores = @Sendable (_ clock: CacheClock, _ count: Int) async throws -> [any CacheStore]

    /// Runs a history in no real time on a ``SeededExecutor``: the same seed gives the same history.
    ///
    /// For stores in memory whose time is that of a clock.
    ///
    /// - Parameters:
    ///   - seed: What decides calls, pauses and order.
    ///   - options: How large and how wild.
    ///   - stores: Makes the stores, whose time is that of the clock.
    /// - Returns: What happened.
    /// - Throws: What `stores` throws; ``SeededExecutorError`` where the history does not end; `CacheError` where the options
    ///   contradict themselves.
    public static func simulated(
        seed: UInt64,
        _ options: HistoryOptions = HistoryOptions(),
        stores: @escaping Stores
    ) async throws -> History {
        let executor = SeededExecutor(seed: seed ^ 0x5EED)
        let clock = CacheClock(executor.clock)
        return try await executor.run {
            let time = HistoryTime(clock: clock) { await executor.turn() }
            let caches = try await stores(clock, options.caches)
            let recorder = HistoryRecorder(seed: seed, clock: clock)
            return try await Self.play(seed, options, caches, "history", time, recorder)
        }
    }

    /// Runs a history in real time: calls and pauses are the seed's, their order is the machine's.
    ///
    /// - Parameters:
    ///   - seed: What decides calls and pauses.
    ///   - options: How large and how wild; ``HistoryOptions/realTime`` suits.
    ///   - namespace: Where the entries live; nothing may be in it.
    ///   - stores: Makes the stores, on the system's clock.
    ///   - disturbance: Runs beside the history, to break what it stands on and to write down what that excuses; cancelled at the
    ///     history's end.
    /// - Returns: What happened.
    /// - Throws: What `stores` throws; what `disturbance` throws, but not `CancellationError`; `CacheError` where the options
    ///   contradict themselves.
    public static func live(
        seed: UInt64,
        _ options: HistoryOptions = .realTime,
        namespace: CacheNamespace,
        stores: @escaping Stores,
        disturbance: (@Sendable (HistoryControl) async throws -> Void)? = nil
    ) async throws -> History {
        let time = HistoryTime(clock: .system) { await Task.yield() }
        let caches = try await stores(.system, options.caches)
        let recorder = HistoryRecorder(seed: seed, clock: time.clock)
        guard let disturbance else {
            return try await Self.play(seed, options, caches, namespace, time, recorder)
        }
        let control = HistoryControl(seed: seed, recorder: recorder)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                // Whatever becomes of it, nobody waits for it any longer.
                defer { control.openGate() }
                do {
                    try await disturbance(control)
                } catch is CancellationError {
                } catch {
                    control.end()
                    throw error
                }
            }
            _ = try await Self.play(seed, options, caches, namespace, time, recorder, control.gate)
            group.cancelAll()
            try await group.waitForAll()
            // With what the disturbance has said at last.
            return recorder.history
        }
    }

    private static func play(
        _ seed: UInt64,
        _ options: HistoryOptions,
        _ stores: [any CacheStore],
        _ namespace: CacheNamespace,
        _ time: HistoryTime,
        _ recorder: HistoryRecorder,
        _ gate: HistoryGate? = nil
    ) async throws -> History {
        var random = SeededGenerator(seed: seed, 0xCAC4E)
        let policy = try Self.policy(&random, options)
        var quiet = Logger(label: "larder.history")
        quiet.handler = SwiftLogNoOpLogHandler()
        let circuitBreaker =
            options.circuitBreakers.count == 1
            ? options.circuitBreakers[0] : random.pick(options.circuitBreakers)
        let caches = stores.map { store in
            // Most caches are suspended at every call to the store; the others find hits at once, where the store can.
            let store = Self.wrap(store, pauses: random.happens(70), witness: gate == nil ? nil : recorder)
            return Cache(
                store,
                namespace: namespace,
                defaults: CacheDefaults(
                    ttl: nil,
                    fetchPolicy: policy,
                    freshness: options.freshness,
                    failurePolicy: .missing,
                    circuitBreaker: circuitBreaker
                ),
                clock: time.clock,
                logger: quiet
            )
        }
        let player = HistoryPlayer(
            seed: seed,
            options: options,
            policy: policy,
            caches: caches,
            recorder: recorder,
            time: time,
            gate: gate
        )
        await player.play()
        for cache in caches { await cache.shutdown() }
        return recorder.history
    }

    /// Two histories of three fill what is absent and nothing more; the third refreshes behind its callers and serves stale
    /// values.
    private static func policy(_ random: inout SeededGenerator, _ options: HistoryOptions) throws -> FetchPolicy {
        if random.happens(67) {
            return try FetchPolicy(
                hardTimeout: options.hardTimeout,
                leaseDuration: options.leaseDuration,
                scope: options.scope
            )
        }
        return try FetchPolicy(
            refreshAfter: .milliseconds(2),
            staleOnError: .milliseconds(10),
            softTimeout: .milliseconds(2),
            hardTimeout: options.hardTimeout,
            retryAfter: .milliseconds(4),
            leaseDuration: options.leaseDuration,
            scope: options.scope
        )
    }

    /// A store that pauses before and after each call, and whose failures are written down.
    private static func wrap(
        _ base: any CacheStore,
        pauses: Bool,
        witness recorder: HistoryRecorder?
    ) -> any CacheStore {
        guard pauses || recorder != nil else { return base }
        let store = FaultyStore(base)
        if pauses { store.intercept { _, _ in await HistoryPauses.current?.pause() } }
        if let recorder {
            let witness = FaultyStore.Witness(moment: { recorder.moment() }) { begin, error in
                // A call that was given up by its own task is one that others know of.
                if !(error is CancellationError) { recorder.storeFailed(since: begin) }
            }
            store.setWitness(witness)
        }
        return store
    }
}
