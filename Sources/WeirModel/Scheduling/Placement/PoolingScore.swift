/// The production policy: a place is the better, the less it costs the tasks that may come.
///
/// Three things cost, all in thousandths of an accelerator:
/// - what becomes useless to tasks of the mix on this node (`Fragmentation`);
/// - what is stranded: accelerators for which the node's CPU or memory would not suffice if all of what is left went to
///   average tasks. Fragmentation looks at the next task only; this looks at the node filled up. It counts 3/10;
/// - the price of what is taken (`Scarcity`): a task that can run anywhere leaves the models alone that others insist on.
///
/// Costs within the same twentieth of an accelerator are ties, and ties go to the first node: without that, work would be
/// spread over all nodes for differences that mean nothing, and no node would stay free for large tasks. Without a mix
/// nothing costs: the first node that has room, on its fullest device.
enum PoolingScore {
    static let tie = 50.0
    static let strandedWeight = 0.3

    /// The bonus keeps tasks without accelerators on nodes that have none to lose, where it costs the same.
    static func of(loss: Double, keepsAccelerators: Bool) -> Int32 {
        let steps = (-loss / tie).rounded(.down)
        return Int32(max(-1e8, min(1e8, steps))) * 2 + (keepsAccelerators ? 1 : 0)
    }

    static func stranded(_ left: Int, _ cpu: Int, _ memory: Int64, _ fragmentation: Fragmentation) -> Double {
        var stranded = 0.0
        if fragmentation.cpuPerCompute > 0 {
            stranded += max(0, Double(left) - Double(cpu) / fragmentation.cpuPerCompute)
        }
        if fragmentation.memoryPerCompute > 0 {
            stranded += max(0, Double(left) - Double(memory) / fragmentation.memoryPerCompute)
        }
        return stranded * strandedWeight
    }
}

/// Whole points from 0 to 100 on a logistic curve, as fragmentation gradient descent is published.
enum LogisticPoints {
    /// From where on a value has that many points: the logistic curve turned round, ln(k / (100 - k)), as a series.
    private static let thresholds: [Double] = (1...99).map { points in
        let z = Double(points - 50) / 50
        var (sum, power) = (0.0, z)
        for term in 0..<2000 {
            sum += power / Double(2 * term + 1)
            power *= z * z
        }
        return 2 * sum
    }

    static func of(_ value: Double) -> Int32 {
        var (low, high) = (0, thresholds.count)
        while low < high {
            let middle = (low + high) / 2
            if thresholds[middle] <= value { low = middle + 1 } else { high = middle }
        }
        return Int32(low)
    }
}
