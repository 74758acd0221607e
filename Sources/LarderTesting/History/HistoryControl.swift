import Larder

/// What a disturbance has of the history that it disturbs: when it is its turn, and where to write down what it has done.
///
/// Calls to the store that fail are written down by themselves, as outages of unknown end. What a disturbance has to say is
/// what nobody else can know: that something was lost, and that what was sent before has been dealt with.
public final class HistoryControl: Sendable {
    /// The history's seed.
    public let seed: UInt64

    let gate = HistoryGate()
    private let recorder: HistoryRecorder

    init(seed: UInt64, recorder: HistoryRecorder) {
        self.seed = seed
        self.recorder = recorder
    }

    /// The moment of now, later than all that have been written down.
    public var now: Int64 { self.recorder.moment() }

    /// How many calls have begun.
    public var callCount: Int { self.recorder.callCount }

    /// Waits until so many calls have begun.
    ///
    /// - Parameter calls: How many.
    /// - Throws: `CancellationError` where the history ends before.
    public func reached(_ calls: Int) async throws {
        while self.recorder.callCount < calls { try await Task.sleep(for: .microseconds(200)) }
    }

    /// Lets only so many more calls begin until ``openGate()``; those under way go on.
    ///
    /// - Parameter calls: How many.
    public func narrowGate(to calls: Int) {
        self.gate.narrow(to: calls)
    }

    /// Lets all calls begin.
    public func openGate() {
        self.gate.open()
    }

    /// Counts a disturbance.
    public func noteDisturbance() {
        self.recorder.noteDisturbance()
    }

    /// Writes down that entries, leases or tags may have been lost, from a moment until now.
    ///
    /// - Parameter begin: The moment.
    public func lostEntries(since begin: Int64) {
        self.recorder.wasOut(since: begin, losesEntries: true)
    }

    /// Writes down that from a moment on entries may be lost at any time, and nothing else: their store gives up what a server
    /// holds when it meets it again, which is with a call of its own.
    ///
    /// - Parameter begin: The moment.
    public func canLoseEntries(from begin: Int64) {
        self.recorder.canLoseEntries(from: begin)
    }

    /// Writes down that nothing takes effect any more of calls that had ended by a moment.
    ///
    /// Such is the case where every connection on which they can have sent something is closed, and where the server has
    /// answered on another connection after it had to look at all of them.
    ///
    /// - Parameter bound: The moment.
    public func settle(endedBy bound: Int64) {
        self.recorder.settle(endedBy: bound)
    }

    /// Writes down that the server has been replaced by one that may have forgotten what was acknowledged, and that the caches'
    /// client has seen it.
    ///
    /// - Parameters:
    ///   - begin: When the old one was still there for the last time.
    ///   - bound: A moment at which it was gone: nothing that had ended by then takes effect any more.
    public func restarted(since begin: Int64, endedBy bound: Int64) {
        self.recorder.wasOut(since: begin, losesEntries: true)
        self.recorder.settle(endedBy: bound, isRestart: true)
    }

    // MARK: Deployments

    /// Ends the history: no more calls begin, those under way go on, and every key is looked at once more.
    public func end() {
        self.gate.close()
    }

    /// Writes down that servers may have lost what they had acknowledged to calls that overlap with a time.
    ///
    /// - Parameter loss: The time.
    public func lostWrites(_ loss: HistoryLoss) {
        self.recorder.note { $0.losses.append(loss) }
    }

    /// Writes down what has happened to servers.
    ///
    /// - Parameter incident: What has.
    public func note(_ incident: HistoryIncident) {
        self.recorder.note { $0.incidents.append(incident) }
    }

    /// What has been written down so far.
    var soFar: History { self.recorder.history }

    /// Writes down that the machine has let nobody go on.
    ///
    /// - Parameter duration: For how long, until now.
    public func noteStall(of duration: Duration) {
        let end = self.now
        self.recorder.note { $0.stalls.append(HistoryStall(begin: end - duration.wholeNanoseconds, end: end)) }
    }
}
