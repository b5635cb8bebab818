import WeirModel
import WeirStore

extension Dispatcher {
    /// Tells the policy of the quotas and weights that bear on an entry, when it is the first of its person.
    func learnAllowances(of entry: QueueEntry) async throws {
        guard allowances[entry.workspace]?[entry.account] == nil else { return }
        let found = try await store.read { try $0.allowances(of: entry.account, in: entry.workspace) }
        tell(found, of: entry.account, in: entry.workspace)
    }

    /// Tells the policy of all quotas and weights that have changed, of those whose workloads it knows.
    func learnAllowances() async throws {
        let people = allowances.map { (workspace: $0.key, accounts: Array($0.value.keys)) }
        let found = try await store.read { db in
            try people.flatMap { workspace, accounts in
                try accounts.map { (workspace, $0, try db.allowances(of: $0, in: workspace)) }
            }
        }
        for (workspace, account, allowances) in found { tell(allowances, of: account, in: workspace) }
    }

    /// Of one that was not known the whole is told: what an earlier start of Weir told may have changed since.
    private func tell(_ new: Allowances, of account: Identifier<Account>, in workspace: Identifier<Workspace>) {
        let (person, space) = (allowances[workspace]?[account]?.person, allowances[workspace]?.values.first?.workspace)
        if space?.quota != new.workspace.quota { tell(.quota(workspace, new.workspace.quota)) }
        if space?.weight != new.workspace.weight { tell(.weight(workspace, new.workspace.weight)) }
        if person?.quota != new.person.quota { tell(.personQuota(workspace, account, new.person.quota)) }
        if person?.weight != new.person.weight { tell(.personWeight(workspace, account, new.person.weight)) }
        for other in (allowances[workspace] ?? [:]).keys { allowances[workspace]?[other]?.workspace = new.workspace }
        allowances[workspace, default: [:]][account] = new
    }
}
