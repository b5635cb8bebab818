import GRDB
public import WeirModel

extension Reading {
    /// The trees that something still refers to, and the workspace of each.
    public func workspacesOfTrees() throws -> [TreeName: Identifier<Workspace>] {
        var workspaces: [TreeName: Identifier<Workspace>] = [:]
        let versions = try Row.fetchCursor(
            db,
            sql: """
                SELECT asset_version.tree, asset.workspace FROM asset_version JOIN asset ON asset.id = asset_version.asset
                WHERE asset_version.deleted_at IS NULL
                """)
        while let row = try versions.next() { workspaces[row["tree"]] = row["workspace"] }
        let runs = try Row.fetchCursor(db, sql: "SELECT workspace, spec FROM workload WHERE deleted_at IS NULL")
        while let row = try runs.next() {
            let spec: WorkloadSpec = try row.json("spec")
            for tree in spec.trees where workspaces[tree] == nil { workspaces[tree] = row["workspace"] }
        }
        return workspaces
    }
}
