import WeirModel
import WeirStore

/// The gate of the quotas before what starts and what is kept (QUO-03, QUO-07). What is only full now is the queue's, not refused.
///
/// It is asked in the transaction that then acts.
extension Reading {
    /// Throws `above_quota`, `priority_not_allowed`.
    /// - Parameter workload: counts for whoever starts it.
    func requireQuota(of workload: WorkloadRecord) throws {
        try requireQuota(of: workload.spec, in: workload.workspace, by: workload.startedBy)
    }

    func requireQuota(
        of spec: WorkloadSpec, in workspace: Identifier<Workspace>, by account: Identifier<Account>
    ) throws {
        let allowances = try allowances(of: account, in: workspace)
        try allowances.check(spec.holdings)
        if let priority = spec.priority, let role = try role(of: account, in: workspace) {
            try allowances.check(priority, for: role)
        }
    }

    /// What a workload may have of the priority that it was made with; nil when it was made with none.
    func allowedPriority(of workload: WorkloadRecord) throws -> PriorityClass? {
        guard let priority = workload.spec.priority, let role = try role(of: workload.startedBy, in: workload.workspace) else {
            return workload.spec.priority
        }
        return min(priority, try allowances(of: workload.startedBy, in: workload.workspace).highest(for: role))
    }

    /// Gives how much more may be kept; nil without a limit. Throws `storage_quota`.
    /// - Parameters:
    ///   - adding: what is going to be kept; nil while that is not known.
    ///   - held: what is on its way and in no figure yet.
    @discardableResult
    func requireStorage(
        at place: StoragePlace, adding: Bytes? = nil, held: (workspace: Bytes, person: Bytes) = (0, 0)
    ) throws -> Bytes? {
        let workspace = place.workspace
        guard let account = place.account else {
            let allowance = try allowance(of: .workspace, in: workspace)?.allowance ?? .plain
            guard allowance.quota.storage != nil else { return nil }
            return try Allowances(workspace: allowance, person: .plain).checkStorage(
                workspace: held.workspace + storageKept(by: workspace), person: 0, adding: adding)
        }
        let allowances = try allowances(of: account, in: workspace)
        // Nearly nobody has a limit, and then nothing is summed up.
        guard allowances.workspace.quota.storage != nil || allowances.person.quota.storage != nil else { return nil }
        return try allowances.checkStorage(
            workspace: allowances.workspace.quota.storage == nil ? 0 : held.workspace + storageKept(by: workspace),
            person: allowances.person.quota.storage == nil ? 0 : held.person + storageKept(by: account, in: workspace),
            isOwn: account == place.caller, adding: adding)
    }
}
