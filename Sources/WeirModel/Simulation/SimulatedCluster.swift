/// "What if": the nodes of a simulation, more or fewer of them.
public enum SimulatedCluster {
    /// So many more accelerators, on nodes like the one that there is most of, each with its part of that node's CPU and memory.
    public static func adding(accelerators count: Int, to nodes: [Node]) -> [Node] {
        var like: [[Accelerator]: (node: Node, count: Int)] = [:]
        var order: [[Accelerator]] = []
        for node in nodes where !node.accelerators.isEmpty {
            if like[node.accelerators] == nil { order.append(node.accelerators) }
            like[node.accelerators, default: (node, 0)].count += 1
        }
        let template = order.compactMap { like[$0] }.max { $0.count < $1.count }?.node
        guard let template else { return nodes }
        let size = template.accelerators.count
        var (added, left) = ([Node](), count)
        while left > 0 {
            let taken = min(left, size)
            var node = template
            node.name = "added-\(added.count + 1)"
            node.cpu = template.cpu * taken / size
            node.memory = Bytes(template.memory.count * Int64(taken) / Int64(size))
            node.accelerators = Array(template.accelerators.prefix(taken))
            added.append(node)
            left -= taken
        }
        return nodes + added
    }

    /// `percent` of the nodes, spread evenly over the list; above 100 some stand twice.
    public static func scaled(_ nodes: [Node], percent: Int) -> [Node] {
        let count = nodes.count * percent / 100
        var copies: [Int: Int] = [:]
        return (0..<count).map { position in
            let source = position * nodes.count / count
            var node = nodes[source]
            copies[source, default: 0] += 1
            // Names stay unique.
            if let copy = copies[source], copy > 1 { node.name += "-\(copy)" }
            return node
        }
    }
}
