public import WeirModel

/// What entries add up to, exactly: balances by account of the ledger, spendings by workspace, month and scope.
public struct LedgerTotals: Sendable, Equatable {
    public private(set) var balances: [String: Int128] = [:]
    public private(set) var spendings: [SpendingKey: Int128] = [:]

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
        let amount = Int128(posting.amount.micro)
        balances[posting.workspace.text, default: 0] += amount
        balances[posting.counter.rawValue, default: 0] -= amount
        guard let month = posting.month else { return }
        for scope in posting.scopes {
            spendings[SpendingKey(workspace: posting.workspace, month: month, scope: scope), default: 0] -= amount
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
