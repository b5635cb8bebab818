import Synchronization
public import WeirEngine
public import WeirModel
import WeirStore

/// What the zone gives: its capacity, its nodes and their accelerators.
public final class Zones: Sendable {
    /// What the operator says of the zone.
    public struct Settings: Sendable {
        public var name: String
        /// How many cores are given out for each that there is.
        public var cpuOvercommit: Double
        /// The resource group of this machine (QUO-11).
        public var group: String
        /// The first that matches a device is its class (QUO-01).
        public var classes: [AcceleratorClass]
        public var simulated: [SimulatedAccelerators]

        public init(
            name: String, cpuOvercommit: Double = 1, group: String = Node.commonGroup, classes: [AcceleratorClass] = [],
            simulated: [SimulatedAccelerators] = []
        ) {
            self.name = name
            self.cpuOvercommit = cpuOvercommit
            self.group = group
            self.classes = classes
            self.simulated = simulated
        }
    }

    public let settings: Settings
    private let store: Store
    private let engine: any Engine
    /// What a machine has changes only when Weir is started anew on it, and asking takes long.
    private let known = Mutex<EngineCapacity?>(nil)

    public var name: String { settings.name }

    init(settings: Settings, store: Store, engine: any Engine) {
        self.settings = settings
        self.store = store
        self.engine = engine
    }

    /// What the engine has, simulated accelerators included; the model of each accelerator is its class where there is one.
    public func capacity() async throws -> EngineCapacity {
        if let capacity = known.withLock({ $0 }) { return capacity }
        var capacity = try await engine.capacity()
        capacity.gpus = capacity.gpus.map { $0.classified(by: settings.classes) }
        capacity.gpus += SimulatedAccelerators.devices(of: settings.simulated).map {
            EngineGPU(device: $0.device, memory: $0.memory, model: $0.model)
        }
        let found = capacity
        known.withLock { $0 = found }
        return capacity
    }

    /// The machines of the zone as placement sees them: cores as often as the operator allows, the rest once.
    public func nodes() async throws -> [Node] {
        let capacity = try await capacity()
        return [
            Node(
                name: name, group: settings.group, cpu: Int(Double(capacity.cpu) * settings.cpuOvercommit), memory: capacity.memory,
                accelerators: capacity.gpus.map {
                    Accelerator(device: $0.device, kind: $0.kind, model: $0.model, memory: $0.memory)
                })
        ]
    }

    /// What can be given out, over all nodes.
    public func total() async throws -> Holdings {
        try await nodes().reduce(Holdings.none) { sum, node in
            sum
                + Holdings(
                    cpu: node.cpu, memory: node.memory, gpu: node.accelerators.count * 1000,
                    gpuMemory: node.accelerators.map(\.memory).reduce(0, +))
        }
    }

    /// What workloads between being let in and being gone hold.
    public func held() async throws -> Holdings {
        try await store.read { try $0.resourcesHeld() }
    }

    /// What can never run is refused at once instead of waiting for ever (X22). Throws `too_large_for_zone`.
    func requireRoom(for spec: WorkloadSpec) async throws {
        var empty = Cluster(nodes: try await nodes())
        guard empty.place(spec.flavor.demand, count: spec.replicas) != nil else { throw WeirError.tooLargeForZone(spec) }
    }
}

extension EngineGPU {
    /// With its class for a model, and the class's memory when it does not say its own.
    public func classified(by classes: [AcceleratorClass]) -> EngineGPU {
        guard let own = classes.first(where: { $0.matches(kind: kind, model: model, memory: memory) }) else { return self }
        return EngineGPU(device: device, memory: memory > 0 ? memory : own.memory ?? 0, model: own.name.description)
    }
}

extension WeirError {
    static func tooLargeForZone(_ spec: WorkloadSpec) -> WeirError {
        WeirError(
            "too_large_for_zone", .invalid, subject: "flavor", rule: "X22",
            LocalizedText(
                "\(spec.replicas) × \(spec.flavor.name) is more than the whole zone has.",
                zh: "\(spec.replicas) × \(spec.flavor.name) 超出整个可用区的资源。"),
            remedy: LocalizedText("Choose a smaller flavor or fewer replicas.", zh: "请选择更小的规格或减少实例数。"))
    }
}
