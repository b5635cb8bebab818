import Synchronization
public import WeirEngine
public import WeirModel
import WeirStore

/// What the zone gives: its flavors and its capacity.
public final class Zones: Sendable {
    public let name: String
    private let cpuOvercommit: Double
    private let store: Store
    private let engine: any Engine
    /// What a machine has changes only when Weir is started anew on it, and asking takes long.
    private let known = Mutex<EngineCapacity?>(nil)

    init(name: String, cpuOvercommit: Double, store: Store, engine: any Engine) {
        self.name = name
        self.cpuOvercommit = cpuOvercommit
        self.store = store
        self.engine = engine
    }

    public func flavors() async throws -> [Flavor] { try await store.read { try $0.flavors() } }

    public func capacity() async throws -> EngineCapacity {
        if let capacity = known.withLock({ $0 }) { return capacity }
        let capacity = try await engine.capacity()
        known.withLock { $0 = capacity }
        return capacity
    }

    /// What can be given out: cores as often as the operator allows, the rest once.
    public func total() async throws -> Resources {
        let capacity = try await capacity()
        return Resources(
            cpu: Int(Double(capacity.cpu) * cpuOvercommit), memory: capacity.memory, gpu: capacity.gpus.count * 1000)
    }

    /// What the queue gives out: one machine is one node.
    public func nodes() async throws -> [Node] {
        let (capacity, total) = (try await capacity(), try await total())
        return [
            Node(
                name: name, cpu: total.cpu, memory: total.memory,
                accelerators: capacity.gpus.map { gpu in
                    Accelerator(device: gpu.device, kind: String(gpu.device.prefix { $0 != "=" }), memory: gpu.memory)
                })
        ]
    }

    /// What workloads between being let in and being gone hold.
    public func held() async throws -> Resources {
        try await store.read { try $0.resourcesHeld() }
    }
}
