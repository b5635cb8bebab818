import WeirModel

/// What people are told of the SSH gateway, and how it proves itself to them.
public struct SSHSettings: Hashable, Sendable {
    /// Off, nothing listens and no lines are shown.
    public var isOn: Bool
    /// As people reach it.
    public var host: String
    public var port: Int
    public var hostKeys: [SSHHostKey]

    public init(isOn: Bool = false, host: String = "127.0.0.1", port: Int = 30_022, hostKeys: [SSHHostKey] = []) {
        self.isOn = isOn
        self.host = host
        self.port = port
        self.hostKeys = hostKeys
    }
}

/// One of the keys by which a client knows the gateway again.
public struct SSHHostKey: Hashable, Sendable {
    /// `ssh-ed25519`, `ssh-rsa`
    public var kind: String
    public var bits: Int
    /// `SHA256:` and base 64.
    public var fingerprint: String
    /// Kind and base 64, as in `known_hosts` after the host.
    public var publicKey: String

    public init(kind: String, bits: Int, fingerprint: String, publicKey: String) {
        self.kind = kind
        self.bits = bits
        self.fingerprint = fingerprint
        self.publicKey = publicKey
    }
}

extension SSHSettings {
    /// The host as `known_hosts` names it.
    public var knownHost: String { port == 22 ? host : "[\(host)]:\(port)" }
}
