/// An amount of what a zone has to give. `instances` is nothing that a zone has.
public typealias Resources = Holdings

extension Holdings {
    /// Whether a zone with `other` has room for it, whatever the number of instances.
    public func fits(in other: Resources) -> Bool {
        cpu <= other.cpu && memory <= other.memory && gpu <= other.gpu && gpuMemory <= other.gpuMemory
    }
}

extension Flavor {
    public var resources: Resources { Holdings(self) }
}

extension WorkloadSpec {
    public var resources: Resources { holdings }
}
