import WeirModel
import WeirStore

/// What is recorded of the things that have events of several kinds (ADM-04).
extension Writing {
    func record(
        _ action: AuditEvent.Action, _ project: ProjectRecord, renamedFrom before: String? = nil, after: String? = nil, by caller: Caller,
        at now: Timestamp
    ) throws {
        try record(action, of: project.id.text, (before, project.name), after, in: project.workspace, by: caller, at: now)
    }

    func record(
        _ action: AuditEvent.Action, _ asset: AssetRecord, renamedFrom before: String? = nil, after: String? = nil, by caller: Caller,
        at now: Timestamp
    ) throws {
        try record(action, of: asset.id.text, (before, asset.name), after, in: asset.workspace, by: caller, at: now)
    }

    /// With both names where it was renamed, else with what else there is to say.
    private func record(
        _ action: AuditEvent.Action, of subject: String, _ names: (before: String?, now: String), _ after: String?,
        in workspace: Identifier<Workspace>, by caller: Caller, at now: Timestamp
    ) throws {
        let isRenamed = names.before != nil && names.before != names.now
        try record(
            AuditEvent(
                action, of: subject, named: names.now, before: isRenamed ? names.before : nil, after: isRenamed ? names.now : after,
                in: workspace, by: caller.id, at: now))
    }

    func record(
        _ action: AuditEvent.Action, _ scope: SpendingScope, _ before: Budget?, _ after: Budget?, in workspace: Identifier<Workspace>,
        by caller: Caller, at now: Timestamp
    ) throws {
        let name =
            switch scope {
            case .workspace: ""
            case .project(let id): try read.project(id)?.name ?? ""
            case .account(let id): try read.account(id)?.login ?? ""
            }
        try record(
            AuditEvent(
                action, of: scope.description, named: name, before: before?.limit.description, after: after?.limit.description,
                in: workspace, by: caller.id, at: now))
    }

    func record(_ action: AuditEvent.Action, _ invoice: InvoiceRecord, by caller: Caller, at now: Timestamp) throws {
        try record(
            AuditEvent(
                action, of: invoice.id.text, named: invoice.title, after: invoice.amount.description, in: invoice.workspace, by: caller.id,
                at: now))
    }

    func record(
        _ action: AuditEvent.Action, _ workload: WorkloadRecord, port: Int, by caller: Caller, at now: Timestamp
    ) throws {
        try record(
            AuditEvent(
                action, of: workload.id.text, named: workload.name, after: "\(port)", in: workload.workspace, by: caller.id, at: now))
    }

    func record(
        _ action: AuditEvent.Action, _ account: AccountRecord, by maker: Identifier<Account>, at now: Timestamp
    ) throws {
        try record(AuditEvent(action, of: account.id.text, named: account.login, in: nil, by: maker, at: now))
    }
}
