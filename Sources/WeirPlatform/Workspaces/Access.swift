import WeirModel
import WeirStore

/// From a caller and an identifier to the thing, or to "not found": the one place where tenants are told apart (IDW-02).
///
/// It is asked inside the transaction that then acts, so that a role taken away in between is seen.
extension Reading {
    @discardableResult
    func role(
        of caller: Caller, in workspace: Identifier<Workspace>, for permission: Permission, thing: String = "workspace"
    ) throws -> Role {
        guard let role = try role(of: caller.id, in: workspace) else { throw WeirError.notFound(thing) }
        try role.require(permission)
        return role
    }

    func project(_ id: Identifier<Project>, for caller: Caller, _ permission: Permission) throws -> ProjectRecord {
        guard let project = try project(id) else { throw WeirError.notFound("project") }
        try role(of: caller, in: project.workspace, for: permission, thing: "project")
        return project
    }

    /// An asset that its owner keeps to itself is not there for others (DAT-14).
    func asset(_ id: Identifier<Asset>, for caller: Caller, _ permission: Permission) throws -> AssetRecord {
        guard let asset = try asset(id), asset.isSeen(by: caller.id) else { throw WeirError.notFound("asset") }
        try role(of: caller, in: asset.workspace, for: permission, thing: "asset")
        return asset
    }

    func workload(_ id: Identifier<Workload>, for caller: Caller, _ permission: Permission) throws -> WorkloadRecord {
        guard let workload = try workload(id) else { throw WeirError.notFound("workload") }
        try role(of: caller, in: workload.workspace, for: permission, thing: "workload")
        return workload
    }
}
