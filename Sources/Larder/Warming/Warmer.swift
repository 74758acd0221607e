public import Logging
public import ServiceLifecycle

/// Fills caches before anybody asks: at the start of a program, on a schedule, or when it is called.
///
/// ```swift
/// let warmer = Warmer([
///     .key(.frontPage, in: cache) { try await database.frontPage() },
///     .keys("shelves", in: cache, ttl: .hours(1)) {
///         try await database.shelfSlugs().map { .shelf($0) }
///     } fill: { key in
///         try await database.shelf(key)
///     },
/// ], WarmerOptions(concurrency: 8, schedule: .every(.seconds(600)))) { print("warming: \($0)") }
///
/// let report = try await warmer.warm()
/// ```
///
/// Only what is missing or about to expire is filled, each key once in the fleet, as every fetch does. What fails is
/// logged and counted, and does not stop the rest. In a `ServiceGroup` a warmer warms when it starts, and then as its schedule says;
/// ``waitUntilWarm()`` is what a readiness check waits for. <doc:Warming> tells more.
public final class Warmer: Sendable {
    let fills: [WarmingFill]
    let options: WarmerOptions
    let clock: CacheClock
    let logger: Logger
    let onProgress: (@Sendable (WarmingProgress) -> Void)?
    let passes = WarmingPasses()

    /// Makes a warmer, which does nothing yet.
    ///
    /// - Parameters:
    ///   - fills: What to warm, in this order.
    ///   - options: How to go about it.
    ///   - clock: What schedules and reports are timed by.
    ///   - logger: Where failures are reported.
    ///   - onProgress: Told how a pass goes: when its lists are made, from time to time, and at its end. It is called by the pass
    ///     itself, which waits for it.
    public init(
        _ fills: [WarmingFill],
        _ options: WarmerOptions = WarmerOptions(),
        clock: CacheClock = .system,
        logger: Logger = Logger(label: "larder.warming"),
        onProgress: (@Sendable (WarmingProgress) -> Void)? = nil
    ) {
        self.fills = fills
        self.options = options
        self.clock = clock
        self.logger = logger
        self.onProgress = onProgress
    }

    /// How far the pass under way has come, or how the last one ended.
    public var progress: WarmingProgress { self.passes.progress }

    /// The progress of all passes from now on: each element the newest when it is asked for.
    ///
    /// The sequence ends with the warmer's ``run()``, or when the task that iterates is cancelled.
    public var updates: AsyncStream<WarmingProgress> { self.passes.updates() }

    /// Warms what is to be warmed, and returns when that is done.
    ///
    /// While a pass is under way, the call waits for that instead of beginning another.
    ///
    /// - Returns: How it went.
    /// - Throws: ``CacheError`` with ``CacheError/Code/warmingStopped`` where more failed than
    ///   ``WarmerOptions/failureLimit`` allows; `CancellationError`.
    @discardableResult
    public func warm() async throws -> WarmingProgress {
        while true {
            switch try await self.passes.beginOrWait() {
            case .over(let result): return try result.get()
            case .interrupted: continue
            case .begun: break
            }
            do {
                var pass = WarmingPass(self)
                let progress = try await pass.run()
                self.passes.end(.over(.success(progress)))
                return progress
            } catch let error as CacheError {
                self.passes.end(.over(.failure(error)))
                throw error
            } catch {
                // Only this caller has left; others begin anew, where it was.
                self.passes.end(.interrupted)
                throw error
            }
        }
    }

    /// Waits until the first pass is through, whoever began it.
    ///
    /// - Throws: ``CacheError`` with ``CacheError/Code/warmingStopped`` where it stopped, with ``CacheError/Code/shutDown``
    ///   where ``run()`` ended before; `CancellationError`.
    public func waitUntilWarm() async throws {
        try await self.passes.waitForFirst()
    }
}

extension Warmer: Service {
    /// Warms at once and then as the schedule says, until the service group shuts down or the task is cancelled.
    ///
    /// - Throws: ``CacheError`` with ``CacheError/Code/warmingStopped`` where the first pass stops; later ones are only logged.
    public func run() async throws {
        defer { self.passes.close() }
        do {
            try await cancelWhenGracefulShutdown { try await self.warmOnSchedule() }
        } catch is CancellationError {
            // The end of the service, one way or the other.
        }
    }

    private func warmOnSchedule() async throws {
        try await self.warm()
        while let pause = self.options.schedule.pause(chance: .random(in: -1...1)) {
            try await self.clock.sleep(until: self.clock.now.advanced(by: pause))
            do {
                try await self.warm()
            } catch let error as CacheError {
                self.logger.error("A pass of warming has stopped", metadata: ["larder.error": "\(error)"])
            }
        }
        try await gracefulShutdown()
    }
}
