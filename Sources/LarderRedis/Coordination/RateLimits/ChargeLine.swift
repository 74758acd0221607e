import DequeModule

/// Calls that wait to leave together, as one script.
///
/// A call that comes while nothing is under way leaves at once and alone. Others wait for a carrier: a task that takes all who wait, at
/// most ``mostCalls`` of them, sends them, and comes back for those who have come meanwhile. With several carriers the client works
/// for one batch while the server works for another.
///
/// A plain value without tasks: who holds it starts carriers where it says so.
struct ChargeLine<Call: Sendable>: Sendable {
    /// How many calls leave together at most: they hold others up at the server as long as they take.
    static var mostCalls: Int { 64 }

    /// How many scripts are under way when calls begin to wait for one of them to come back.
    static var mostUnderWay: Int { 4 }

    private var waiting: Deque<Call> = []
    /// Scripts under way, and carriers on their way to a batch.
    private(set) var underWay = 0
    /// Whether a carrier is on its way to its first batch: whoever comes until then leaves with it.
    private var isCarrierComing = false
    /// How many batches have left.
    private(set) var departures: UInt64 = 0
    private var isWatched = false

    /// Whether nobody waits and nothing is under way, nor will be.
    var isIdle: Bool { self.underWay == 0 && self.waiting.isEmpty && !self.isWatched }

    /// What whoever holds the line has to start.
    struct Orders: Sendable, Equatable {
        var carrier = false
        var watch = false
    }

    // MARK: Calls

    /// Lets a call leave alone, if nothing is under way.
    ///
    /// - Returns: Whether it leaves; then ``cameBackAlone()`` has to follow.
    mutating func leaveAlone() -> Bool {
        guard self.underWay == 0 else { return false }
        self.underWay = 1
        return true
    }

    /// The call that has left alone is answered.
    mutating func cameBackAlone() -> Orders {
        self.underWay -= 1
        return self.orders()
    }

    /// Lets a call wait.
    mutating func enter(_ call: Call) -> Orders {
        self.waiting.append(call)
        return self.orders()
    }

    private mutating func orders() -> Orders {
        var orders = Orders()
        guard !self.waiting.isEmpty, !self.isCarrierComing else { return orders }
        if self.underWay < Self.mostUnderWay {
            self.underWay += 1
            self.isCarrierComing = true
            orders.carrier = true
        } else if !self.isWatched {
            self.isWatched = true
            orders.watch = true
        }
        return orders
    }

    // MARK: Carriers

    /// The next batch of a carrier that has just begun.
    mutating func board() -> [Call] {
        self.isCarrierComing = false
        return self.next()
    }

    /// The next batch of a carrier that has come back; empty if nobody waits.
    mutating func next() -> [Call] {
        let count = min(self.waiting.count, Self.mostCalls)
        guard count > 0 else { return [] }
        let batch = Array(self.waiting.prefix(count))
        self.waiting.removeFirst(count)
        self.departures &+= 1
        return batch
    }

    /// Ends a carrier, unless somebody waits.
    ///
    /// - Returns: Whether it ends.
    mutating func end() -> Bool {
        guard self.waiting.isEmpty else { return false }
        self.underWay -= 1
        return true
    }

    // MARK: Servers that do not answer

    /// What the watch does, that looks after those who wait from time to time.
    enum Finding: Sendable, Equatable {
        /// Nobody waits: there is nothing to watch any more.
        case nobody
        case fine
        /// Nobody has left since the watch looked last: one more carrier is to be started.
        case stuck
    }

    /// Looks whether calls still leave.
    ///
    /// - Parameter departures: ``departures`` when the watch looked last.
    /// - Returns: What it found.
    mutating func watch(since departures: UInt64) -> Finding {
        if self.waiting.isEmpty {
            self.isWatched = false
            return .nobody
        }
        guard self.departures == departures, !self.isCarrierComing else { return .fine }
        self.underWay += 1
        self.isCarrierComing = true
        return .stuck
    }
}
