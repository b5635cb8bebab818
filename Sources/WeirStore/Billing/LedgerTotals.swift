public import WeirModel

/// What entries add up to, exactly: balances by account of the ledger, spendings by workspace, month and scope.
public struct LedgerTotals: Sendable {
    /// What is told apart by neither balances nor spendings is added up first: it is looked up once for each entry.
    private var lines: [Line: Int128] = [:]

    private struct Line: Hashable, Sendable {
        let workspace: Identifier<Workspace>
        let counter: LedgerCounter
        let month: BillMonth?
        let project: Identifier<Project>?
        let account: Identifier<Account>?

        /// The spendings to which it counts: none for what is on no bill.
        var spendings: [SpendingKey] {
            guard let month else { return [] }
            let scopes = [.workspace] + (project.map { [.project($0)] } ?? []) + (account.map { [SpendingScope.account($0)] } ?? [])
            return scopes.map { SpendingKey(workspace: workspace, month: month, scope: $0) }
        }
    }

    public struct SpendingKey: Hashable, Sendable {
        public let workspace: Identifier<Workspace>
        public let month: BillMonth
        public let scope: SpendingScope

        public init(workspace: Identifier<Workspace>, month: BillMonth, scope: SpendingScope) {
            self.workspace = workspace
            self.month = month
            self.scope = scope
        }
    }

    public init() {}

    public mutating func add(_ posting: Posting) {
        let line = Line(
            workspace: posting.workspace, counter: posting.counter, month: posting.month, project: posting.project,
            account: posting.account)
        lines[line, default: 0] += Int128(posting.amount.micro)
    }

    public var balances: [String: Int128] {
        lines.reduce(into: [:]) { sums, line in
            sums[line.key.workspace.text, default: 0] += line.value
            sums[line.key.counter.rawValue, default: 0] -= line.value
        }
    }

    public var spendings: [SpendingKey: Int128] {
        lines.reduce(into: [:]) { sums, line in
            for key in line.key.spendings { sums[key, default: 0] -= line.value }
        }
    }
}

/// The balance of a workspace, and since when it has been used up.
public struct WorkspaceBalance: Hashable, Sendable {
    public let balance: Points
    public let usedUpSince: Timestamp?

    public init(balance: Points, usedUpSince: Timestamp?) {
        self.balance = balance
        self.usedUpSince = usedUpSince
    }
}

/// How a balance was changed by what was entered together.
public struct BalanceChange: Hashable, Sendable {
    public let before: WorkspaceBalance
    public let after: WorkspaceBalance
}
