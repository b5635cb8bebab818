/// The most that a workspace, or a person in it, may hold at once (QUO-03). Nil is no limit.
public struct Quota: Hashable, Sendable, Codable {
    /// Thousandths of a core.
    public var cpu: Int?
    public var memory: Bytes?
    /// Thousandths of a GPU's compute.
    public var gpu: Int?
    public var gpuMemory: Bytes?
    public var instances: Int?
    /// What is kept, not what runs: `Holdings` do not have it.
    public var storage: Bytes?

    public static let unlimited = Quota()

    public init(
        cpu: Int? = nil, memory: Bytes? = nil, gpu: Int? = nil, gpuMemory: Bytes? = nil, instances: Int? = nil,
        storage: Bytes? = nil
    ) {
        self.cpu = cpu
        self.memory = memory
        self.gpu = gpu
        self.gpuMemory = gpuMemory
        self.instances = instances
        self.storage = storage
    }

    /// The limit of a dimension in the dimension's unit.
    public subscript(_ dimension: QuotaDimension) -> Int64? {
        switch dimension {
        case .cpu: cpu.map(Int64.init)
        case .memory: memory?.count
        case .gpu: gpu.map(Int64.init)
        case .gpuMemory: gpuMemory?.count
        case .instances: instances.map(Int64.init)
        case .storage: storage?.count
        }
    }

    /// The first limit that so much is above, in the order of `QuotaDimension`; nil when it is within all. What a limit says may be
    /// held.
    public func firstExceeded(by holdings: Holdings) -> QuotaDimension? {
        // Asked for each workload that waits, at each decision: by hand, without a list.
        if let cpu, holdings.cpu > cpu { return .cpu }
        if let memory, holdings.memory > memory { return .memory }
        if let gpu, holdings.gpu > gpu { return .gpu }
        if let gpuMemory, holdings.gpuMemory > gpuMemory { return .gpuMemory }
        if let instances, holdings.instances > instances { return .instances }
        return nil
    }

    /// All limits that so much is above, in the order of `QuotaDimension`.
    public func exceeded(by holdings: Holdings) -> [QuotaDimension] {
        QuotaDimension.allCases.filter { dimension in
            guard let limit = self[dimension], let amount = holdings[dimension] else { return false }
            return amount > limit
        }
    }
}
