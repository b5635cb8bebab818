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
    /// The longest run in seconds, if there is a limit (QUO-15, DEV-24).
    public let longestRun: Int?
    /// The resource group whose nodes it runs on (QUO-11); nil is the common one.
    public let group: String?
    /// Whether what runs under it may be stopped with notice when others need the room, and waits again.
    public let isPreemptible: Bool
    public let pricePerHour: Points

    public init(
        name: String, cpu: Int, memory: Bytes, scratch: Bytes, processes: Int = 1024, gpu: GPUShare? = nil,
        longestRun: Int? = nil, group: String? = nil, isPreemptible: Bool = false, pricePerHour: Points
    ) {
        self.name = name
        self.cpu = cpu
        self.memory = memory
        self.scratch = scratch
        self.processes = processes
        self.gpu = gpu
        self.longestRun = longestRun
        // Written in one way only, so that a change of nothing is none.
        self.group = group == Node.commonGroup ? nil : group
        self.isPreemptible = isPreemptible
        self.pricePerHour = pricePerHour
    }

    /// A flavor that was written before a member was known has that member's plain value.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            name: try fields.decode(String.self, forKey: .name), cpu: try fields.decode(Int.self, forKey: .cpu),
            memory: try fields.decode(Bytes.self, forKey: .memory), scratch: try fields.decode(Bytes.self, forKey: .scratch),
            processes: try fields.decode(Int.self, forKey: .processes), gpu: try fields.decodeIfPresent(GPUShare.self, forKey: .gpu),
            longestRun: try fields.decodeIfPresent(Int.self, forKey: .longestRun),
            group: try fields.decodeIfPresent(String.self, forKey: .group),
            isPreemptible: try fields.decodeIfPresent(Bool.self, forKey: .isPreemptible) ?? false,
            pricePerHour: try fields.decode(Points.self, forKey: .pricePerHour))
    }
}

/// A part of a GPU, a whole one, or several (QUO-08): compute and memory are separate items.
public struct GPUShare: Hashable, Sendable, Codable {
    /// The CDI kind of the device: `nvidia.com/gpu`.
    public let kind: String
    /// Thousandths of one GPU's compute; 2000 is two GPUs.
    public let compute: Int
    /// Of each GPU that the share lies on.
    public let memory: Bytes
    /// The name of the accelerator class: `P1` (QUO-01); nil takes any accelerator of the kind.
    public let accelerator: String?

    public init(kind: String, compute: Int, memory: Bytes, accelerator: String? = nil) {
        self.kind = kind
        self.compute = compute
        self.memory = memory
        self.accelerator = accelerator
    }

    /// How many devices the share lies on; more than one are taken whole.
    public var devices: Int { max(1, (compute + 999) / 1000) }
}

extension Flavor {
    /// True when one instance gets the same of everything that is paid for.
    public func isOfSameSize(as other: Flavor) -> Bool {
        cpu == other.cpu && memory == other.memory && scratch == other.scratch && gpu == other.gpu
    }

    /// What one instance needs of one node.
    public var demand: Demand {
        Demand(cpu: cpu, memory: memory, accelerator: gpu?.demand, group: group ?? Node.commonGroup)
    }
}

extension GPUShare {
    public var demand: AcceleratorDemand {
        AcceleratorDemand(
            kind: kind, models: accelerator.map { [$0] } ?? [], count: devices, compute: devices > 1 ? 1000 : compute,
            memory: memory)
    }
}
