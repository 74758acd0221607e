/// How a ``Warmer`` goes about its work.
public struct WarmerOptions: Sendable {
    /// When a warmer that runs as a service warms again.
    public struct Schedule: Sendable, Hashable {
        let interval: Duration?
        let jitter: Double

        /// Once, at its start.
        public static let once = Schedule(interval: nil, jitter: 0)

        /// At its start, and again and again.
        ///
        /// - Parameters:
        ///   - interval: The time from the end of a pass to the beginning of the next; more than zero.
        ///   - jitter: By which part of it, at most, each interval is longer or shorter at random, from 0 to 1, so that processes
        ///     that started together do not warm together.
        /// - Returns: The schedule.
        public static func every(_ interval: Duration, jitter: Double = 0.1) -> Self {
            .init(interval: max(.milliseconds(1), interval), jitter: min(max(0, jitter), 1))
        }

        /// The pause before the next pass; `nil` where there is none.
        ///
        /// - Parameter chance: A random number from -1 to 1.
        /// - Returns: The pause.
        func pause(chance: Double) -> Duration? {
            self.interval.map { $0 * (1 + self.jitter * chance) }
        }
    }

    /// How many fills run at the same time.
    public var concurrency: Int

    /// When to warm again.
    public var schedule: Schedule

    /// How many may fail before a pass stops with an error; `nil`, as many as there are.
    public var failureLimit: Int?

    /// Where to note how far a pass has come; `nil`, nowhere.
    public var checkpoint: (any WarmingCheckpoint)?

    /// The time between two reports of progress, and between two notes.
    public var reportInterval: Duration

    /// Describes how to work.
    ///
    /// - Parameters:
    ///   - concurrency: How many fills run at the same time; at least one.
    ///   - schedule: When to warm again.
    ///   - failureLimit: How many may fail before a pass stops with an error; `nil`, as many as there are.
    ///   - checkpoint: Where to note how far a pass has come; `nil`, nowhere.
    ///   - reportInterval: The time between two reports of progress, and between two notes.
    public init(
        concurrency: Int = 4,
        schedule: Schedule = .once,
        failureLimit: Int? = nil,
        checkpoint: (any WarmingCheckpoint)? = nil,
        reportInterval: Duration = .seconds(1)
    ) {
        self.concurrency = max(1, concurrency)
        self.schedule = schedule
        self.failureLimit = failureLimit
        self.checkpoint = checkpoint
        self.reportInterval = reportInterval
    }
}
