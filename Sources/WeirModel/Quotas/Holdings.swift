/// What is held at once, or would be: counted in the dimensions of a quota, without storage.
public struct Holdings: Hashable, Sendable, Codable {
    /// Thousandths of a core.
    public var cpu: Int
    public var memory: Bytes
    /// Thousandths of a GPU's compute.
    public var gpu: Int
    public var gpuMemory: Bytes
    public var instances: Int

    public static let none = Holdings()

    public init(cpu: Int = 0, memory: Bytes = 0, gpu: Int = 0, gpuMemory: Bytes = 0, instances: Int = 0) {
        self.cpu = cpu
        self.memory = memory
        self.gpu = gpu
        self.gpuMemory = gpuMemory
        self.instances = instances
    }

    /// What so many instances of a demand hold.
    public init(_ demand: Demand, instances: Int = 1) {
        let one = Holdings(
            cpu: demand.cpu, memory: demand.memory, gpu: demand.accelerator.map { $0.compute * $0.count } ?? 0,
            gpuMemory: demand.accelerator.map { Bytes($0.memory.count * Int64($0.count)) } ?? 0, instances: 1)
        self = one * instances
    }

    public init(_ flavor: Flavor, instances: Int = 1) { self.init(flavor.demand, instances: instances) }

    /// The amount of a dimension in the dimension's unit; nil for storage.
    public subscript(_ dimension: QuotaDimension) -> Int64? {
        switch dimension {
        case .cpu: Int64(cpu)
        case .memory: memory.count
        case .gpu: Int64(gpu)
        case .gpuMemory: gpuMemory.count
        case .instances: Int64(instances)
        case .storage: nil
        }
    }

    public static func + (a: Self, b: Self) -> Self {
        Holdings(
            cpu: a.cpu + b.cpu, memory: a.memory + b.memory, gpu: a.gpu + b.gpu, gpuMemory: a.gpuMemory + b.gpuMemory,
            instances: a.instances + b.instances)
    }

    public static func - (a: Self, b: Self) -> Self {
        Holdings(
            cpu: a.cpu - b.cpu, memory: a.memory - b.memory, gpu: a.gpu - b.gpu, gpuMemory: a.gpuMemory - b.gpuMemory,
            instances: a.instances - b.instances)
    }

    public static func * (a: Self, times: Int) -> Self {
        Holdings(
            cpu: a.cpu * times, memory: Bytes(a.memory.count * Int64(times)), gpu: a.gpu * times,
            gpuMemory: Bytes(a.gpuMemory.count * Int64(times)), instances: a.instances * times)
    }

    public static func += (a: inout Self, b: Self) { a = a + b }
    public static func -= (a: inout Self, b: Self) { a = a - b }
}

extension Holdings {
    /// Whether what a zone has, or has free, is enough for it; the number of instances is nothing that a zone has.
    public func fits(in other: Holdings) -> Bool {
        cpu <= other.cpu && memory <= other.memory && gpu <= other.gpu && gpuMemory <= other.gpuMemory
    }
}

extension WorkloadSpec {
    /// What all of its instances hold together.
    public var holdings: Holdings { Holdings(flavor, instances: replicas) }
}
