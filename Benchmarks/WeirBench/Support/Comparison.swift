import Foundation

/// Rounds of the same measurement on several contenders, taken in turn so that a busy moment of the machine hits all.
struct Comparison {
    enum Goal {
        /// The first contender's figure over the second's.
        case atLeast(Double)
        case atMost(Double)
        /// The first contender's figure less the third's, in the unit of the figures.
        case atMostMore(Double, than: Int)
        /// The first contender's figure itself.
        case absolute(atMost: Double)
        case absoluteAtLeast(Double)
    }

    let title: String
    let unit: String
    /// The first is Weir, the second the peer, then the floor and what else is told for orientation.
    let contenders: [String]
    let goals: [Goal]
    private(set) var rounds: [[Double]] = []

    init(title: String, unit: String, contenders: [String], goals: [Goal]) {
        self.title = title
        self.unit = unit
        self.contenders = contenders
        self.goals = goals
    }

    mutating func add(_ figures: [Double]) { rounds.append(figures) }

    static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return 0 }
        let middle = sorted.count / 2
        return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    }

    /// The value that 99 of 100 do not exceed.
    static func p99(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        return sorted.isEmpty ? 0 : sorted[min(sorted.count * 99 / 100, sorted.count - 1)]
    }

    /// The median over the rounds of the ratio within each round.
    var ratio: Double { Self.median(rounds.map(Self.ratio)) }

    private static func ratio(_ round: [Double]) -> Double { round.count > 1 ? round[0] / round[1] : .nan }

    func show() {
        let width = max(14, (contenders.map(\.count).max() ?? 0) + 2)
        let wide = contenders.count > 1
        func row(_ head: String, _ cells: [String], _ ratio: String) {
            let padded = cells.map { $0.padding(toLength: width, withPad: " ", startingAt: 0) }.joined()
            print("  " + head.padding(toLength: 8, withPad: " ", startingAt: 0) + padded + (wide ? ratio : ""))
        }
        print("\n\(title)  [\(unit)]")
        row("round", contenders, "ratio")
        for (index, round) in rounds.enumerated() {
            row("\(index + 1)", round.map(Self.show), String(format: "%.3f", Self.ratio(round)))
        }
        let medians = contenders.indices.map { column in Self.median(rounds.map { $0[column] }) }
        row("median", medians.map(Self.show), String(format: "%.3f", ratio))
        for goal in goals {
            let (text, isReached) = judge(goal, medians)
            print("  \(isReached ? "reached" : "MISSED ")  \(text)")
        }
        fflush(nil)
    }

    private func judge(_ goal: Goal, _ medians: [Double]) -> (String, Bool) {
        let name = "\(title):"
        switch goal {
        case .atLeast(let limit):
            return ("\(name) \(Self.show(ratio)) x \(contenders[1]), goal at least \(limit)", ratio >= limit)
        case .atMost(let limit):
            return ("\(name) \(Self.show(ratio)) x \(contenders[1]), goal at most \(limit)", ratio <= limit)
        case .atMostMore(let limit, let other):
            let more = Self.median(rounds.map { $0[0] - $0[other] })
            return (
                "\(name) \(Self.show(more)) \(unit) more than \(contenders[other]), goal at most \(limit)", more <= limit
            )
        case .absolute(let limit):
            return ("\(name) \(Self.show(medians[0])) \(unit), goal at most \(limit)", medians[0] <= limit)
        case .absoluteAtLeast(let limit):
            return ("\(name) \(Self.show(medians[0])) \(unit), goal at least \(limit)", medians[0] >= limit)
        }
    }

    private static func show(_ figure: Double) -> String {
        String(format: figure >= 100 ? "%.0f" : figure >= 10 ? "%.1f" : "%.3f", figure)
    }
}
