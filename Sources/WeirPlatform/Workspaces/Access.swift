import WeirModel
import WeirStore

/// From a caller and an identifier to the thing, or to "not found": the one place where tenants are told apart (IDW-02), and where the
/// permission table is asked (IDW-03).
///
/// It is asked inside the transaction that then acts, so that a role taken away in between is seen.
extension Reading {
    @discardableResult
    func role(
        of caller: Caller, in workspace: Identifier<Workspace>, for permission: Permission, thing: String = "workspace"
    ) throws -> Role {
        guard let role = try role(of: caller.id, in: workspace) else { throw WeirError.notFound(thing) }
        guard role.may(permission) else { throw WeirError.forbidden(permission) }
        return role
    }

    func allows(_ permission: Permission, to caller: Caller, in workspace: Identifier<Workspace>) throws -> Bool {
        try role(of: caller.id, in: workspace)?.may(permission) ?? false
    }

    func project(_ id: Identifier<Project>, for caller: Caller, _ permission: Permission) throws -> ProjectRecord {
        guard let project = try project(id) else { throw WeirError.notFound("project") }
        try require(permission, of: project.ownership(for: caller), in: project.workspace, by: caller, maker: project.createdBy, "project")
        return project
    }

    /// With a project go what others made in it and what that wrote, which who made the project may not delete: so it is as much theirs.
    func projectToDelete(_ id: Identifier<Project>, for caller: Caller) throws -> ProjectRecord {
        let project = try project(id, for: caller, .deleteProject)
        guard project.ownership(for: caller) == .own, try hasWorkloads(in: project.id, ofOthersThan: caller.id),
            let role = try role(of: caller.id, in: project.workspace)
        else { return project }
        guard role.may(.deleteProject, .shared) else { throw WeirError.othersWorkHere() }
        return project
    }

    /// An asset that its owner keeps to itself is not there for others (DAT-14).
    func asset(_ id: Identifier<Asset>, for caller: Caller, _ permission: Permission) throws -> AssetRecord {
        guard let asset = try asset(id), asset.isSeen(by: caller.id) else { throw WeirError.notFound("asset") }
        try require(permission, of: asset.ownership(for: caller), in: asset.workspace, by: caller, maker: asset.keeper, "asset")
        return asset
    }

    func workload(_ id: Identifier<Workload>, for caller: Caller, _ permission: Permission) throws -> WorkloadRecord {
        guard let workload = try workload(id) else { throw WeirError.notFound("workload") }
        let ownership = workload.ownership(for: caller.id, permission)
        try require(permission, of: ownership, in: workload.workspace, by: caller, maker: workload.createdBy, "workload")
        return workload
    }

    /// What a job or a service wrote is deleted by its maker, also when the workload is gone (PRJ-11).
    func requireDeletion(ofOutputOf workload: Identifier<Workload>, in project: ProjectRecord, by caller: Caller) throws {
        guard let maker = try maker(of: workload) else { throw WeirError.notFound("file") }
        try require(
            .deleteOutput, of: maker == caller.id ? .own : .personal, in: project.workspace, by: caller, maker: maker, "project")
    }

    private func require(
        _ permission: Permission, of ownership: Ownership, in workspace: Identifier<Workspace>, by caller: Caller,
        maker: Identifier<Account>, _ thing: String
    ) throws {
        guard let role = try role(of: caller.id, in: workspace) else { throw WeirError.notFound(thing) }
        guard !role.may(permission, ownership) else { return }
        guard permission.grant.leastRole(for: ownership) == nil else { throw WeirError.forbidden(permission, ownership) }
        throw WeirError.personal(permission, of: try account(maker)?.login ?? "–")
    }
}
