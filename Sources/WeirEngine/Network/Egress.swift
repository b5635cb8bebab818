/// Where instances may connect to beyond their own workspace.
public enum Egress: Hashable, Sendable {
    /// The internet; private and link-local networks only where they are named (`10.1.2.0/24`).
    case open(privateNetworks: [String] = [])
    /// Nothing but the named networks.
    case closed(except: [String] = [])
}
