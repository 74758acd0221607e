/// How far a pass of a ``Warmer`` has come.
public struct WarmingProgress: Sendable, Hashable, CustomStringConvertible {
    /// How many things there are to be warmed; 0 until the lists are made.
    public internal(set) var total = 0

    /// How many were filled.
    public internal(set) var filled = 0

    /// How many were there, and as fresh as their policy wants them.
    public internal(set) var present = 0

    /// How many could not be filled.
    public internal(set) var failed = 0

    /// How many an earlier pass, which was interrupted, had been through; see ``WarmingCheckpoint``.
    public internal(set) var resumed = 0

    /// How long the pass has taken so far.
    public internal(set) var elapsed = Duration.zero

    /// Whether the pass has been through everything.
    public internal(set) var isFinished = false

    /// How many are done, one way or the other.
    public var done: Int { self.filled + self.present + self.failed + self.resumed }

    /// How many of them a second this pass has done so far; 0 at its beginning.
    public var perSecond: Double {
        let seconds = self.elapsed / .seconds(1)
        return seconds > 0 ? Double(self.done - self.resumed) / seconds : 0
    }

    /// The progress in one line, for people.
    public var description: String {
        var parts = ["\(self.done) of \(self.total)", "\(Int(self.perSecond.rounded()))/s"]
        if self.present > 0 { parts.append("\(self.present) were there") }
        if self.failed > 0 { parts.append("\(self.failed) failed") }
        if self.resumed > 0 { parts.append("\(self.resumed) done before") }
        return parts.joined(separator: ", ")
    }
}
