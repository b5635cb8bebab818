public import WeirModel
import WeirStore

/// The SSH policy of a workspace, and its administrators' changes to it (SSH-01, DEV-13).
public struct SSHPolicies: Sendable {
    let store: Store
    let clock: any WallClock

    public func policy(of workspace: Identifier<Workspace>, for caller: Caller) async throws -> SSHPolicy {
        try await store.read { db in
            try db.role(of: caller, in: workspace, for: .seeWorkspace)
            return try db.sshPolicy(of: workspace)
        }
    }

    /// Holds at once for what is opened from then on. Sessions that it does not let in any more end with the gateway's next look at them,
    /// and so do forwarded connections that it does not allow.
    public func set(_ policy: SSHPolicy, of workspace: Identifier<Workspace>, by caller: Caller) async throws -> SSHPolicy {
        let now = clock.now()
        try await store.write { db in
            try db.read.role(of: caller, in: workspace, for: .setLimits)
            let before = try db.read.sshPolicy(of: workspace)
            guard policy != before else { return }
            try db.setSSHPolicy(policy, of: workspace, by: caller.id, at: now)
            try db.record(
                AuditEvent(
                    .sshPolicySet, of: workspace.text, named: try db.read.workspace(workspace)?.name ?? "", before: Self.text(before),
                    after: Self.text(policy), in: workspace, by: caller.id, at: now))
        }
        return policy
    }

    private static func text(_ policy: SSHPolicy) -> String {
        "\(policy.environments ? "on" : "off"), forwarding \(policy.forwarding.rawValue)"
    }
}
