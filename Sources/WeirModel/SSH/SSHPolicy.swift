/// The SSH policy of a workspace (SSH-01, DEV-13): entry to its environments, and the forwarding of their clients.
public struct SSHPolicy: Hashable, Sendable, Codable {
    /// Environments can be entered at all. Folders by SFTP and git are another way, and not asked here.
    public var environments: Bool
    public var forwarding: SSHForwarding

    public init(environments: Bool, forwarding: SSHForwarding) {
        self.environments = environments
        self.forwarding = forwarding
    }

    /// The policy of a workspace that has set none.
    public static let standard = SSHPolicy(environments: true, forwarding: .workspace)
}

/// The targets to which `ssh -L` and `-D` lead (DEV-13).
public enum SSHForwarding: String, Hashable, Sendable, Codable, CaseIterable {
    /// Nowhere.
    case off
    /// To ports of the environment itself.
    case own
    /// Also to other instances of the workspace.
    case workspace
}

extension SSHForwarding {
    /// True when it leads to a target; `own` is the environment's own address in its network.
    public func allows(_ target: ForwardTarget, own: UInt32?) -> Bool {
        switch self {
        case .off: return false
        case .workspace: return true
        case .own:
            switch target.address {
            case .loopback: return true
            case .ipv4(let address): return address >> 24 == 127 || address == own
            }
        }
    }
}
