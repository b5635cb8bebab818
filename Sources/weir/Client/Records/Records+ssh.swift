import WeirModel

extension Records {
    struct SSHHostKey: Decodable, Sendable {
        let kind: String
        let bits: Int
        let fingerprint: String
        let publicKey: String
    }

    struct SSHPolicy: Decodable, Sendable {
        let environments: Bool
        let forwarding: String
    }

    struct SSHGateway: Decodable, Sendable {
        let enabled: Bool
        let host: String
        let port: Int
        let knownHost: String
        let hostKeys: [SSHHostKey]
    }

    struct SSHKey: Decodable, Sendable {
        let id: String
        let name: String
        let kind: String
        let bits: Int
        let fingerprint: String
        let createdAt: Timestamp
        let usedAt: Timestamp?
    }

    struct SSHAttempt: Decodable, Sendable {
        let at: Timestamp
        let user: String
        let source: String
        let method: String
        let outcome: String
    }

    struct SSHAddress: Decodable, Sendable {
        let host: String
        let port: Int
        let user: String
        let alias: String
        let ssh: String?
        let scp: String
        let sftp: String
        let rsync: String?
        let git: String?
        let config: String
        let folder: String
    }

    struct SSHRepair: Decodable, Sendable {
        let before: String
        let now: String
    }

    struct SFTPToken: Decodable, Sendable {
        let address: SSHAddress
        let secret: String
        let expiresAt: Timestamp
    }
}
