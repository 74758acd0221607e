/// What is known of a set of servers, and when it is found out anew.
///
/// A plain value. However many lanes and calls want the primary or doubt that it still is one, there is one round of
/// questions at a time, and rounds that follow each other closely have pauses between them that grow, to 100 ms at most.
/// Rounds begin when something is doubted or wanted and not known; nobody asks servers that nobody needs.
///
/// `Waiter` is whoever waits for the primary, a promise in earnest and a name in tests.
struct DiscoveryStateMachine<Waiter> {
    typealias Address = RedisConfiguration.Address

    private enum Phase {
        /// Nobody is asked, nor will be.
        case resting
        /// A round will begin when its pause is over.
        case pausing
        case asking
        case closed(RedisError)
    }

    /// What to do next.
    enum Action: Equatable {
        case nothing
        /// Call `begins` with this number, after so many nanoseconds.
        case begin(round: Int, after: Int64)
    }

    enum Want {
        case found(ServerSet)
        case refused(RedisError)
        case waiting(Action)
    }

    /// What came of a round.
    struct Ending {
        /// Those who waited for it.
        var waiters: [Waiter] = []
        /// What they are told.
        var result: Result<ServerSet, RedisError>
        /// What was known before, if something is known now.
        var former: ServerSet?
        /// Whether open connections lead to a server that is no primary: it has said so, and no other one was found.
        var closesConnections = false
        var next = Action.nothing
    }

    /// Rounds further apart than this have nothing to do with each other.
    private static var calm: Int64 { 1_000_000_000 }
    private static var shortestPause: Int64 { 5_000_000 }
    private static var longestPause: Int64 { 100_000_000 }

    private var phase = Phase.resting
    private(set) var known: ServerSet?
    /// Whether lanes have to wait for the next round: nothing is known, or what is known was doubted.
    private(set) var isInDoubt = true
    /// Whether the server that connections lead to has said that it is no primary.
    private var isRefuted = false
    /// Why the last round found nothing, if it did not.
    private(set) var trouble: RedisError?
    private var waiters: [UInt64: Waiter] = [:]
    private var hint: Address?
    /// The number of the round that is under way or comes next; later ones make it void.
    private var round = 0
    /// How many rounds have begun since things were last calm.
    private var rounds = 0
    private var lastRound = MonotonicTime(nanoseconds: .min / 2)

    // MARK: Wanting and doubting

    /// Somebody wants to know the primary.
    mutating func want(_ id: UInt64, _ waiter: Waiter, at now: MonotonicTime, chance: Double) -> Want {
        if case .closed(let error) = self.phase { return .refused(error) }
        if let known, !self.isInDoubt { return .found(known) }
        self.waiters[id] = waiter
        return .waiting(self.beginsUnlessDue(at: now, chance: chance))
    }

    /// Somebody does not want to know any more.
    mutating func leave(_ id: UInt64) -> Waiter? {
        self.waiters.removeValue(forKey: id)
    }

    /// The primary did not answer as one, or could not be reached.
    ///
    /// - Parameters:
    ///   - address: Who could not be reached; nil where a server has answered that it is no primary.
    ///   - now: The time.
    ///   - chance: A random number from 0 to 1, for the pause.
    /// - Returns: What to do.
    mutating func doubt(_ address: Address?, at now: MonotonicTime, chance: Double) -> Action {
        if case .closed = self.phase { return .nothing }
        if let address, address != self.known?.primary { return .nothing }
        self.isInDoubt = true
        if address == nil { self.isRefuted = true }
        return self.beginsUnlessDue(at: now, chance: chance)
    }

    /// A new primary was announced.
    ///
    /// - Returns: What to do: a round that was under way is void, for it asked before.
    mutating func announced(_ address: Address, at now: MonotonicTime) -> Action {
        if case .closed = self.phase { return .nothing }
        if address == self.known?.primary, !self.isInDoubt { return .nothing }
        self.hint = address
        self.isInDoubt = true
        return self.nextRound(after: 0)
    }

    /// It is time to look whether everything is as it was.
    mutating func check(at now: MonotonicTime, chance: Double) -> Action {
        if case .closed = self.phase { return .nothing }
        return self.beginsUnlessDue(at: now, chance: chance)
    }

    private mutating func beginsUnlessDue(at now: MonotonicTime, chance: Double) -> Action {
        guard case .resting = self.phase else { return .nothing }
        if self.lastRound.advanced(by: Self.calm) < now { self.rounds = 0 }
        return self.nextRound(after: self.pause(at: now, chance: chance))
    }

    private mutating func nextRound(after pause: Int64) -> Action {
        self.phase = .pausing
        self.round += 1
        return .begin(round: self.round, after: pause)
    }

    /// Twice as long each time, from the end of the last round, shortened by chance.
    private func pause(at now: MonotonicTime, chance: Double) -> Int64 {
        guard self.rounds > 0 else { return 0 }
        let longest = min(Self.shortestPause << Int64(min(self.rounds - 1, 10)), Self.longestPause)
        let pause = Int64(Double(longest) * (1 - chance / 2))
        return max(self.lastRound.advanced(by: pause).nanoseconds - now.nanoseconds, 0)
    }

    // MARK: Rounds

    /// A round's pause is over.
    ///
    /// - Returns: What to begin the survey with; nil if there is nothing to begin.
    mutating func begins(_ round: Int) -> (known: Address?, hint: Address?)? {
        guard case .pausing = self.phase, round == self.round else { return nil }
        self.phase = .asking
        self.rounds += 1
        defer { self.hint = nil }
        return (self.known?.primary, self.hint)
    }

    /// Whether answers to this round's questions still count.
    func isAsking(_ round: Int) -> Bool {
        if case .asking = self.phase { round == self.round } else { false }
    }

    /// A round is over.
    ///
    /// - Returns: What follows; nil if the round was void.
    mutating func ended(
        _ round: Int,
        _ outcome: SurveyStep.Outcome,
        at now: MonotonicTime,
        chance: Double
    ) -> Ending? {
        guard self.isAsking(round) else { return nil }
        self.phase = .resting
        self.lastRound = now
        switch outcome {
        case .found(let set):
            var ending = Ending(result: .success(set), former: self.known)
            self.known = set
            self.isInDoubt = false
            self.isRefuted = false
            self.trouble = nil
            ending.waiters = self.takeWaiters()
            return ending
        case .failed(let error, let isFinal):
            self.trouble = error
            var ending = Ending(result: .failure(error))
            ending.closesConnections = self.isRefuted && !isFinal
            self.isRefuted = false
            if isFinal {
                ending.waiters = self.takeWaiters()
            } else if !self.waiters.isEmpty {
                // They wait as long as they can: the next primary may be elected any moment.
                ending.next = self.beginsUnlessDue(at: now, chance: chance)
            }
            return ending
        }
    }

    private mutating func takeWaiters() -> [Waiter] {
        defer { self.waiters = [:] }
        return self.waiters.sorted { $0.key < $1.key }.map(\.value)
    }

    /// Nobody is asked any more.
    ///
    /// - Returns: Those who still waited.
    mutating func close(_ error: RedisError) -> [Waiter] {
        if case .closed = self.phase { return [] }
        self.phase = .closed(error)
        return self.takeWaiters()
    }

    /// Whether the end has come.
    var isClosed: Bool { if case .closed = self.phase { true } else { false } }
}
