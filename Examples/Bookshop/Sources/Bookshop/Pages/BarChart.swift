import Foundation

/// A plot of a number for each of some days, as the template `bar-chart` draws it in SVG.
///
/// The server draws it, so it needs no script. Its colours are those of the style sheet; lengths are in the units of the
/// drawing, which is as wide as its place on the page.
struct BarChart: Sendable {
    struct Bar: Sendable {
        let x: String
        let y: String
        let width: String
        let height: String
        /// What is said of the bar to who points at it.
        let meaning: String
        let isToday: Bool
    }

    /// A line across the plot and the number that it stands for.
    struct Line: Sendable {
        let y: String
        let labelY: String
        let label: String
    }

    struct DayLabel: Sendable {
        let x: String
        let text: String
    }

    /// What distinguishes the chart from others on the page.
    let id: String
    let title: String
    /// The plot in words.
    let description: String
    let viewBox: String
    let left: String
    let right: String
    let labelX: String
    let dayLabelY: String
    let lines: [Line]
    let bars: [Bar]
    let days: [DayLabel]

    private static let width = 420.0
    private static let height = 180.0
    private static let top = 12.0
    private static let leftEdge = 48.0
    private static let rightEdge = width - 14
    private static let base = height - 28
    /// How much of its place a bar takes.
    private static let fullness = 0.72
    /// Each how many days one is named.
    private static let daysALabel = 4

    /// Draws a plot.
    ///
    /// - Parameters:
    ///   - id: What distinguishes it from others on the page, in letters.
    ///   - title: What is plotted.
    ///   - values: The numbers by day, the earliest day first; the last one is today.
    init(id: String, title: String, values: [(day: CalendarDay, value: Int)]) {
        let ceiling = Self.ceiling(above: values.map(\.value).max() ?? 0)
        func y(_ value: Int) -> Double {
            Self.base - (Self.base - Self.top) * Double(value) / Double(ceiling)
        }
        let place = (Self.rightEdge - Self.leftEdge) / Double(max(1, values.count))

        self.id = id
        self.title = title
        self.description = Self.description(values)
        self.viewBox = "0 0 \(Self.text(Self.width)) \(Self.text(Self.height))"
        self.left = Self.text(Self.leftEdge)
        self.right = Self.text(Self.rightEdge)
        self.labelX = Self.text(Self.leftEdge - 8)
        self.dayLabelY = Self.text(Self.height - 8)
        // An odd ceiling has no half.
        let marks = ceiling.isMultiple(of: 2) ? [0, ceiling / 2, ceiling] : [0, ceiling]
        self.lines = marks.map { mark in
            Line(y: Self.text(y(mark)), labelY: Self.text(y(mark) + 4), label: grouped(mark))
        }
        self.bars = values.enumerated().map { index, day in
            // Something is never drawn as nothing.
            let height = day.value > 0 ? max(1.5, Self.base - y(day.value)) : 0
            return Bar(
                x: Self.text(Self.leftEdge + place * (Double(index) + (1 - Self.fullness) / 2)),
                y: Self.text(Self.base - height),
                width: Self.text(place * Self.fullness),
                height: Self.text(height),
                meaning: "\(dayInWords(day.day.text)): \(grouped(day.value))",
                isToday: index == values.count - 1
            )
        }
        self.days = values.enumerated().compactMap { index, day in
            guard (values.count - 1 - index).isMultiple(of: Self.daysALabel) else { return nil }
            let x = Self.leftEdge + place * (Double(index) + 0.5)
            return DayLabel(x: Self.text(x), text: shortDay(day.day.text))
        }
    }

    /// The lowest round number that is not below another: 1, 2 or 5 with zeros, and at least 2.
    static func ceiling(above value: Int) -> Int {
        var unit = 1
        while true {
            for step in [1, 2, 5] {
                let (round, overflow) = unit.multipliedReportingOverflow(by: step)
                if overflow { return .max }
                if round >= max(2, value) { return round }
            }
            let (next, overflow) = unit.multipliedReportingOverflow(by: 10)
            if overflow { return .max }
            unit = next
        }
    }

    private static func description(_ values: [(day: CalendarDay, value: Int)]) -> String {
        let sum = values.reduce(0) { $0.addingReportingOverflow($1.value).partialValue }
        guard let most = values.max(by: { $0.value < $1.value }), most.value > 0, let today = values.last else {
            return "Nothing in the last \(values.count) days."
        }
        return """
            A bar for each of the last \(values.count) days: \(grouped(sum)) in all, \
            most on \(dayInWords(most.day.text)) with \(grouped(most.value)), today \(grouped(today.value)).
            """
    }

    /// A length with at most one decimal.
    private static func text(_ length: Double) -> String {
        let tenths = Int((length * 10).rounded())
        return tenths.isMultiple(of: 10) ? "\(tenths / 10)" : "\(tenths / 10).\(abs(tenths % 10))"
    }
}
