/// What one instance needs of one node.
public struct Demand: Hashable, Sendable, Codable {
    /// Thousandths of a core.
    public var cpu: Int
    public var memory: Bytes
    public var accelerator: AcceleratorDemand?
    /// Only nodes of this resource group will do (QUO-11).
    public var group: String

    public init(
        cpu: Int, memory: Bytes, accelerator: AcceleratorDemand? = nil, group: String = Node.commonGroup
    ) {
        self.cpu = cpu
        self.memory = memory
        self.accelerator = accelerator
        self.group = group
    }
}

/// A part of one accelerator, or one or several whole ones.
public struct AcceleratorDemand: Hashable, Sendable, Codable {
    public var kind: String
    /// Any of these models will do; empty takes every model of the kind.
    public var models: [String]
    /// How many devices of one node; more than one are taken whole.
    public var count: Int
    /// Thousandths of each device's compute: 1 to 1000, and 1000 when `count` is above 1.
    public var compute: Int
    /// Of each device.
    public var memory: Bytes

    public init(kind: String, models: [String] = [], count: Int = 1, compute: Int, memory: Bytes = 0) {
        self.kind = kind
        self.models = models
        self.count = count
        self.compute = compute
        self.memory = memory
    }
}
