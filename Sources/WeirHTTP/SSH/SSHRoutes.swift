import Hummingbird
import WeirModel
import WeirPlatform
import WeirStore

/// What a person sets to get in by SSH, and the lines to copy (SSH-01 to SSH-12).
struct SSHRoutes {
    let credentials: SSHCredentials
    let addresses: SSHAddresses
    let policies: SSHPolicies

    func add(to routes: Routes) {
        let (credentials, addresses, policies) = (credentials, addresses, policies)

        routes.get("ssh", "getSSH") { call in
            _ = try call.caller
            let settings = addresses.settings
            return call.answer([
                "enabled": settings.isOn, "host": settings.host, "port": settings.port, "known_host": settings.knownHost,
                "host_keys": Self.show(settings.hostKeys),
            ])
        }

        routes.get("ssh/keys", "listSSHKeys") { call in
            call.answer(all: try await credentials.keys(of: call.caller), Self.show)
        }

        routes.post("ssh/keys", "addSSHKey") { call in
            let input = try await call.input(NewKey.self)
            let key = try await credentials.addKey(input.publicKey, named: input.name, by: call.caller)
            return call.answer(Self.show(key), status: .created)
        }

        routes.delete("ssh/keys/{ssh_key}", "removeSSHKey") { call in
            try await credentials.removeKey(call.id("ssh_key"), by: call.caller)
            return call.done()
        }

        routes.get("ssh/password", "getSSHPassword") { call in
            call.answer(["set_at": try await credentials.passwordChange(of: call.caller)])
        }

        routes.put("ssh/password", "setSSHPassword") { call in
            let input = try await call.input(NewPassword.self)
            try await credentials.setPassword(input.password, by: call.caller)
            return call.done()
        }

        routes.delete("ssh/password", "removeSSHPassword") { call in
            try await credentials.removePassword(by: call.caller)
            return call.done()
        }

        routes.get("ssh/attempts", "listSSHAttempts") { call in
            call.answer(all: try await credentials.attempts(on: call.caller), Self.show)
        }

        routes.get("workloads/{workload}/ssh", "getWorkloadSSH") { call in
            call.answer(show(try await addresses.environment(call.id("workload"), for: call.caller)))
        }

        routes.post("workloads/{workload}/ssh/repair", "repairSSHHome") { call in
            let before = try await addresses.repairHome(of: call.id("workload"), by: call.caller)
            return call.answer(["before": before, "now": "700"])
        }

        routes.get("workspaces/{workspace}/ssh-policy", "getSSHPolicy") { call in
            call.answer(try await policies.policy(of: call.id("workspace"), for: call.caller).json)
        }

        routes.put("workspaces/{workspace}/ssh-policy", "setSSHPolicy") { call in
            let workspace = try call.id("workspace", of: Workspace.self)
            let input = try await call.input(PolicyInput.self)
            let policy = SSHPolicy(environments: input.environments, forwarding: input.forwarding)
            return call.answer(try await policies.set(policy, of: workspace, by: call.caller).json)
        }

        routes.get("assets/{asset}/draft/sftp", "getDraftSFTP") { call in
            call.answer(show(try await addresses.draft(call.id("asset"), for: call.caller)))
        }

        routes.post("assets/{asset}/draft/sftp", "makeDraftSFTPToken") { call in
            let lines = try await addresses.draftByToken(call.id("asset"), for: call.caller)
            let (token, secret) = try await credentials.makeUploadToken(for: call.id("asset"), by: call.caller)
            return call.answer(
                ["address": show(lines), "secret": secret, "expires_at": token.expiresAt], status: .created)
        }

        routes.get("projects/{project}/code/sftp", "getCodeSFTP") { call in
            call.answer(show(try await addresses.code(call.id("project"), for: call.caller)))
        }

        routes.get("workspaces/{workspace}/netdisk/sftp", "getNetdiskSFTP") { call in
            call.answer(show(try await addresses.netdisk(in: call.id("workspace"), for: call.caller)))
        }
    }

    @Sendable private func show(_ lines: SSHLines) -> JSON {
        [
            "host": lines.host, "port": lines.port, "user": lines.user, "alias": lines.alias, "ssh": lines.ssh, "scp": lines.scp,
            "sftp": lines.sftp, "rsync": lines.rsync, "git": lines.git, "config": lines.config, "folder": lines.folder,
            "host_keys": Self.show(addresses.settings.hostKeys),
        ]
    }

    @Sendable private static func show(_ keys: [SSHHostKey]) -> [JSON] {
        keys.map { ["kind": $0.kind, "bits": $0.bits, "fingerprint": $0.fingerprint, "public_key": $0.publicKey] }
    }

    @Sendable private static func show(_ key: SSHKeyRecord) -> JSON {
        [
            "id": key.id, "name": key.name, "kind": key.kind, "bits": key.bits, "fingerprint": key.fingerprint,
            "public_key": key.publicKey, "created_at": key.createdAt, "used_at": key.usedAt,
        ]
    }

    @Sendable private static func show(_ attempt: SSHAttemptRecord) -> JSON {
        [
            "at": attempt.at, "user": attempt.userName, "source": attempt.source, "method": attempt.method.rawValue,
            "outcome": attempt.outcome.rawValue, "fingerprint": attempt.fingerprint,
        ]
    }

    struct NewKey: Input {
        let publicKey: String
        let name: String?

        enum CodingKeys: String, CodingKey, CaseIterable {
            case publicKey = "public_key"
            case name
        }
    }

    struct PolicyInput: Input {
        let environments: Bool
        let forwarding: SSHForwarding

        enum CodingKeys: String, CodingKey, CaseIterable { case environments, forwarding }
    }

    struct NewPassword: Input {
        let password: String

        enum CodingKeys: String, CodingKey, CaseIterable { case password }
    }
}

extension SSHPolicy {
    fileprivate var json: JSON { ["environments": environments, "forwarding": forwarding.rawValue] }
}
