/// A resource specification: what one instance gets, and may not exceed.
public struct Flavor: Hashable, Sendable, Codable {
    /// Short and unique in a zone: `cpu-small`.
    public let name: String
    /// Thousandths of a core.
    public let cpu: Int
    public let memory: Bytes
    /// The temporary storage that is lost when the instance stops.
    public let scratch: Bytes
    public let processes: Int
    public let gpu: GPUShare?
    /// The longest run, if there is a limit (QUO-15, DEV-24).
    public let longestRun: Int?
    public let pricePerHour: Points

    public init(
        name: String, cpu: Int, memory: Bytes, scratch: Bytes, processes: Int = 1024, gpu: GPUShare? = nil,
        longestRun: Int? = nil, pricePerHour: Points
    ) {
        self.name = name
        self.cpu = cpu
        self.memory = memory
        self.scratch = scratch
        self.processes = processes
        self.gpu = gpu
        self.longestRun = longestRun
        self.pricePerHour = pricePerHour
    }
}

/// A part of a GPU, a whole one, or several (QUO-08): compute and memory are separate items.
public struct GPUShare: Hashable, Sendable, Codable {
    /// The CDI kind of the device: `nvidia.com/gpu`.
    public let kind: String
    /// Thousandths of one GPU's compute; 2000 is two GPUs.
    public let compute: Int
    public let memory: Bytes

    public init(kind: String, compute: Int, memory: Bytes) {
        self.kind = kind
        self.compute = compute
        self.memory = memory
    }
}
