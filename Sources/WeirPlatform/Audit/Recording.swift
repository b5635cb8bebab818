import WeirModel
import WeirStore

/// What is recorded of the things that have events of several kinds (ADM-04).
extension Writing {
    func record(
        _ action: AuditEvent.Action, _ project: ProjectRecord, renamedFrom before: String? = nil, after: String? = nil, by caller: Caller,
        at now: Timestamp
    ) throws {
        let isRenamed = before != nil && before != project.name
        try record(
            AuditEvent(
                action, of: project.id.text, named: project.name, before: isRenamed ? before : nil, after: isRenamed ? project.name : after,
                in: project.workspace, by: caller.id, at: now))
    }

    func record(
        _ action: AuditEvent.Action, _ asset: AssetRecord, renamedFrom before: String? = nil, after: String? = nil, by caller: Caller,
        at now: Timestamp
    ) throws {
        let isRenamed = before != nil && before != asset.name
        try record(
            AuditEvent(
                action, of: asset.id.text, named: asset.name, before: isRenamed ? before : nil, after: isRenamed ? asset.name : after,
                in: asset.workspace, by: caller.id, at: now))
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
