/// A machine of a zone, as placement sees it.
public struct Node: Hashable, Sendable, Codable {
    /// Unique in its zone.
    public var name: String
    /// The resource group that it belongs to (QUO-11).
    public var group: String
    /// Thousandths of a core that may be given out.
    public var cpu: Int
    public var memory: Bytes
    public var accelerators: [Accelerator]

    public static let commonGroup = "default"

    public init(
        name: String, group: String = Node.commonGroup, cpu: Int, memory: Bytes, accelerators: [Accelerator] = []
    ) {
        self.name = name
        self.group = group
        self.cpu = cpu
        self.memory = memory
        self.accelerators = accelerators
    }
}

/// A device whose compute is given out in thousandths and whose memory in bytes (QUO-08).
public struct Accelerator: Hashable, Sendable, Codable {
    /// CDI name: `nvidia.com/gpu=0`; unique on its node.
    public var device: String
    /// CDI kind, that is, vendor and sort: `nvidia.com/gpu` (QUO-10).
    public var kind: String
    /// The class that the operator gave it, as `P1` (QUO-01), or the maker's model; empty when neither is known.
    public var model: String
    public var memory: Bytes

    public init(device: String, kind: String, model: String = "", memory: Bytes) {
        self.device = device
        self.kind = kind
        self.model = model
        self.memory = memory
    }
}
