import Larder
import Synchronization

/// Writes down what happens, in the order in which it happens.
final class HistoryRecorder: Sendable {
    private struct State {
        var calls: [HistoryCall] = []
        var last: Int64 = 0
        var lastValue = 0
        var outages: [HistoryOutage] = []
        var entriesAreLoseableFrom: Int64?
        /// When the calls to the store had failed that are outages of unknown end.
        var failedBy: [Int: Int64] = [:]
        /// Calls that have thrown and are not settled yet.
        var unsettled: [Int] = []
        /// What else there is to say of the history.
        var notes: History
    }

    private let seed: UInt64
    private let clock: CacheClock
    private let start: CacheInstant
    private let state: Mutex<State>

    init(seed: UInt64, clock: CacheClock) {
        self.state = Mutex(State(notes: History(seed: seed, calls: [])))
        self.seed = seed
        self.clock = clock
        self.start = clock.now
    }

    /// Where a fill is written down.
    struct FillPlace: Sendable {
        var call: Int
        var fill: Int
    }

    /// A moment later than all before: who has ended before another begins has the smaller one.
    ///
    /// It is drawn under the lock, so this order is the order in which things happened, on several threads as well. Where
    /// the clock has not moved on, it is a nanosecond later.
    private func moment(_ state: inout State) -> Int64 {
        state.last = max(self.start.duration(to: self.clock.now).wholeNanoseconds, state.last + 1)
        return state.last
    }

    func begin(
        _ operation: HistoryCall.Operation,
        process: Int,
        task: Int,
        _ describe: (inout HistoryCall) -> Void
    ) -> Int {
        self.state.withLock { state in
            let id = state.calls.count
            var call = HistoryCall(operation, history: self.seed, id: id, process: process, task: task, begin: 0)
            describe(&call)
            call.begin = self.moment(&state)
            state.calls.append(call)
            return id
        }
    }

    func end(_ id: Int, _ describe: (inout HistoryCall) -> Void) {
        self.state.withLock { state in
            state.calls[id].end = self.moment(&state)
            describe(&state.calls[id])
            if state.calls[id].error != nil { state.unsettled.append(id) }
        }
    }

    /// Draws the number of a value that nobody else has.
    func valueNumber() -> Int {
        self.state.withLock { state in
            state.lastValue += 1
            return state.lastValue
        }
    }

    func beginFill(of values: [String], by call: Int) -> FillPlace {
        self.state.withLock { state in
            let fill = HistoryFill(values: values, begin: self.moment(&state))
            state.calls[call].fills.append(fill)
            return FillPlace(call: call, fill: state.calls[call].fills.count - 1)
        }
    }

    /// The moment of now, and what the fill has to say about it.
    func note(_ place: FillPlace, _ describe: (inout HistoryFill, Int64) -> Void) {
        self.state.withLock { state in
            let moment = self.moment(&state)
            describe(&state.calls[place.call].fills[place.fill], moment)
        }
    }

    /// The moment of now.
    func moment() -> Int64 {
        self.state.withLock { self.moment(&$0) }
    }

    /// How many calls have begun.
    var callCount: Int { self.state.withLock { $0.calls.count } }

    // MARK: Outages

    /// Writes down that a call to the store has failed: it may take effect until somebody says otherwise.
    func storeFailed(since begin: Int64) {
        self.state.withLock { state in
            state.failedBy[state.outages.count] = self.moment(&state)
            state.outages.append(HistoryOutage(begin: begin, end: nil))
        }
    }

    func noteDisturbance() {
        self.note { $0.disturbances += 1 }
    }

    /// Writes down something that is not about a call.
    func note(_ describe: (inout History) -> Void) {
        self.state.withLock { describe(&$0.notes) }
    }

    /// Writes down an outage that ends now.
    func wasOut(since begin: Int64, losesEntries: Bool) {
        self.state.withLock { state in
            let end = self.moment(&state)
            state.outages.append(HistoryOutage(begin: begin, end: end, losesEntries: losesEntries))
        }
    }

    /// Writes down that from a moment on entries may be lost at any time.
    func canLoseEntries(from begin: Int64) {
        self.state.withLock { $0.entriesAreLoseableFrom = min($0.entriesAreLoseableFrom ?? .max, begin) }
    }

    /// Writes down that from now on nothing takes effect any more of calls that had ended by a moment.
    ///
    /// - Parameters:
    ///   - bound: The moment.
    ///   - isRestart: Whether the server has started anew, and the caches' client has seen it.
    func settle(endedBy bound: Int64, isRestart: Bool = false) {
        self.state.withLock { state in
            let moment = self.moment(&state)
            for id in state.unsettled where state.calls[id].end ?? .max <= bound { state.calls[id].settled = moment }
            state.unsettled.removeAll { state.calls[$0].settled != nil }
            for index in state.outages.indices where state.outages[index].end == nil {
                if state.failedBy[index] ?? .max <= bound { state.outages[index].end = moment }
            }
            if isRestart { state.notes.restart = moment }
        }
    }

    var history: History {
        self.state.withLock { state in
            var history = state.notes
            history.calls = state.calls
            history.outages = state.outages
            history.entriesAreLoseableFrom = state.entriesAreLoseableFrom
            return history
        }
    }
}
