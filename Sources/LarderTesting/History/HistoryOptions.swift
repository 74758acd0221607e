public import Larder

/// How large and how wild a random history is.
public struct HistoryOptions: Sendable {
    /// How many caches stand on the store, each as if it were a process of its own.
    public var caches = 3

    /// How many tasks call at the same time; they share the caches evenly.
    public var tasks = 6

    /// How many calls all tasks make together; inner fetches and the last reads come on top.
    public var operations = 216

    /// How many keys there are.
    public var keys = 4

    /// How many counters there are.
    public var counters = 2

    /// How many tags there are; zero leaves tags out.
    public var tags = 3

    /// The most keys that one call names.
    public var mostKeysAtOnce = Int.max

    /// Whether calls that concern all keys (`clear`, patterns) are three in a thousand and not three in a hundred.
    public var wideRemovalsAreRare = false

    /// How long a task waits between two calls, on average; zero, not at all.
    public var rest = Duration.zero

    /// How long a pause may be.
    public var longestPause = Duration.milliseconds(2)

    /// How long a fill may take before it is cut off.
    ///
    /// A few fills take longer on purpose, unless this is more than a second.
    public var hardTimeout = Duration.milliseconds(60)

    /// How long a lease stands without a sign of life.
    public var leaseDuration = Duration.milliseconds(30)

    /// How far a fill is shared.
    public var scope = FetchPolicy.Scope.fleet

    /// Who may answer the caches' reads.
    ///
    /// Caches whose stores keep copies apart, as processes do, break promises with tracked reads.
    public var freshness = ReadFreshness.tracked

    /// The circuit breakers that a history's caches may have, one of which the seed picks; `nil` is none.
    public var circuitBreakers: [CircuitBreakerPolicy?] = [CircuitBreakerPolicy()]

    /// The usual size: three caches, six tasks, 216 calls on four keys and two counters under three tags.
    public init() {}

    /// The usual size, for a store in real time: timeouts and leases are so long that a busy machine does not break them.
    public static var realTime: Self {
        var options = Self()
        options.longestPause = .milliseconds(1)
        options.hardTimeout = .seconds(30)
        options.leaseDuration = .seconds(5)
        return options
    }

    /// The usual size, for a store in real time that is disturbed: leases end soon enough that one which was granted to nobody
    /// does not keep others waiting, and caches do with or without a circuit breaker.
    public static var disturbed: Self {
        var options = Self.realTime
        options.leaseDuration = .milliseconds(600)
        options.circuitBreakers = [
            nil, CircuitBreakerPolicy(failures: 3, firstPause: .milliseconds(5), longestPause: .milliseconds(20)),
        ]
        return options
    }

    /// A history as long as its disturbance, for stores on several servers: many tasks that call four times a second each, and
    /// so many keys that a checker is done with it in reasonable time.
    ///
    /// - Parameter tasks: How many tasks call.
    /// - Returns: The options.
    public static func deployed(tasks: Int) -> Self {
        var options = Self.disturbed
        options.caches = 4
        options.tasks = tasks
        options.operations = 1_000_000
        options.keys = 96
        options.counters = 16
        options.tags = 32
        options.mostKeysAtOnce = 6
        options.wideRemovalsAreRare = true
        options.rest = .milliseconds(250)
        // A call may wait for one that has lost its server, and what it may take is checked.
        options.hardTimeout = .seconds(4)
        return options
    }

    var keyNames: [String] { (0..<self.keys).map { "\($0.isMultiple(of: 2) ? "a" : "b"):\($0)" } }
    var counterNames: [String] { (0..<self.counters).map { "n:\($0)" } }
    var tagNames: [String] { (0..<self.tags).map { "t\($0)" } }
    var hasLongFills: Bool { self.hardTimeout <= .seconds(1) }
}
