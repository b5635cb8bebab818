/// Reads the columns of the openb trace (Weng et al., "Beware of Fragmentation", USENIX ATC 2023): lists of nodes and of tasks.
public enum OpenbTrace {
    public static let kind = "nvidia.com/gpu"

    public struct Task: Hashable, Sendable {
        public var name: String
        public var demand: Demand
        /// The class of service, as `LS` or `BE`; empty when not told.
        public var service: String
        /// Seconds since the start of the trace.
        public var created: Int?
        public var deleted: Int?
        public var started: Int?
    }

    /// `sn,cpu_milli,memory_mib,gpu,model`: one accelerator of the model for each of `gpu`; their memory is not known.
    public static func nodes(_ text: String, source: String = "nodes") throws(WeirError) -> [Node] {
        let table = try CommaTable(text, needs: ["sn", "cpu_milli", "memory_mib", "gpu", "model"], source: source)
        var nodes: [Node] = []
        for row in table.rows {
            let model = table.text("model", in: row)
            let count = try table.number("gpu", in: row, of: source) ?? 0
            guard count <= 64 else { throw .unreadableTrace(source, line: row.line, expected: "at most 64 in \"gpu\"") }
            nodes.append(
                Node(
                    name: table.text("sn", in: row), cpu: try table.number("cpu_milli", in: row, of: source) ?? 0,
                    memory: .mib(Int64(try table.number("memory_mib", in: row, of: source) ?? 0)),
                    accelerators: (0..<count).map { Accelerator(device: "\(kind)=\($0)", kind: kind, model: model, memory: 0) }))
        }
        return nodes
    }

    /// `name,cpu_milli,memory_mib,num_gpu,gpu_milli` and, if there, `gpu_spec,qos,creation_time,deletion_time,scheduled_time`.
    public static func tasks(_ text: String, source: String = "tasks") throws(WeirError) -> [Task] {
        let table = try CommaTable(
            text, needs: ["name", "cpu_milli", "memory_mib", "num_gpu", "gpu_milli"], source: source)
        var tasks: [Task] = []
        for row in table.rows {
            let count = try table.number("num_gpu", in: row, of: source) ?? 0
            let compute = try table.number("gpu_milli", in: row, of: source) ?? 0
            guard count == 0 || (1...1000).contains(compute) && count <= 64 else {
                throw .unreadableTrace(source, line: row.line, expected: "1 to 1000 in \"gpu_milli\"")
            }
            let models = Set(table.text("gpu_spec", in: row).split(separator: "|").map(String.init)).sorted()
            tasks.append(
                Task(
                    name: table.text("name", in: row),
                    demand: Demand(
                        cpu: try table.number("cpu_milli", in: row, of: source) ?? 0,
                        memory: .mib(Int64(try table.number("memory_mib", in: row, of: source) ?? 0)),
                        accelerator: count == 0
                            ? nil : AcceleratorDemand(kind: kind, models: models, count: count, compute: compute)),
                    service: table.text("qos", in: row),
                    created: try table.number("creation_time", in: row, of: source),
                    deleted: try table.number("deletion_time", in: row, of: source),
                    started: try table.number("scheduled_time", in: row, of: source)))
        }
        return tasks
    }
}

extension Demand {
    /// Thousandths of accelerators, all devices together.
    public var compute: Int { accelerator.map { $0.compute * $0.count } ?? 0 }

    /// The same with accelerators taken whole only.
    public var withWholeAccelerators: Demand {
        var demand = self
        demand.accelerator?.compute = 1000
        demand.accelerator?.memory = 0
        return demand
    }
}
