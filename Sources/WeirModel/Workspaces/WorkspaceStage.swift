/// Where a workspace stands: open; on its way out, which its owners can still take back; or closed for good.
public enum WorkspaceStage: String, Sendable, Codable, CaseIterable {
    case open, closing, closed
}

/// Since when a workspace is being closed, and from when on that cannot be taken back.
public struct WorkspaceClosing: Hashable, Sendable {
    public let since: Timestamp
    public let due: Timestamp
    public let by: Identifier<Account>

    public init(since: Timestamp, due: Timestamp, by: Identifier<Account>) {
        self.since = since
        self.due = due
        self.by = by
    }
}

extension WeirError {
    public static func workspaceClosing() -> WeirError {
        WeirError(
            "workspace_closing", .conflict, subject: "workspace", rule: "IDW-03",
            LocalizedText(
                "This workspace is being closed: nothing new is made, started or uploaded in it.", zh: "该空间正在关闭：不能新建、启动或上传。"),
            remedy: LocalizedText("An owner can take that back until the grace time is over.", zh: "宽限期内，所有者可以撤销关闭。"))
    }

    public static func workspaceClosed() -> WeirError {
        WeirError(
            "workspace_closed", .conflict, subject: "workspace", rule: "IDW-03",
            LocalizedText("This workspace has been closed.", zh: "该空间已关闭。"),
            remedy: LocalizedText("Its bills are still there; make a new workspace for new work.", zh: "账单仍可查看；如需继续使用，请新建空间。"))
    }
}
