/// A token bucket, kept as the moment at which it is full again.
///
/// That one moment says all: a call moves it away by the time in which its tokens come back, and is allowed if the bucket
/// takes no longer to fill then than an empty one. It is the generic cell rate algorithm in its form as virtual scheduling
/// (ITU-T I.371, annex A), where the moment is the theoretical arrival time.
///
/// A token's time need not be a whole number of microseconds. So times are whole microseconds and a rest, counted in n-th
/// parts of one where n tokens come back in a whole number of microseconds: exact, and without drift.
package struct TokenBucket: Sendable, Hashable {
    /// A stretch of time, or a moment.
    package struct Time: Sendable, Hashable, Comparable {
        package var microseconds: Int64
        /// Less than the bucket's `parts`.
        package var parts: Int64

        package static func < (left: Self, right: Self) -> Bool {
            (left.microseconds, left.parts) < (right.microseconds, right.parts)
        }
    }

    /// How many tokens the bucket holds.
    package let burst: Int64

    /// In how many parts a microsecond is divided: so many tokens come back in `period`, which has no common divisor with it.
    package let parts: Int64

    /// The microseconds in which as many tokens come back as there are parts.
    let period: Int64

    /// What a full bucket takes to fill when it was emptied.
    package let fill: Time

    init(count: Int64, period: Int64, burst: Int64) {
        var (divisor, rest) = (count, period % count)
        while rest != 0 { (divisor, rest) = (rest, divisor % rest) }
        self.burst = burst
        self.parts = count / divisor
        self.period = period / divisor
        self.fill = Self.time(for: burst, parts: self.parts, period: self.period)
    }

    private static func time(for tokens: Int64, parts: Int64, period: Int64) -> Time {
        let (whole, rest) = period.quotientAndRemainder(dividingBy: parts)
        let (more, left) = (tokens * rest).quotientAndRemainder(dividingBy: parts)
        return Time(microseconds: tokens * whole + more, parts: left)
    }

    /// The time in which so many tokens come back.
    package func time(for tokens: Int64) -> Time {
        Self.time(for: tokens, parts: self.parts, period: self.period)
    }

    /// How long the bucket may have to fill, at most, for a call to be allowed; negative where it never is.
    package func room(for cost: Int64) -> Time {
        cost > self.burst ? Time(microseconds: -1, parts: 0) : self.time(for: self.burst - cost)
    }

    /// What is remembered, as it is at a moment.
    ///
    /// - Parameters:
    ///   - full: When the bucket is full again, as it was remembered.
    ///   - now: The moment.
    /// - Returns: When it is full again, now at the earliest, and whether the clock turned out to have gone back.
    func seen(_ full: Time?, at now: Int64) -> (full: Time, isMended: Bool) {
        let empty = Time(microseconds: now + self.fill.microseconds, parts: self.fill.parts)
        guard let full, full.microseconds >= now else { return (Time(microseconds: now, parts: 0), false) }
        // No bucket takes longer to fill than an empty one.
        return full > empty ? (empty, true) : (full, false)
    }

    func level(_ full: Time, at now: Int64) -> RateLimitLevel {
        RateLimitLevel(span: full.microseconds - now, amount: full.parts)
    }

    func charged(_ full: Time, _ cost: Int64) -> Time {
        let time = self.time(for: cost)
        var sum = Time(microseconds: full.microseconds + time.microseconds, parts: full.parts + time.parts)
        if sum.parts >= self.parts {
            sum.parts -= self.parts
            sum.microseconds += 1
        }
        return sum
    }

    func allows(_ cost: Int64, at level: RateLimitLevel) -> Bool {
        Time(microseconds: level.span, parts: level.amount) <= self.room(for: cost)
    }

    func isPossible(_ level: RateLimitLevel) -> Bool {
        level.amount < self.parts && Time(microseconds: level.span, parts: level.amount) <= self.fill
    }

    /// How many tokens are in the bucket, whole ones.
    func remaining(at level: RateLimitLevel) -> Int64 {
        // A token is worth `period` parts. In 128 bits: a year has too many parts for 64.
        var (high, low) = UInt64(level.span).multipliedFullWidth(by: UInt64(self.parts))
        let (sum, overflow) = low.addingReportingOverflow(UInt64(level.amount))
        low = sum
        if overflow { high += 1 }
        let (quotient, rest) = UInt64(self.period).dividingFullWidth((high, low))
        return max(0, self.burst - Int64(quotient) - (rest > 0 ? 1 : 0))
    }

    /// Microseconds until a call is allowed that the bucket can hold.
    func wait(for cost: Int64, at level: RateLimitLevel) -> Int64 {
        let room = self.room(for: cost)
        return max(0, level.span - room.microseconds + (level.amount > room.parts ? 1 : 0))
    }
}
