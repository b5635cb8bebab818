/// Where an instance is put: a node of a cluster and devices of that node, by their positions.
public struct Placement: Hashable, Sendable, Codable {
    public var node: Int
    public var devices: [Int]

    public init(node: Int, devices: [Int] = []) {
        self.node = node
        self.devices = devices
    }
}
