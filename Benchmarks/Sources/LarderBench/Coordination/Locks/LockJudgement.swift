/// What the records of all processes together say of the promises of locks.
struct LockJudgement {
    /// Sections that held their lock to the end.
    private(set) var sections = 0
    /// Sections that overlap another one.
    private(set) var overlaps = 0
    /// Grants that came after a grant of a larger token, or with the same one.
    private(set) var tokensNotGrown = 0
    private(set) var grants = 0
    /// Fenced writes that were refused.
    private(set) var refusedWrites = 0
    /// Fenced writes that were accepted after one with a larger token.
    private(set) var staleWrites = 0
    private(set) var lost = 0
    private(set) var failed = 0
    /// From the end of a section to the beginning of the next, in microseconds, sorted.
    private(set) var handovers: [Double] = []

    init(_ records: [LockRecord]) {
        var grants: [(token: Int64, sent: UInt64, received: UInt64)] = []
        var sections: [(began: UInt64, ended: UInt64)] = []
        var writes: [(token: Int64, sent: UInt64, received: UInt64)] = []
        for record in records {
            switch record {
            case .grant(let token, let sent, let received): grants.append((token, sent, received))
            case .section(_, let began, let ended): sections.append((began, ended))
            case .write(let token, let sent, let received, let isAccepted):
                if isAccepted { writes.append((token, sent, received)) } else { self.refusedWrites += 1 }
            case .lost: self.lost += 1
            case .failed: self.failed += 1
            }
        }
        self.judge(grants)
        self.judge(sections)
        self.judgeWrites(writes)
    }

    private mutating func judge(_ grants: [(token: Int64, sent: UInt64, received: UInt64)]) {
        // Who asked again for what it had been granted was told the same token.
        var latest: [Int64: (sent: UInt64, received: UInt64)] = [:]
        for grant in grants where latest[grant.token] == nil { latest[grant.token] = (grant.sent, grant.received) }
        self.grants = latest.count
        var lastSent: UInt64 = 0
        for (_, grant) in latest.sorted(by: { $0.key < $1.key }) {
            // A smaller token was asked for after this answer had come.
            if grant.received < lastSent { self.tokensNotGrown += 1 }
            lastSent = max(lastSent, grant.sent)
        }
    }

    private mutating func judge(_ sections: [(began: UInt64, ended: UInt64)]) {
        let sorted = sections.sorted { $0.began < $1.began }
        self.sections = sorted.count
        var end: UInt64 = 0
        for section in sorted {
            if section.began < end { self.overlaps += 1 }
            if end > 0, section.began >= end { self.handovers.append(Double(section.began - end) / 1_000) }
            end = max(end, section.ended)
        }
        self.handovers.sort()
    }

    private mutating func judgeWrites(_ writes: [(token: Int64, sent: UInt64, received: UInt64)]) {
        let bySent = writes.sorted { $0.sent < $1.sent }
        let byReceived = writes.sorted { $0.received < $1.received }
        var newest: Int64 = 0
        var index = 0
        for write in bySent {
            // What had been answered before this one was sent.
            while index < byReceived.count, byReceived[index].received < write.sent {
                newest = max(newest, byReceived[index].token)
                index += 1
            }
            if write.token < newest { self.staleWrites += 1 }
        }
    }

    /// Why the promises are broken; empty where they are kept.
    var faults: [String] {
        var faults: [String] = []
        if self.overlaps > 0 { faults.append("\(self.overlaps) sections overlap") }
        if self.tokensNotGrown > 0 { faults.append("\(self.tokensNotGrown) tokens have not grown") }
        if self.staleWrites > 0 { faults.append("\(self.staleWrites) stale writes were accepted") }
        return faults
    }
}
