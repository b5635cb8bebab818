import WeirModel

/// A list of tasks in random order, drawn up to more than a cluster holds, as the experiments of the paper on fragmentation do.
struct InflatedArrivals {
    let nodes: [Node]
    let demands: [Demand]
    /// Thousandths of accelerators of all nodes.
    let capacity: Int

    /// - Parameter percent: of the capacity that is asked for in the end: tasks of the list are left out, or drawn again.
    init(_ list: [Demand], on nodes: [Node], percent: Int, seed: UInt64) {
        var random = RepeatableRandom(seed: seed)
        // Ties go to the first node, so that the order of nodes is a matter of chance too.
        self.nodes = nodes.shuffled(using: &random)
        capacity = nodes.reduce(0) { $0 + 1000 * $1.accelerators.count }
        var demands = list.shuffled(using: &random)
        var asked = demands.reduce(0) { $0 + $1.compute }
        while asked > capacity * percent / 100, !demands.isEmpty {
            asked -= demands.remove(at: Int.random(in: demands.indices, using: &random)).compute
        }
        while let next = list.randomElement(using: &random), asked + (next.accelerator?.compute ?? 0) <= capacity * percent / 100 {
            demands.append(next)
            asked += next.compute
        }
        self.demands = demands
    }

    struct Outcome {
        /// Percent of the accelerators' compute that is given out when as much was asked for as there is; the mean of what
        /// was read within half a percent of it.
        var allocated: Double
        /// Nanoseconds, each in turn.
        var times: [Double]
    }

    func run(_ policy: PlacementPolicy) -> Outcome {
        var cluster = Cluster(nodes: nodes, policy: policy)
        var (asked, given, sum, readings) = (0, 0, 0.0, 0.0)
        var times: [Double] = []
        times.reserveCapacity(demands.count)
        let clock = ContinuousClock()
        for demand in demands {
            asked += demand.compute
            let start = clock.now
            let placement = cluster.place(demand)
            times.append(Double((clock.now - start).components.attoseconds) / 1e9)
            if placement != nil { given += demand.compute }
            let percent = 100 * Double(asked) / Double(capacity)
            if percent >= 100.5 { break }
            guard percent >= 99.5 else { continue }
            sum += 100 * Double(given) / Double(capacity)
            readings += 1
        }
        return Outcome(allocated: sum / readings, times: times)
    }
}
