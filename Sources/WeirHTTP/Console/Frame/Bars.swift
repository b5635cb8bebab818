import WeirModel

/// The days of a month as bars of what was spent, drawn on the server like the plots of what a workload used.
enum Bars {
    private static let width = 600.0
    private static let height = 120.0
    /// Series with colours of their own; those from the next on are summed up as one.
    private static let mostSeries = 6

    /// From the answer of `getSpending`: the bars with their parts, the series with their sums, and the scale.
    static func all(of spending: JSON, _ look: Look) -> [String: Any]? {
        guard case .array(let days)? = spending["days"], case .array(let series)? = spending["series"], !days.isEmpty else { return nil }
        var amounts = series.map { one -> [Double] in
            guard case .array(let amounts)? = one["amounts"] else { return [] }
            return amounts.map { max(0, $0.plain.flatMap(Double.init) ?? 0) }
        }
        let others = amounts.dropFirst(mostSeries)
        if !others.isEmpty {
            let summed = days.indices.map { day -> Double in others.reduce(0.0) { $0 + ($1.indices.contains(day) ? $1[day] : 0) } }
            amounts = Array(amounts.prefix(mostSeries)) + [summed]
        }
        let sums = days.indices.map { day in amounts.reduce(0) { $0 + ($1.indices.contains(day) ? $1[day] : 0) } }
        guard let highest = sums.max(), highest > 0 else { return nil }
        let step = width / Double(days.count)
        let bars = days.indices.map { day -> [String: Any] in
            var top = height
            let parts = amounts.indices.compactMap { index -> [String: Any]? in
                let share = amounts[index].indices.contains(day) ? amounts[index][day] / highest * height : 0
                guard share > 0 else { return nil }
                top -= share
                return [
                    "x": text(Double(day) * step + step * 0.15), "y": text(top), "width": text(step * 0.7), "height": text(share),
                    "color": String(index),
                ]
            }
            return [
                "day": Shown.Text(text: days[day].plain ?? "", look: look), "parts": parts,
                "amount": Shown.Text(text: decimal(sums[day]), look: look),
            ]
        }
        var legend = series.prefix(mostSeries).enumerated().map { index, one -> [String: Any] in
            [
                "color": String(index), "subject": Shown.value(one["subject"] ?? .null, look),
                "total": Shown.value(one["total"] ?? .null, look), "is_others": false,
            ]
        }
        if series.count > mostSeries {
            let total = series.dropFirst(mostSeries).reduce(0.0) { $0 + ($1["total"]?.plain.flatMap(Double.init) ?? 0) }
            legend.append([
                "color": String(mostSeries), "subject": Shown.Nothing(), "total": Shown.Text(text: decimal(total), look: look),
                "is_others": true,
            ])
        }
        return [
            "bars": bars, "legend": legend, "highest": Shown.Text(text: decimal(highest), look: look),
            "first": Shown.Text(text: days.first?.plain ?? "", look: look), "last": Shown.Text(text: days.last?.plain ?? "", look: look),
        ]
    }

    private static func text(_ value: Double) -> String { Format.decimal(Int64((value * 100).rounded()), 100) }

    private static func decimal(_ value: Double) -> String { Format.decimal(Int64((value * 1_000_000).rounded()), 1_000_000) }
}
