import ArgumentParser
import Foundation
import WeirModel

/// Where tasks go: the published policies and ours on the openb trace, and how quickly.
struct PlacementBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "placement", abstract: "Placement policies on the openb trace, by what they allocate and how quickly.",
        discussion: """
            The trace is public (github.com/alibaba/clusterdata, cluster-trace-gpu-v2023/csv); its folder is given with --trace.

            EXAMPLES:
              weir-bench placement --trace ~/openb
              weir-bench placement --trace ~/openb --list gpuspec33 --seeds 3
            """)

    @Option(help: "The folder with openb_node_list_gpu_node.csv and the lists of pods.") var trace: String
    @Option(help: "Only these lists.") var list: [String] = []
    @Option(help: "Orders of arrival that are averaged.") var seeds = 10

    private static let lists = ["default", "gpushare40", "gpushare100", "multigpu50", "gpuspec33", "cpu050"]

    private enum Contender: String, CaseIterable {
        case random, dotProduct, bestFit, firstFit, fragmentation, pooling, learning

        /// - Parameter mix: of the list; fragmentation is published without memory in it.
        func policy(_ mix: WorkloadMix, seed: UInt64) -> PlacementPolicy {
            switch self {
            case .random: .random(seed: seed)
            case .dotProduct: .dotProduct
            case .bestFit: .bestFit
            case .firstFit: .firstFit
            case .fragmentation: .fragmentation(PlacementBench.withoutMemory(mix).mostFrequent(percent: 95))
            case .pooling: .pooling(knowing: mix.mostFrequent(percent: 95))
            case .learning: .pooling()
            }
        }

        /// What the paper has for the default list, in percent.
        var published: Double? {
            switch self {
            case .random: 86.3
            case .dotProduct: 90.6
            case .bestFit: 92.9
            case .fragmentation: 95.2
            case .firstFit, .pooling, .learning: nil
            }
        }
    }

    func run() async throws {
        Build.warn()
        let nodes = try OpenbTrace.nodes(read("openb_node_list_gpu_node.csv"))
        for name in list.isEmpty ? Self.lists : list {
            let demands = try OpenbTrace.tasks(read("openb_pod_list_\(name).csv")).map(\.demand)
            allocation(of: demands, on: nodes, name)
            inUse(by: demands, on: nodes, name)
        }
    }

    private func read(_ file: String) throws -> String {
        try String(contentsOf: URL(filePath: trace).appending(path: file), encoding: .utf8)
    }

    private static func withoutMemory(_ mix: WorkloadMix) -> WorkloadMix {
        WorkloadMix(
            entries: mix.entries.map { entry in
                var entry = entry
                entry.demand.memory = 0
                return entry
            })
    }

    private func allocation(of demands: [Demand], on nodes: [Node], _ name: String) {
        print("\n\(name): percent of GPUs allocated when as much has arrived as there is, mean of \(seeds) orders")
        let mix = WorkloadMix(of: demands)
        var allocated: [Contender: Double] = [:]
        for contender in Contender.allCases {
            let outcomes = (1...UInt64(max(1, seeds))).map { seed in
                InflatedArrivals(demands, on: nodes, percent: 130, seed: seed).run(contender.policy(mix, seed: seed))
            }
            let figures = outcomes.map(\.allocated)
            let mean = figures.reduce(0, +) / Double(figures.count)
            let spread = (figures.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(figures.count)).squareRoot()
            let times = outcomes.flatMap(\.times)
            let rate = 1e9 * Double(times.count) / times.reduce(0, +)
            allocated[contender] = mean
            print(
                "  " + contender.rawValue.padding(toLength: 16, withPad: " ", startingAt: 0)
                    + String(format: "%6.2f  ± %.2f  %8.0f/s  p99 %6.1f µs", mean, spread, rate, Comparison.p99(times) / 1000))
            if name == "default", let published = contender.published {
                judge(abs(mean - published) <= 0.5, "\(contender.rawValue) on default: published \(published), goal within 0.5")
            }
            if contender == .pooling || contender == .learning {
                judge(rate >= 10_000, "\(contender.rawValue) on \(name): goal at least 10000 placements/s")
                judge(Comparison.p99(times) <= 1e6, "\(contender.rawValue) on \(name): goal p99 at most 1 ms")
            }
        }
        guard let published = allocated[.fragmentation] else { return }
        for contender in [Contender.pooling, .learning] {
            let goal = name == "default" ? 95.2 : published - 0.3
            judge(
                allocated[contender, default: 0] >= goal,
                "\(contender.rawValue) on \(name): " + String(format: "goal at least %.2f percent", goal))
        }
    }

    /// GPUs that somebody holds when all of the list is placed, on twice the nodes, so that all fits.
    private func inUse(by demands: [Demand], on nodes: [Node], _ name: String) {
        let mix = WorkloadMix(of: demands).mostFrequent(percent: 95)
        var figures: [(pooled: Int, whole: Int)] = []
        for seed in 1...UInt64(max(1, seeds)) {
            var random = RepeatableRandom(seed: seed)
            let (nodes, order) = ((nodes + nodes).shuffled(using: &random), demands.shuffled(using: &random))
            func count(_ demands: [Demand]) -> Int? {
                var cluster = Cluster(nodes: nodes, policy: .pooling(knowing: mix))
                for demand in demands where cluster.place(demand) == nil { return nil }
                return cluster.nodes.indices.reduce(0) { $0 + cluster.free(on: $1).compute.count { $0 < 1000 } }
            }
            guard let pooled = count(order), let whole = count(order.map(\.withWholeAccelerators)) else {
                return print("  not all of \(name) fits on twice the nodes")
            }
            figures.append((pooled, whole))
        }
        let pooled = Double(figures.reduce(0) { $0 + $1.pooled }) / Double(figures.count)
        let whole = Double(figures.reduce(0) { $0 + $1.whole }) / Double(figures.count)
        let fewer = 100 * (1 - pooled / whole)
        print(String(format: "  GPUs in use: pooled %.0f, whole %.0f, %.1f percent fewer", pooled, whole, fewer))
        if name == "default" {
            judge(fewer >= 14, "pooled against whole GPUs on default: goal at least 14 percent fewer")
            judge(pooled <= 1.02 * 6277, "GPUs in use on default: goal at most 1.02 x 6277")
        }
        if name == "gpushare100" { judge(fewer >= 35, "pooled against whole GPUs on gpushare100: goal at least 35 percent fewer") }
    }

    private func judge(_ isReached: Bool, _ text: String) {
        print("  \(isReached ? "reached" : "MISSED ")  \(text)")
        fflush(nil)
    }
}
