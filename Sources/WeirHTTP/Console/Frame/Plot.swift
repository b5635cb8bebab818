import WeirModel

/// Lines of what a workload used, drawn on the server: a page needs no script and no chart library to show them.
enum Plot {
    private static let width = 600.0
    private static let height = 100.0
    /// Points of a line at the most: more than the plot has pixels would only be sent.
    private static let most = 300

    /// Seconds that a plot shows at the least.
    private static let shortest: Int64 = 300

    private struct Measure {
        let kind: String
        let unit: Double
        let limit: Int64?
        let decimals: Int
    }

    /// From the answer of `getUsageHistory`: processors, memory, accelerators and requests, those that there are figures of.
    static func all(of history: JSON, _ look: Look) -> [[String: Any]] {
        guard case .array(let samples)? = history["items"], samples.count > 1, let begin = time(history["from"]),
            let first = time(samples[0]["at"]), let until = time(history["until"]), until > begin, let step = history["step"]?.number
        else { return [] }
        // What has just begun fills the plot, too.
        let from = max(begin, min(first, until - shortest))
        let measures = [
            Measure(kind: "cpu", unit: 1000, limit: history["cpu_limit"]?.number, decimals: 2),
            Measure(kind: "memory", unit: 1_073_741_824, limit: history["memory_limit"]?.number, decimals: 2),
            Measure(kind: "gpu_percent", unit: 1, limit: 100, decimals: 0),
            Measure(kind: "requests", unit: Double(step) / 60, limit: nil, decimals: 1),
            Measure(kind: "errors", unit: Double(step) / 60, limit: nil, decimals: 1),
        ]
        return measures.compactMap { measure in
            let points = samples.compactMap { sample in
                time(sample["at"]).flatMap { at in sample[measure.kind]?.number.map { (at: at, value: Double($0) / measure.unit) } }
            }
            guard points.count > 1 else { return nil }
            let shown = thinned(points)
            let highest = shown.map(\.value).max() ?? 0
            let top = max(measure.limit.map { Double($0) / measure.unit } ?? 0, rounded(highest))
            let gap = max(step * 3, (until - from) / Int64(most) * 3)
            let lines = split(shown, gap: gap).map { part -> [String: String] in
                let line = part.map { point in
                    let x = Double(point.at - from) / Double(until - from) * width
                    return "\(text(x, 1)),\(text(height - min(point.value / top, 1) * height, 1))"
                }
                let ends = (line.first?.split(separator: ",").first ?? "0", line.last?.split(separator: ",").first ?? "0")
                return ["points": line.joined(separator: " "), "area": "\(ends.0),100 \(line.joined(separator: " ")) \(ends.1),100"]
            }
            let rows = stride(from: 0, to: shown.count, by: max(shown.count / 12, 1)).map { at in
                ["at": Shown.Text(text: moment(shown[at].at), look: look), "value": text(shown[at].value, measure.decimals)]
                    as [String: Any]
            }
            return [
                "kind": Shown.Text(text: measure.kind, look: look), "lines": lines, "top": text(top, measure.decimals),
                "half": text(top / 2, measure.decimals), "now": text(shown.last?.value ?? 0, measure.decimals),
                "highest": text(highest, measure.decimals), "from": Shown.Text(text: moment(from), look: look),
                "until": Shown.Text(text: moment(until), look: look), "rows": rows,
            ]
        }
    }

    private static func time(_ json: JSON?) -> Int64? { json?.plain.flatMap(Format.seconds) }

    private static func moment(_ seconds: Int64) -> String { Timestamp(milliseconds: seconds * 1000).description }

    /// Neighbours become one point, their average, where there are too many.
    private static func thinned(_ points: [(at: Int64, value: Double)]) -> [(at: Int64, value: Double)] {
        let together = (points.count + most - 1) / most
        guard together > 1 else { return points }
        return stride(from: 0, to: points.count, by: together).map { start in
            let part = points[start..<min(start + together, points.count)]
            return (part[part.endIndex - 1].at, part.reduce(0) { $0 + $1.value } / Double(part.count))
        }
    }

    /// A line ends where nothing was measured for a while, and another begins.
    private static func split(_ points: [(at: Int64, value: Double)], gap: Int64) -> [[(at: Int64, value: Double)]] {
        points.reduce(into: []) { parts, point in
            if let last = parts.last?.last, point.at - last.at <= gap {
                parts[parts.count - 1].append(point)
            } else {
                parts.append([point])
            }
        }
    }

    /// The next of 1, 2, 5, 10, 20, 50 … that is not below.
    private static func rounded(_ value: Double) -> Double {
        guard value > 0, value < 1e12 else { return 1 }
        var unit = 1.0
        while unit * 10 <= value { unit *= 10 }
        while unit > value { unit /= 10 }
        return [1, 2, 5, 10].map { $0 * unit }.first { $0 >= value } ?? value
    }

    private static func text(_ value: Double, _ decimals: Int) -> String {
        let unit = [1, 10, 100][decimals]
        return Format.decimal(Int64((value * Double(unit)).rounded()), Int64(unit))
    }
}
