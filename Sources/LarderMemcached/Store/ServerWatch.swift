/// What one process knows of the servers of a namespace, and what it has to do about it before it goes on.
///
/// A plain value without I/O. A loss is noted together with the epoch under which the server was asked: when the roster shows another
/// one, somebody has already seen to it, after the call had begun that met with the loss.
///
/// ```
///             loss, failover: take out              answers, after the pause: let in
///   in ──────────────────────────────────▶ out ─────────────────────────────────────▶ in (another epoch)
///   in ── loss ──▶ suspect ── answers: let in ──▶ in (another epoch)
/// ```
struct ServerWatch: Sendable {
    /// What does not change.
    struct Rules: Sendable {
        /// The numbers of the servers, by place.
        var servers: [UInt64]
        /// The place of the server of the generations, which nobody stands in for.
        var home: Int
        /// Whether the keys of a lost server go to others.
        var failover: Bool
        /// How long a server stays out at least, in milliseconds.
        var pause: Int64
        /// How often one that is out is asked whether it answers, in nanoseconds.
        var probeInterval: Int64 = 500_000_000
    }

    /// What has to be done before entries are read or written.
    enum Step: Sendable, Hashable {
        /// Give the keys of the server at this place to others, if it still has this epoch.
        case takeOut(Int, epoch: UInt64)
        /// Give the server another epoch, under which it has its keys, if it answers and still has this one.
        case letIn(Int, epoch: UInt64)
        /// Ask it for an answer without waiting.
        case probe(Int)
    }

    let rules: Rules
    /// The roster as it was last read.
    private(set) var roster = ServerRoster()
    /// Lost servers, by place, each with the epoch under which it was asked.
    private var suspects: [Int: UInt64] = [:]
    /// Servers that are out and have been asked whether they answer.
    private var probes: [Int: Probe] = [:]
    /// Whether the roster was ever read.
    private(set) var hasRead = false

    private struct Probe: Sendable {
        /// When it was last asked.
        var moment: MonotonicTime
        /// How many answers it had given when it was first asked.
        var answers: UInt64
    }

    init(_ rules: Rules) {
        self.rules = rules
    }

    /// Whether all servers are as they ever were, as far as is known.
    var isCalm: Bool { self.suspects.isEmpty && self.roster.records.isEmpty }

    /// Notes that a server did not answer.
    mutating func lose(_ place: Int) {
        guard self.rules.servers.indices.contains(place) else { return }
        let server = self.rules.servers[place]
        // Nobody reads there any more.
        if self.roster.outSince(server) != nil { return }
        self.suspects[place] = self.roster.epoch(of: server)
    }

    /// Takes a roster that was read.
    mutating func take(_ roster: ServerRoster) {
        self.hasRead = true
        guard roster != self.roster else { return }
        self.roster = roster
        self.suspects = self.suspects.filter { roster.epoch(of: self.rules.servers[$0.key]) == $0.value }
        self.probes = self.probes.filter { roster.outSince(self.rules.servers[$0.key]) != nil }
    }

    /// Whether others have the keys of the server at a place.
    func isOut(_ place: Int) -> Bool { self.roster.outSince(self.rules.servers[place]) != nil }

    /// What has to be done first.
    ///
    /// - Parameters:
    ///   - places: The servers that are about to be asked for entries.
    ///   - now: The time, in milliseconds since 1970.
    ///   - moment: The time on the machine's own clock.
    ///   - answers: How many answers the server at a place has given.
    /// - Returns: The steps; whoever takes them asks again when they are done.
    mutating func steps(
        before places: Set<Int>,
        now: Int64,
        moment: MonotonicTime,
        answers: (Int) -> UInt64
    ) -> [Step] {
        if self.isCalm { return [] }
        var steps: [Step] = []
        for (place, epoch) in self.suspects.sorted(by: { $0.key < $1.key }) {
            if self.rules.failover, place != self.rules.home {
                steps.append(.takeOut(place, epoch: epoch))
            } else if places.contains(place) {
                steps.append(.letIn(place, epoch: epoch))
            }
        }
        for (place, server) in self.rules.servers.enumerated() {
            // A process whose clock is behind waits no longer than the pause.
            guard let since = self.roster.outSince(server), abs(now &- since) >= self.rules.pause else { continue }
            let given = answers(place)
            let probe = self.probes[place] ?? Probe(moment: moment, answers: given)
            if given != probe.answers {
                steps.append(.letIn(place, epoch: self.roster.epoch(of: server)))
                continue
            }
            if self.probes[place] != nil, moment < probe.moment.advanced(by: self.rules.probeInterval) { continue }
            self.probes[place] = Probe(moment: moment, answers: probe.answers)
            steps.append(.probe(place))
        }
        return steps
    }
}
