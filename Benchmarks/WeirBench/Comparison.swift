import Foundation

/// Rounds of the same measurement on several contenders, taken in turn so that a busy moment of the machine hits all.
struct Comparison {
    let title: String
    let unit: String
    /// What the ratio is of: the first over the second. The third is the floor, or rather the ceiling.
    let contenders: [String]
    let goal: Double
    private(set) var rounds: [[Double]] = []

    init(title: String, unit: String, contenders: [String], goal: Double) {
        self.title = title
        self.unit = unit
        self.contenders = contenders
        self.goal = goal
    }

    mutating func add(_ figures: [Double]) { rounds.append(figures) }

    static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return 0 }
        let middle = sorted.count / 2
        return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    }

    /// The median over the rounds of the ratio within each round.
    var ratio: Double { Self.median(rounds.map { $0[0] / $0[1] }) }

    func show() {
        print("\n\(title)  [\(unit)]")
        print("  round  " + contenders.map { $0.padding(toLength: 14, withPad: " ", startingAt: 0) }.joined() + "ratio")
        for (index, round) in rounds.enumerated() {
            let figures = round.map { String(format: "%-14.1f", $0) }.joined()
            print("  \(String(format: "%-5d", index + 1))  \(figures)\(String(format: "%.3f", round[0] / round[1]))")
        }
        let medians = contenders.indices.map { column in Self.median(rounds.map { $0[column] }) }
        print("  median \(medians.map { String(format: "%-14.1f", $0) }.joined())\(String(format: "%.3f", ratio))")
        print("  goal \(contenders[0]) >= \(goal) x \(contenders[1]): \(ratio >= goal ? "reached" : "NOT reached")")
    }
}
