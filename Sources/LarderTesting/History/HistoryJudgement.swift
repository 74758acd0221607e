/// What is wrong with a history whose server may have started anew.
public struct HistoryJudgement: Sendable {
    /// Promises broken by what was acknowledged since the caches' client has seen the new server; without a restart, all.
    public var violations: [HistoryViolation] = []

    /// Promises broken by writes that Redis has acknowledged and lost, as its replication does.
    ///
    /// Where changes made in the history's ``History/losses`` may have taken effect or not, these are none.
    public var lostWrites: [HistoryViolation] = []

    /// Promises broken before that.
    public var before: [HistoryViolation] = []

    /// Promises that the old server had acknowledged, and that were seen broken after the restart: by the server, which has
    /// forgotten them.
    public var forgotten: [HistoryViolation] = []
}

extension HistoryChecker {
    /// All broken promises of a history, by what a restart of the server makes of them.
    ///
    /// - Parameter history: What happened.
    /// - Returns: The violations, the first to happen first.
    public func judgement(of history: History) -> HistoryJudgement {
        let all = self.violations(in: history)
        guard let restart = history.restart else { return self.judgement(of: history, all) }
        // The call that has seen it is the last to begin.
        let isLater = { (violation: HistoryViolation) in (violation.calls.last?.begin ?? 0) > restart }
        var judgement = HistoryJudgement()
        judgement.violations = self.violations(in: history.forgetting(before: restart)).filter(isLater)
        judgement.before = all.filter { !isLater($0) }
        let known = Set(judgement.violations.map(\.moment))
        judgement.forgotten = all.filter { isLater($0) && !known.contains($0.moment) }
        return judgement
    }

    private func judgement(of history: History, _ all: [HistoryViolation]) -> HistoryJudgement {
        guard !history.losses.isEmpty, !all.isEmpty else { return HistoryJudgement(violations: all) }
        var judgement = HistoryJudgement(violations: self.violations(in: history.forgettingLosses()))
        let unexplained = Set(judgement.violations.map(\.moment))
        judgement.lostWrites = all.filter { !unexplained.contains($0.moment) }
        return judgement
    }
}

extension History {
    /// The history as a server knows it that remembers part of what was acknowledged before a moment, and nobody knows which:
    /// changes that were made by then may have taken effect or not, but do so no later. (Of those under way at that moment
    /// nobody knows who has acknowledged them.)
    func forgetting(before moment: Int64) -> History {
        var history = self
        for index in history.calls.indices where history.calls[index].begin < moment {
            history.calls[index].forget(at: moment)
        }
        return history
    }

    /// The history as servers know it that have lost part of what they had acknowledged in some times, and nobody knows which.
    func forgettingLosses() -> History {
        var history = self
        for loss in self.losses {
            for index in history.calls.indices {
                let call = history.calls[index]
                if call.begin <= loss.end, call.end ?? .max >= loss.begin { history.calls[index].forget(at: loss.end) }
            }
            history.outages.append(HistoryOutage(begin: loss.begin, end: loss.end, losesEntries: true))
        }
        return history
    }
}

extension HistoryCall {
    /// Makes a change one that may have taken effect or not, but no later than at a moment, or at its end.
    fileprivate mutating func forget(at moment: Int64) {
        guard self.hasSucceeded, self.changesValues || self.operation == .increment, let end = self.end else { return }
        self.error = "forgotten"
        self.settled = max(moment, end)
    }
}
