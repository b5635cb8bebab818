import Synchronization
public import WeirEngine
public import WeirModel
import WeirStore

/// What the zone gives: its flavors with their prices, and its capacity.
public final class Zones: Sendable {
    public let name: String
    private let cpuOvercommit: Double
    private let store: Store
    private let engine: any Engine
    private let clock: any WallClock
    /// What a machine has changes only when Weir is started anew on it, and asking takes long.
    private let known = Mutex<EngineCapacity?>(nil)

    init(name: String, cpuOvercommit: Double, store: Store, engine: any Engine, clock: any WallClock) {
        self.name = name
        self.cpuOvercommit = cpuOvercommit
        self.store = store
        self.engine = engine
        self.clock = clock
    }

    public func flavors() async throws -> [Flavor] { try await store.read { try $0.flavors() } }

    /// The number of the price list that holds now, and the flavors with their prices.
    public func tariff() async throws -> (number: Int?, flavors: [Flavor]) {
        let now = clock.now()
        return try await store.read { (try $0.tariffNumber(at: now), try $0.flavors()) }
    }

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

    /// What workloads between being let in and being gone hold.
    public func held() async throws -> Resources {
        try await store.read { try $0.resourcesHeld() }
    }
}
