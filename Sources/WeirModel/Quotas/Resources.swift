/// An amount of what a zone has to give.
public struct Resources: Hashable, Sendable, Codable {
    /// Thousandths of a core.
    public var cpu: Int
    public var memory: Bytes
    /// Thousandths of a GPU.
    public var gpu: Int

    public static let none = Resources(cpu: 0, memory: 0, gpu: 0)

    public init(cpu: Int, memory: Bytes, gpu: Int) {
        self.cpu = cpu
        self.memory = memory
        self.gpu = gpu
    }

    public static func + (a: Self, b: Self) -> Self {
        Resources(cpu: a.cpu + b.cpu, memory: a.memory + b.memory, gpu: a.gpu + b.gpu)
    }

    public static func * (a: Self, times: Int) -> Self {
        Resources(cpu: a.cpu * times, memory: Bytes(a.memory.count * Int64(times)), gpu: a.gpu * times)
    }

    public func fits(in other: Resources) -> Bool {
        cpu <= other.cpu && memory <= other.memory && gpu <= other.gpu
    }
}

extension Flavor {
    public var resources: Resources { Resources(cpu: cpu, memory: memory, gpu: gpu?.compute ?? 0) }
}

extension WorkloadSpec {
    public var resources: Resources { flavor.resources * replicas }
}
