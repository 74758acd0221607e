/// What is remembered of a subject by one limit.
package enum RateLimitState: Sendable {
    case unused
    case tokenBucket(TokenBucket.Time)
    case fixedWindow(FixedWindow.Tally)
    case slidingWindow(ChargeLog)
}

extension RateLimitState {
    fileprivate var full: TokenBucket.Time? { if case .tokenBucket(let full) = self { full } else { nil } }
    fileprivate var tally: FixedWindow.Tally? { if case .fixedWindow(let tally) = self { tally } else { nil } }
    fileprivate var log: ChargeLog? { if case .slidingWindow(let log) = self { log } else { nil } }
}

extension RateLimitTerms {
    /// What is remembered, as it is at a moment.
    ///
    /// - Returns: The state to decide by, and whether it has to be kept whatever is decided, because the clock has gone back.
    fileprivate func seen(_ state: RateLimitState, at now: Int64) -> (state: RateLimitState, isMended: Bool) {
        switch self {
        case .tokenBucket(let bucket):
            let (full, isMended) = bucket.seen(state.full, at: now)
            return (.tokenBucket(full), isMended)
        case .fixedWindow(let window):
            let (tally, isMended) = window.seen(state.tally, at: now)
            return (.fixedWindow(tally), isMended)
        case .slidingWindow(let window):
            let (log, isMended) = window.seen(state.log, at: now)
            return (.slidingWindow(log), isMended)
        }
    }

    /// How far a state, as it is seen at the moment, uses the limit up.
    fileprivate func level(_ state: RateLimitState, at now: Int64, cost: Int64) -> RateLimitLevel {
        switch (self, state) {
        case (.tokenBucket(let bucket), .tokenBucket(let full)): bucket.level(full, at: now)
        case (.fixedWindow(let window), .fixedWindow(let tally)): window.level(tally, at: now)
        case (.slidingWindow(let window), .slidingWindow(let log)): window.level(log, at: now, cost: cost)
        default: RateLimitLevel(span: 0, amount: 0)
        }
    }

    /// Charges a state, as it is seen at the moment.
    fileprivate func charge(_ state: inout RateLimitState, _ cost: Int64, at now: Int64) {
        switch self {
        case .tokenBucket(let bucket):
            if let full = state.full { state = .tokenBucket(bucket.charged(full, cost)) }
        case .fixedWindow:
            if var tally = state.tally {
                tally.count += cost
                state = .fixedWindow(tally)
            }
        case .slidingWindow(let window):
            if var log = state.log {
                // Nobody else holds the log while it is changed, so its array is not copied.
                state = .unused
                window.charge(&log, cost, at: now)
                state = .slidingWindow(log)
            }
        }
    }
}

/// What is remembered of a subject by all limits of a limiter.
package struct RateLimitRecord: Sendable {
    private var first = RateLimitState.unused
    /// Apart, because most limiters have one limit, and an array for each subject is an allocation for each.
    private var others: [RateLimitState] = []

    /// What came of a call.
    package struct Outcome: Sendable {
        package var decision: RateLimitDecision
        /// Whether the record has changed.
        package var isChanged: Bool
        /// Microseconds until the record says nothing any more.
        package var span: Int64
    }

    package init() {}

    /// Decides about a call.
    ///
    /// - Parameters:
    ///   - cost: What it costs.
    ///   - now: The time, in microseconds.
    ///   - limits: The limits, the same ones each time.
    ///   - charges: Whether it is charged if it is allowed; else the record stays as it is.
    /// - Returns: The decision, and what became of the record.
    package mutating func decide(
        _ cost: Int64,
        at now: Int64,
        by limits: RateLimitSet,
        charges: Bool
    ) -> Outcome {
        if limits.terms.count > 1 { return self.decideAll(cost, at: now, by: limits, charges: charges) }
        let terms = limits.terms[0]
        var (state, isMended) = terms.seen(self.first, at: now)
        var level = terms.level(state, at: now, cost: cost)
        let isCharged = charges && terms.allows(cost, at: level)
        if isCharged {
            self.first = .unused
            terms.charge(&state, cost, at: now)
            level = terms.level(state, at: now, cost: 0)
        }
        let isChanged = isCharged || charges && isMended
        if isChanged { self.first = state }
        let status = terms.status(of: limits.limits[0], at: level, cost: cost, isCharged: isCharged)
        return Outcome(decision: RateLimitDecision(status), isChanged: isChanged, span: level.span)
    }

    private mutating func decideAll(
        _ cost: Int64,
        at now: Int64,
        by limits: RateLimitSet,
        charges: Bool
    ) -> Outcome {
        var states: [RateLimitState] = []
        var levels: [RateLimitLevel] = []
        var isChanged = false
        var isAllowed = true
        for (index, terms) in limits.terms.enumerated() {
            let remembered = index == 0 ? self.first : index <= self.others.count ? self.others[index - 1] : .unused
            let (state, isMended) = terms.seen(remembered, at: now)
            let level = terms.level(state, at: now, cost: cost)
            states.append(state)
            levels.append(level)
            if isMended { isChanged = charges }
            if !terms.allows(cost, at: level) { isAllowed = false }
        }
        let isCharged = charges && isAllowed
        if isCharged {
            isChanged = true
            self = RateLimitRecord()
            for (index, terms) in limits.terms.enumerated() {
                terms.charge(&states[index], cost, at: now)
                levels[index] = terms.level(states[index], at: now, cost: 0)
            }
        }
        if isChanged {
            self.first = states[0]
            self.others = Array(states.dropFirst())
        }
        let statuses = limits.limits.indices.map { index in
            limits.terms[index].status(
                of: limits.limits[index],
                at: levels[index],
                cost: cost,
                isCharged: isCharged
            )
        }
        return Outcome(
            decision: RateLimitDecision(statuses),
            isChanged: isChanged,
            span: levels.reduce(0) { max($0, $1.span) }
        )
    }
}
