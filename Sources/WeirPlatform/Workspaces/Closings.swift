import Logging
import WeirEngine
public import WeirModel
public import WeirStore

/// How a workspace ends (IDW-03): an owner wants it, all that runs is stopped and charged to its end, and until the grace time is over an
/// owner can take it back and everybody fetches their data. Then its data is deleted and its name is free; ledger and bills stay.
public struct Closings: Sendable {
    /// Things of each kind that are taken out in one transaction.
    static let mostAtOnce = 200
    /// What cannot be charged for so long after the grace time keeps no workspace from being closed: the verification names it.
    static let longestWait = Duration.seconds(86_400)

    let store: Store
    let clock: any WallClock
    let files: FileStore
    let engine: any Engine
    let signals: WorkloadSignals
    let memberships: Memberships
    let calendar: BillingCalendar
    let grace: Duration
    let logger: Logger

    /// What would be, or will be, deleted; for who may close the workspace, and the operator.
    public func look(at id: Identifier<Workspace>, for caller: Caller) async throws -> (WorkspaceRecord, WorkspaceContents) {
        try await store.read { db in
            try db.requireBilling(of: id, for: caller, .deleteWorkspace)
            guard let workspace = try db.workspace(id) else { throw WeirError.notFound("workspace") }
            return (workspace, try db.contents(of: id))
        }
    }

    /// Begins it. The name is typed once more, so that nobody closes another one by mistake. Throws `name_differs`.
    public func close(_ id: Identifier<Workspace>, named name: String, by caller: Caller) async throws -> WorkspaceRecord {
        let name = try Name(name)
        let now = clock.now()
        let closing = WorkspaceClosing(since: now, due: now + grace, by: caller.id)
        let calendar = calendar
        let workspace = try await store.write { db in
            try db.read.role(of: caller, in: id, for: .deleteWorkspace)
            guard let workspace = try db.read.workspace(id) else { throw WeirError.notFound("workspace") }
            try db.read.requireOpen(id)
            guard try Name(workspace.name).key == name.key else { throw WeirError.nameDiffers() }
            try db.setClosing(closing, of: id)
            try db.record(AuditEvent(.workspaceClosing, of: id.text, named: workspace.name, in: id, by: caller.id, at: now))
            try db.addNotice(
                "workspace_closing", key: "closing/\(id)/\(now.milliseconds)", to: id,
                .closing(due: calendar.minuteText(closing.due)), at: now)
            return try db.read.workspace(id) ?? workspace
        }
        try await stopAll(in: id)
        signals.changed(in: id)
        return workspace
    }

    /// Takes it back. Throws `workspace_closed`; one that is open stays so.
    public func reopen(_ id: Identifier<Workspace>, by caller: Caller) async throws -> WorkspaceRecord {
        let now = clock.now()
        let workspace = try await store.write { db in
            try db.read.role(of: caller, in: id, for: .deleteWorkspace)
            guard let workspace = try db.read.workspace(id) else { throw WeirError.notFound("workspace") }
            guard workspace.state != .closed else { throw WeirError.workspaceClosed() }
            guard workspace.state == .closing else { return workspace }
            try db.setClosing(nil, of: id)
            try db.record(AuditEvent(.workspaceReopened, of: id.text, named: workspace.name, in: id, by: caller.id, at: now))
            try db.addNotice("workspace_reopened", key: "reopened/\(id)/\(now.milliseconds)", to: id, .reopened(), at: now)
            return try db.read.workspace(id) ?? workspace
        }
        signals.changed(in: id)
        return workspace
    }

    // MARK: The loop's part

    /// Goes on with every workspace on its way out. Can be cut off at any point and repeated.
    public func tick() async throws {
        var cursor: Identifier<Workspace>?
        while true {
            let after = cursor
            let part = try await store.read { try $0.workspacesClosing(after: after, most: Self.mostAtOnce) }
            guard let last = part.last else { return }
            for workspace in part {
                do {
                    try await goOn(workspace)
                } catch  where !Task.isCancelled {
                    logger.error("a workspace could not be closed", metadata: ["workspace": "\(workspace.id)", "error": "\(error)"])
                }
            }
            cursor = last.id
        }
    }

    private func goOn(_ workspace: WorkspaceRecord) async throws {
        if workspace.closedAt == nil {
            try await stopAll(in: workspace.id)
            guard let due = workspace.closing?.due, clock.now() >= due, try await end(workspace.id) else { return }
        }
        try await empty(workspace.id)
    }

    private func stopAll(in id: Identifier<Workspace>) async throws {
        let now = clock.now()
        while true {
            let part = try await store.write { db -> [WorkloadRecord] in
                guard try db.read.workspace(id)?.state == .closing else { return [] }
                let part = try db.read.wantedWorkloads(of: id, .workspace, limit: Self.mostAtOnce)
                for workload in part {
                    let changed = try db.apply(.stopWanted, to: workload, cause: Cause("workspace_closing"), at: now)
                    if changed.state == .stopped { try db.closePort(of: workload.id) }
                }
                return part
            }
            for workload in part { signals.send(.workload(workload.id)) }
            if part.count < Self.mostAtOnce { return }
        }
    }

    /// For good, unless something still runs or is not charged to its end.
    private func end(_ id: Identifier<Workspace>) async throws -> Bool {
        let now = clock.now()
        let isClosed = try await store.write { db in
            // Taken back meanwhile, or closed by another round.
            guard let workspace = try db.read.workspace(id), workspace.state == .closing, let closing = workspace.closing,
                closing.due <= now
            else { return false }
            let (runs, isUnsettled) = try db.read.isGoingOn(in: id)
            guard !runs, !isUnsettled || now >= closing.due + Self.longestWait else { return false }
            try db.markClosed(id, at: now)
            try db.record(AuditEvent(.workspaceClosed, of: id.text, named: workspace.name, in: id, by: closing.by, at: now))
            try db.addNotice("workspace_closed", key: "closed/\(id)", to: id, .closed(), at: now)
            return true
        }
        if isClosed { logger.notice("closed a workspace", metadata: ["workspace": "\(id)"]) }
        return isClosed
    }

    /// The record of a thing goes before its files, which go with the volume that they are all in.
    private func empty(_ id: Identifier<Workspace>) async throws {
        while true {
            let now = clock.now()
            let taken = try await store.write { try $0.takeOut(of: id, most: Self.mostAtOnce, at: now) }
            if taken.isEmpty { break }
        }
        // Homes and netdisks are a person's: another workspace of theirs pays, or nobody.
        let deletableAt = clock.now() + grace
        while true {
            let now = clock.now()
            let count = try await store.write { db in
                let people = try db.read.peoplePaid(by: id, most: Self.mostAtOnce)
                for account in people { try db.endPersonalStorage(of: account, paidBy: id, at: now, deletableAt: deletableAt) }
                return people.count
            }
            if count == 0 { break }
        }
        try await files.remove(.workspace(id))
        try await engine.removeNetwork(for: id)
        let now = clock.now()
        try await store.write { db in
            try db.removeStorageUnits(of: id)
            try db.removeMembers(below: .owner, of: id)
            try db.markEmptied(id, at: now)
        }
        try await memberships.refresh(id)
        logger.notice("deleted the data of a closed workspace", metadata: ["workspace": "\(id)"])
    }
}

extension LocalizedText {
    fileprivate static func closing(due: String) -> LocalizedText {
        LocalizedText(
            "This workspace is being closed. Until \(due) an owner can take that back, and everybody can fetch their data; then all of it is deleted.",
            zh: "该空间正在关闭。\(due) 之前，所有者可以撤销，成员可以下载数据；之后将全部删除。")
    }

    fileprivate static func reopened() -> LocalizedText {
        LocalizedText("The workspace is not closed: an owner took it back.", zh: "所有者已撤销关闭空间。")
    }

    fileprivate static func closed() -> LocalizedText {
        LocalizedText(
            "The workspace is closed. What it owes or has left stands in its ledger; the operator gives a rest back.",
            zh: "空间已关闭。余额或欠费保留在账目中；如有结余，请联系运营管理员退还。")
    }
}

extension WeirError {
    static func nameDiffers() -> WeirError {
        WeirError(
            "name_differs", .invalid, subject: "name", rule: "IDW-03",
            LocalizedText("This is not the name of the workspace.", zh: "输入的名称与空间名称不一致。"),
            remedy: LocalizedText("Type the name of the workspace that is to be closed.", zh: "请输入要关闭的空间名称。"))
    }
}
