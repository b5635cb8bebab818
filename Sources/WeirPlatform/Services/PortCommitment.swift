public import WeirModel
import WeirStore

/// What a person agrees to before the first external port is opened (INF-06).
public struct PortCommitment: Sendable {
    /// Counts up when the text changes; everybody signs again.
    public static let version = 1
    public static let text = LocalizedText(
        """
        I open this port for my own work. I will not serve what is unlawful, harms others or is not mine to give; I keep \
        my program and its data protected; I know that the port is released after 48 hours without activity, that a \
        restart brings a new one, and that the operator may close it.
        """,
        zh: """
            本人承诺：所开放端口仅用于自身业务；不提供违法、侵害他人或无权提供的内容；自行保护程序与数据的安全；知悉端口 48 小时无活动将被释放、\
            重启后端口会变化，且运营管理员有权关闭端口。
            """)

    let store: Store
    let clock: any WallClock

    /// When the caller signed the present text for the workspace.
    public func signed(in workspace: Identifier<Workspace>, by caller: Caller) async throws -> Timestamp? {
        try await store.read { db in
            try db.role(of: caller, in: workspace, for: .seeWorkspace)
            return try db.commitment(of: caller.id, in: workspace, textVersion: Self.version)
        }
    }

    /// Signing a second time changes nothing.
    public func sign(version: Int, in workspace: Identifier<Workspace>, by caller: Caller) async throws -> Timestamp {
        guard version == Self.version else {
            throw WeirError.malformed("version", "\(Self.version), the version of the text in force", rule: "INF-06")
        }
        let now = clock.now()
        return try await store.write { db in
            try db.read.role(of: caller, in: workspace, for: .signCommitment)
            if let earlier = try db.read.commitment(of: caller.id, in: workspace, textVersion: version) { return earlier }
            try db.signCommitment(by: caller.id, in: workspace, textVersion: version, at: now)
            try db.record(
                AuditEvent(
                    .commitmentSigned, of: caller.id.text, named: caller.account.login, after: "\(version)", in: workspace, by: caller.id,
                    at: now))
            return now
        }
    }
}

extension Reading {
    func requireCommitment(of caller: Caller, in workspace: Identifier<Workspace>) throws {
        guard try commitment(of: caller.id, in: workspace, textVersion: PortCommitment.version) != nil else {
            throw WeirError.commitmentRequired()
        }
    }
}

extension WeirError {
    static func commitmentRequired() -> WeirError {
        WeirError(
            "commitment_required", .conflict, subject: "commitment", rule: "INF-06",
            LocalizedText(
                "Before the first external port, the open-port commitment must be signed.", zh: "首次开放端口前需签署端口开放承诺书。"),
            remedy: LocalizedText(
                "Read and sign it: `weir service commitment --sign`.", zh: "请阅读并签署：`weir service commitment --sign`。"))
    }
}
