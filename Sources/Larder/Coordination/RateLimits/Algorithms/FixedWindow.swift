/// A count that begins anew with each window of the clock.
package struct FixedWindow: Sendable, Hashable {
    /// What was charged in a window.
    package struct Tally: Sendable, Hashable {
        /// When the window ends, in microseconds.
        package var end: Int64
        package var count: Int64
    }

    /// How much may be charged in a window.
    package let count: Int64

    /// How long a window is, in microseconds.
    package let length: Int64

    /// What is remembered, as it is at a moment.
    ///
    /// - Parameters:
    ///   - tally: What is remembered.
    ///   - now: The moment.
    /// - Returns: The count of the window in which the moment lies, and whether the clock turned out to have gone back.
    func seen(_ tally: Tally?, at now: Int64) -> (tally: Tally, isMended: Bool) {
        let end = now - now % self.length + self.length
        guard let tally, tally.end > now else { return (Tally(end: end, count: 0), false) }
        // What was charged in a window to come counts in this one.
        return tally.end > end ? (Tally(end: end, count: tally.count), true) : (tally, false)
    }

    func level(_ tally: Tally, at now: Int64) -> RateLimitLevel {
        RateLimitLevel(span: tally.end - now, amount: tally.count)
    }
}
