import Foundation

/// Hit ratios over cache sizes as a picture.
struct HitRatioPlot {
    struct Curve {
        var name: String
        /// Sizes, which ascend, and the hit ratio at each, between 0 and 1.
        var points: [(size: Double, ratio: Double)]
    }

    var title: String
    var subtitle: String
    var curves: [Curve] = []

    private static let width = 720.0
    private static let height = 440.0
    private static let left = 64.0
    private static let right = 24.0
    private static let top = 64.0
    private static let bottom = 60.0

    /// Told apart by people who do not see red or green, and in print by their dashes (Okabe and Ito, 2008); the last
    /// one is what the plot is about.
    private static let styles: [(colour: String, width: Double, dashes: String)] = [
        ("#0072B2", 1.8, "6 4"), ("#8A8A8A", 1.8, "2 3"), ("#E69F00", 1.8, "10 3 2 3"), ("#C2185B", 3.0, ""),
    ]

    var svg: String {
        var svg = """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Int(Self.width)) \(Int(Self.height))" \
            font-family="Helvetica, Arial, sans-serif" font-size="13">
            <rect width="100%" height="100%" fill="#FFFFFF"/>
            <text x="\(Self.left)" y="28" font-size="17" font-weight="bold" fill="#222222">\(Self.escaped(self.title))</text>
            <text x="\(Self.left)" y="48" fill="#555555">\(Self.escaped(self.subtitle))</text>

            """
        svg += self.axes
        for (index, curve) in self.curves.enumerated() {
            svg += self.path(curve, Self.styles[index % Self.styles.count])
        }
        return svg + self.legend + "</svg>\n"
    }

    // MARK: Scales

    private var sizes: ClosedRange<Double> {
        let all = self.curves.flatMap { $0.points.map(\.size) }
        return (all.min() ?? 1)...(all.max() ?? 10)
    }

    /// From the ten per cent below the lowest ratio to the ten above the highest.
    private var ratios: ClosedRange<Double> {
        let all = self.curves.flatMap { $0.points.map(\.ratio) }
        let low = ((all.min() ?? 0) * 10).rounded(.down) / 10
        let high = ((all.max() ?? 1) * 10).rounded(.up) / 10
        return low...max(high, low + 0.1)
    }

    private func x(_ size: Double) -> Double {
        let share = log(size / self.sizes.lowerBound) / log(self.sizes.upperBound / self.sizes.lowerBound)
        return Self.left + share * (Self.width - Self.left - Self.right)
    }

    private func y(_ ratio: Double) -> Double {
        let share = (ratio - self.ratios.lowerBound) / (self.ratios.upperBound - self.ratios.lowerBound)
        return Self.height - Self.bottom - share * (Self.height - Self.top - Self.bottom)
    }

    // MARK: Parts

    private var axes: String {
        var svg = ""
        for tenth in Int((self.ratios.lowerBound * 10).rounded())...Int((self.ratios.upperBound * 10).rounded()) {
            let y = self.y(Double(tenth) / 10)
            svg += Self.line(Self.left, y, Self.width - Self.right, y, "#E3E3E3")
            svg += Self.text("\(tenth * 10) %", Self.left - 8, y + 4.5, anchor: "end")
        }
        for size in self.sizeTicks {
            let x = self.x(size)
            svg += Self.line(x, Self.top, x, Self.height - Self.bottom, "#EEEEEE")
            svg += Self.text(Self.short(size), x, Self.height - Self.bottom + 20, anchor: "middle")
        }
        svg += Self.line(
            Self.left,
            Self.height - Self.bottom,
            Self.width - Self.right,
            Self.height - Self.bottom,
            "#777777"
        )
        svg += Self.line(Self.left, Self.top, Self.left, Self.height - Self.bottom, "#777777")
        let middle = (Self.left + Self.width - Self.right) / 2
        svg += Self.text("entries that the cache may hold", middle, Self.height - 14, anchor: "middle")
        let centre = (Self.top + Self.height - Self.bottom) / 2
        svg += """
            <text transform="translate(18 \(Self.rounded(centre))) rotate(-90)" text-anchor="middle" \
            fill="#444444">hits</text>

            """
        return svg
    }

    /// 1, 2 and 5 times the powers of ten.
    private var sizeTicks: [Double] {
        (0...9).flatMap { exponent in [1, 2, 5].map { $0 * pow(10, Double(exponent)) } }
            .filter { self.sizes.contains($0) }
    }

    private func path(_ curve: Curve, _ style: (colour: String, width: Double, dashes: String)) -> String {
        let points = curve.points.map { "\(Self.rounded(self.x($0.size))),\(Self.rounded(self.y($0.ratio)))" }
        return """
            <polyline points="\(points.joined(separator: " "))" fill="none" stroke-linejoin="round" \
            \(Self.stroke(style))/>

            """
    }

    /// Below the curves, which rise: in the lower right corner, the best at the top.
    private var legend: String {
        let lineHeight = 22.0
        let width = 132.0
        let height = Double(self.curves.count) * lineHeight + 10
        let x = Self.width - Self.right - width - 10
        let y = Self.height - Self.bottom - height - 10
        var svg = """
            <rect x="\(x)" y="\(y)" width="\(width)" height="\(height)" rx="4" fill="#FFFFFF" stroke="#DDDDDD"/>

            """
        let ordered = self.curves.enumerated().sorted {
            ($0.element.points.last?.ratio ?? 0) > ($1.element.points.last?.ratio ?? 0)
        }
        for (row, (index, curve)) in ordered.enumerated() {
            let centre = y + 5 + (Double(row) + 0.5) * lineHeight
            svg += """
                <line x1="\(x + 10)" y1="\(centre)" x2="\(x + 44)" y2="\(centre)" \
                \(Self.stroke(Self.styles[index % Self.styles.count]))/>

                """
            svg += Self.text(curve.name, x + 54, centre + 4.5, anchor: "start")
        }
        return svg
    }

    // MARK: SVG

    private static func stroke(_ style: (colour: String, width: Double, dashes: String)) -> String {
        let dashes = style.dashes.isEmpty ? "" : " stroke-dasharray=\"\(style.dashes)\""
        return "stroke=\"\(style.colour)\" stroke-width=\"\(style.width)\"\(dashes)"
    }

    private static func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ colour: String) -> String {
        """
        <line x1="\(Self.rounded(x1))" y1="\(Self.rounded(y1))" x2="\(Self.rounded(x2))" y2="\(Self.rounded(y2))" \
        stroke="\(colour)"/>

        """
    }

    private static func text(_ text: String, _ x: Double, _ y: Double, anchor: String) -> String {
        """
        <text x="\(Self.rounded(x))" y="\(Self.rounded(y))" text-anchor="\(anchor)" \
        fill="#444444">\(Self.escaped(text))</text>

        """
    }

    /// 500, 2k, 1M.
    private static func short(_ size: Double) -> String {
        size >= 1e6 ? "\(Int(size / 1e6))M" : size >= 1e3 ? "\(Int(size / 1e3))k" : "\(Int(size))"
    }

    private static func rounded(_ value: Double) -> String {
        String(format: "%.1f", value)
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
    }
}
