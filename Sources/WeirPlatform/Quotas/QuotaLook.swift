import WeirModel
import WeirStore

/// What is set and held in one workspace at one moment, as one person sees it.
struct QuotaLook {
    private let workspace: Identifier<Workspace>
    private let allowances: [QuotaScope: AllowanceRecord]
    private let holdings: [Identifier<Account>: PersonHoldings]
    /// Whose storage alone is shown; nil for who answers for the workspace's money, and sees everybody's.
    private let viewer: Identifier<Account>?

    init(of workspace: Identifier<Workspace>, for caller: Caller, _ db: Reading) throws {
        self.workspace = workspace
        viewer = try db.seesPeople(of: workspace, caller) ? nil : caller.id
        allowances = Dictionary(try db.allowances(of: workspace).map { ($0.scope, $0) }, uniquingKeysWith: { first, _ in first })
        holdings = Dictionary(try db.holdings(in: workspace).map { ($0.account, $0) }, uniquingKeysWith: { first, _ in first })
    }

    func own(_ scope: QuotaScope) -> AllowanceRecord? { allowances[scope] }

    func whole(_ db: Reading) throws -> Quotas.Standing {
        Quotas.Standing(
            allowance: own(.workspace)?.allowance ?? .plain, own: own(.workspace),
            held: holdings.values.reduce(.none) { $0 + $1.held }, waiting: holdings.values.reduce(.none) { $0 + $1.waiting },
            storage: try db.storageKept(by: workspace))
    }

    /// A part of the members, and of those who have left and still hold something: by login.
    func people(_ filter: MemberFilter, _ page: PageRequest, _ db: Reading) throws -> Page<Quotas.PersonStanding> {
        let members = try db.members(of: workspace, filter, page)
        // One row more than asked for says whether there is a next part, so the members' own next counts as a row.
        let last = members.next == nil ? nil : members.items.last?.login
        let part = filter.name?.lowercased()
        let strangers = try strangers(db).filter { person in
            guard filter.role == nil, person.login > page.after ?? "", last.map({ person.login < $0 }) ?? true else { return false }
            guard filter.hasOwnQuota.map({ $0 == (own(.account(person.account)) != nil) }) ?? true else { return false }
            return part.map { person.login.contains($0) } ?? true
        }
        let all = (members.items.map { (account: $0.account, login: $0.login, role: Role?.some($0.role)) } + strangers)
            .sorted { $0.login < $1.login }
        let shown = all.prefix(page.limit)
        let storage = try db.storageKeptByPeople(in: workspace)
        return Page(
            items: shown.map { person in
                Quotas.PersonStanding(
                    account: person.account, login: person.login, role: person.role,
                    standing: standing(of: person.account, storage: storage[person.account] ?? 0))
            }, next: all.count > page.limit || members.next != nil ? shown.last?.login : nil)
    }

    func scope(_ scope: QuotaScope, _ db: Reading) throws -> Quotas.ScopeStanding {
        func answer(_ standing: Quotas.Standing?, login: String? = nil, role: Role? = nil) -> Quotas.ScopeStanding {
            Quotas.ScopeStanding(
                scope: scope, allowance: standing?.allowance ?? own(scope)?.allowance ?? .plain, own: own(scope), login: login,
                role: role, standing: standing)
        }
        switch scope {
        case .workspace: return answer(try whole(db))
        case .everyone: return answer(nil)
        case .account(let id):
            let role = try db.role(of: id, in: workspace)
            guard role != nil || holdings[id] != nil || own(scope) != nil, let account = try db.account(id) else {
                throw WeirError.notFound("account")
            }
            let standing = standing(of: id, storage: try db.storageKept(by: id, in: workspace))
            return answer(standing, login: account.login, role: role)
        }
    }

    private func standing(of account: Identifier<Account>, storage: Bytes) -> Quotas.Standing {
        let own = own(.account(account))
        return Quotas.Standing(
            allowance: own?.allowance ?? self.own(.everyone)?.allowance ?? .plain, own: own,
            held: holdings[account]?.held ?? .none, waiting: holdings[account]?.waiting ?? .none,
            storage: viewer == nil || viewer == account ? storage : nil)
    }

    /// Those who have left, and whose workloads still run.
    private func strangers(_ db: Reading) throws -> [(account: Identifier<Account>, login: String, role: Role?)] {
        let gone = try holdings.keys.filter { try db.role(of: $0, in: workspace) == nil }
        let logins = try db.logins(of: Set(gone))
        return gone.map { ($0, logins[$0] ?? "", nil) }
    }
}
