import Foundation

/// A day, from midnight to midnight in UTC: the same one for all processes, wherever they run.
struct CalendarDay: Hashable, Comparable, Codable, Sendable {
    /// How many days after the first of January 1970 it is.
    let number: Int

    private static let seconds = 86_400.0

    /// The day of a moment.
    init(_ moment: Date) {
        self.number = Int((moment.timeIntervalSince1970 / Self.seconds).rounded(.down))
    }

    private init(number: Int) {
        self.number = number
    }

    static func < (left: Self, right: Self) -> Bool { left.number < right.number }

    /// The last days up to this one, the earliest first.
    ///
    /// - Parameter count: How many, this one included.
    /// - Returns: The days.
    func last(_ count: Int) -> [Self] {
        (0..<count).reversed().map { Self(number: self.number - $0) }
    }

    /// The day as `2026-11-22`.
    var text: String {
        let midnight = Date(timeIntervalSince1970: Double(self.number) * Self.seconds)
        return midnight.formatted(.iso8601.year().month().day())
    }
}
