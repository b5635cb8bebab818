import Foundation
import WeirModel

/// Two plots over the simulated time, as SVG: the part that is allocated, and how many wait; a line for each scenario.
struct SimulationPlot {
    let report: SimulationReport
    let language: Language

    private static let colors = ["#1f6fb4", "#d1622b", "#3a8f4d"]
    private static let (width, height, left, top, gap) = (900.0, 220.0, 70.0, 50.0, 60.0)

    var text: String {
        let results = report.scenarios.map(\.result)
        let end = Double(max(1, results.flatMap(\.samples).map(\.at).max() ?? 1))
        let most = max(1, results.flatMap(\.samples).map(\.waiting).max() ?? 1)
        let allocation = LocalizedText("allocated, percent", zh: "分配率（%）")[language]
        let queue = LocalizedText("waiting runs", zh: "排队任务数")[language]
        let total = (Self.left + Self.width + 20, Self.top + 2 * Self.height + Self.gap + 50)
        var parts = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(Int(total.0))\" height=\"\(Int(total.1))\" "
                + "viewBox=\"0 0 \(Int(total.0)) \(Int(total.1))\" font-family=\"sans-serif\" font-size=\"12\">",
            "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>",
        ]
        for (position, scenario) in report.scenarios.enumerated() {
            let x = Self.left + Double(position) * 180
            parts.append("<rect x=\"\(x)\" y=\"14\" width=\"14\" height=\"4\" fill=\"\(color(position))\"/>")
            parts.append("<text x=\"\(x + 20)\" y=\"20\">\(scenario.kind.title[language])</text>")
        }
        parts += chart(at: Self.top, allocation, most: 100, end: end) { $0.allocated * 100 }
        parts += chart(at: Self.top + Self.height + Self.gap, queue, most: most, end: end) { $0.waiting }
        parts.append("</svg>")
        return parts.joined(separator: "\n") + "\n"
    }

    private func color(_ position: Int) -> String { Self.colors[position % Self.colors.count] }

    private func chart(
        at top: Double, _ title: String, most: Double, end: Double, _ value: (SimulationResult.Sample) -> Double
    ) -> [String] {
        var parts = ["<text x=\"\(Self.left)\" y=\"\(top - 8)\" font-weight=\"bold\">\(title)</text>"]
        for step in 0...4 {
            let y = top + Self.height * (1 - Double(step) / 4)
            let label = most * Double(step) / 4
            parts.append("<line x1=\"\(Self.left)\" y1=\"\(y)\" x2=\"\(Self.left + Self.width)\" y2=\"\(y)\" stroke=\"#ddd\"/>")
            parts.append(
                "<text x=\"\(Self.left - 8)\" y=\"\(y + 4)\" text-anchor=\"end\">\(String(format: most < 8 ? "%.1f" : "%.0f", label))</text>"
            )
        }
        for step in 0...6 {
            let x = Self.left + Self.width * Double(step) / 6
            let label = Phrase.span(seconds: Int(end * Double(step) / 6))
            parts.append(
                "<text x=\"\(String(format: "%.1f", x))\" y=\"\(top + Self.height + 16)\" text-anchor=\"middle\" fill=\"#555\">\(label)</text>"
            )
        }
        for (position, scenario) in report.scenarios.enumerated() {
            let points = scenario.result.samples.map { sample in
                String(
                    format: "%.1f,%.1f", Self.left + Self.width * Double(sample.at) / end,
                    top + Self.height * (1 - min(1, value(sample) / most)))
            }
            parts.append(
                "<polyline fill=\"none\" stroke=\"\(color(position))\" stroke-width=\"1.5\" points=\"\(points.joined(separator: " "))\"/>")
        }
        return parts
    }
}
