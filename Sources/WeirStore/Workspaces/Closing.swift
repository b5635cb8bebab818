import GRDB
public import WeirModel

/// What is deleted with a workspace.
public struct WorkspaceContents: Hashable, Sendable {
    public let members: Int
    public let projects: Int
    /// Without what people keep to themselves, of which nobody learns how many there are (DAT-14).
    public let datasets: Int
    public let models: Int
    public let images: Int
    /// What waits, runs or ends.
    public let live: Int
    /// By kind, what people keep to themselves among it.
    public let held: [StorageKind: Bytes]
}

extension Reading {
    /// Throws `workspace_closing`, `workspace_closed`.
    public func requireOpen(_ workspace: Identifier<Workspace>) throws {
        switch try self.workspace(workspace)?.state {
        case .open: return
        case .closing: throw WeirError.workspaceClosing()
        case .closed: throw WeirError.workspaceClosed()
        case nil: throw WeirError.notFound("workspace")
        }
    }

    /// The workspaces on their way out, and those of which something may be left; those after `cursor`.
    public func workspacesClosing(after cursor: Identifier<Workspace>?, most: Int) throws -> [WorkspaceRecord] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT * FROM workspace WHERE closing_due IS NOT NULL AND emptied_at IS NULL AND id > ? ORDER BY id LIMIT ?
                    """), arguments: [cursor?.text ?? "", most]
        ).map(WorkspaceRecord.init)
    }

    public func contents(of workspace: Identifier<Workspace>) throws -> WorkspaceContents {
        func count(_ sql: String) throws -> Int {
            try Int.fetchOne(db.cachedStatement(sql: "SELECT count(*) FROM \(sql)"), arguments: [workspace]) ?? 0
        }
        func assets(_ kind: AssetKind) throws -> Int {
            try count("asset WHERE workspace = ? AND kind = '\(kind.rawValue)' AND deleted_at IS NULL AND visibility = 'workspace'")
        }
        return WorkspaceContents(
            members: try count("member WHERE workspace = ?"), projects: try count("project WHERE workspace = ? AND deleted_at IS NULL"),
            datasets: try assets(.dataset), models: try assets(.model), images: try count("image WHERE workspace = ?"),
            live: try count(
                "workload WHERE workspace = ? AND deleted_at IS NULL AND state IN ('queued', 'deploying', 'running', 'stopping')"),
            held: try storageHeld(by: workspace))
    }

    /// Whether something of a workspace runs, or is not charged to its end.
    public func isGoingOn(in workspace: Identifier<Workspace>) throws -> (runs: Bool, isUnsettled: Bool) {
        let runs = try Bool.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT EXISTS (SELECT 1 FROM workload WHERE workspace = ? AND deleted_at IS NULL
                    AND state IN ('queued', 'deploying', 'running', 'stopping'))
                    OR EXISTS (SELECT 1 FROM instance INDEXED BY instance_present JOIN workload ON workload.id = instance.workload
                    WHERE removed_at IS NULL AND workload.workspace = ?)
                    """), arguments: [workspace, workspace])
        let isUnsettled = try Bool.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT EXISTS (SELECT 1 FROM run INDEXED BY run_unsettled JOIN workload ON workload.id = run.workload
                    WHERE running_at IS NOT NULL AND price IS NOT NULL AND settled_at IS NULL AND workload.workspace = ?)
                    """), arguments: [workspace])
        return (runs ?? false, isUnsettled ?? false)
    }
}

extension Writing {
    /// Nil takes it back.
    public func setClosing(_ closing: WorkspaceClosing?, of workspace: Identifier<Workspace>) throws {
        try db.execute(
            sql: "UPDATE workspace SET closing_since = ?, closing_due = ?, closing_by = ? WHERE id = ? AND closed_at IS NULL",
            arguments: [closing?.since, closing?.due, closing?.by, workspace])
    }

    /// For good: its name is free.
    public func markClosed(_ workspace: Identifier<Workspace>, at now: Timestamp) throws {
        try db.execute(
            sql: "UPDATE workspace SET closed_at = ?, name_key = '/' || id WHERE id = ?", arguments: [now, workspace])
    }

    public func markEmptied(_ workspace: Identifier<Workspace>, at now: Timestamp) throws {
        try db.execute(sql: "UPDATE workspace SET emptied_at = ? WHERE id = ?", arguments: [now, workspace])
    }

    /// Takes up to `most` things of each kind out of a closed workspace, and gives those that have files. Empty when nothing is left.
    public func takeOut(of workspace: Identifier<Workspace>, most: Int, at now: Timestamp) throws -> TakenOut {
        let workloads = try ids(Workload.self, "workload WHERE workspace = ? AND deleted_at IS NULL", workspace, most)
        for workload in workloads { try markDeleted(workload, at: now) }
        let uploads = try Identifier<Upload>.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT upload.id FROM upload JOIN storage_unit ON storage_unit.unit = upload.unit
                    WHERE storage_unit.workspace = ? AND storage_unit.account = '' LIMIT ?
                    """), arguments: [workspace, most])
        for upload in uploads { try remove(upload) }
        let assets = try ids(Asset.self, "asset WHERE workspace = ? AND deleted_at IS NULL", workspace, most)
        for asset in assets {
            try revokeUploadTokens(of: asset, at: now)
            try markDeleted(asset, at: now)
        }
        let projects = try ids(Project.self, "project WHERE workspace = ? AND deleted_at IS NULL", workspace, most)
        for project in projects { try markDeleted(project, at: now) }
        try db.execute(sql: "DELETE FROM image WHERE workspace = ?", arguments: [workspace])
        return TakenOut(workloads: workloads.count, uploads: uploads, assets: assets, projects: projects)
    }

    private func ids<Subject>(
        _: Subject.Type, _ source: String, _ workspace: Identifier<Workspace>, _ most: Int
    ) throws -> [Identifier<Subject>] {
        try Identifier<Subject>.fetchAll(
            db.cachedStatement(sql: "SELECT id FROM \(source) LIMIT ?"), arguments: [workspace, most])
    }
}

/// What has files that go after the record of it.
public struct TakenOut: Sendable {
    public let workloads: Int
    public let uploads: [Identifier<Upload>]
    public let assets: [Identifier<Asset>]
    public let projects: [Identifier<Project>]

    public var isEmpty: Bool { workloads == 0 && uploads.isEmpty && assets.isEmpty && projects.isEmpty }
}
